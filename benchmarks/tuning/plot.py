"""The benchmark's plot: mean ranks, and each system's loss by the best system's, set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import matplotlib as mpl
from benchmarks.tuning.grid import BUDGET_S
from benchmarks.tuning.results import OPTIONAL, OWN, Split, standing
from benchmarks.tuning.systems import SYSTEMS
from matplotlib.figure import Figure

_COLOURS = {"own": "#c2410c", "peer": "#1d4ed8", "untuned": "#9ca3af"}
_MOST = 1.6  # ratios beyond are drawn at the edge


def draw(splits: Sequence[Split], path: Path) -> None:
    """Write the plot as SVG."""
    within = [split for split in splits if split.budget_s == BUDGET_S]
    ranks = standing(splits, BUDGET_S).ranks
    # Equal cells give an equal file: no date, no random ids.
    with mpl.rc_context({"svg.hashsalt": "tuning", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
        _draw_ranks(left, ranks)
        _draw_ratios(right, within)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def _draw_ranks(axes, ranks) -> None:  # type: ignore[no-untyped-def]
    ordered = sorted(ranks, key=lambda name: -ranks[name].estimate)
    for y, name in enumerate(ordered):
        found, colour = ranks[name], _COLOURS[SYSTEMS[name].kind]
        axes.plot([found.lower, found.upper], [y, y], color=colour)
        axes.plot(found.estimate, y, "o", color=colour)
    axes.set_yticks(range(len(ordered)), [SYSTEMS[name].title for name in ordered])
    axes.set_xlabel("mean rank over sets, with 95 % interval (1 is best)")
    axes.grid(axis="x", alpha=0.3)


def _draw_ratios(axes, splits: Sequence[Split]) -> None:  # type: ignore[no-untyped-def]
    losses: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for split in splits:
        for name, cell in split.cells.items():
            if cell["error"] is None and name != OPTIONAL:
                losses[split.set][name].append(cell["loss"])
    names = sorted(losses, reverse=True)
    for y, set_name in enumerate(names):
        medians = {system: median(values) for system, values in losses[set_name].items()}
        best = min(medians.values())
        for system, loss in sorted(medians.items(), key=lambda item: item[0] == OWN):
            kind = SYSTEMS[system].kind
            size = 8 if kind == "own" else 5
            ratio = min(loss / best, _MOST) if best else 1.0
            axes.plot(ratio, y, "o", color=_COLOURS[kind], markersize=size, alpha=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(f"loss by the best system's, {BUDGET_S} s, median of seeds (at most {_MOST})")
    axes.grid(axis="x", alpha=0.3)
    for kind, label in (("own", "Lamplighter"), ("peer", "peers"), ("untuned", "untuned")):
        axes.plot([], [], "o", color=_COLOURS[kind], label=label)
    axes.legend(loc="lower right")
