"""The benchmark's page: Markdown from splits, nothing measured here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.tuning.grid import BUDGET_S, LONGER_BUDGET_S, SEEDS, wanted_cells
from benchmarks.tuning.results import OPTIONAL, OWN, Split, Standing, measured, standing
from benchmarks.tuning.standings import Duel, median_ratio
from benchmarks.tuning.systems import SYSTEMS

_INTRODUCTION = """# Search and ensembles against other AutoML

Each system gets the same training rows, the same seconds and one core, and predicts the same
held-out rows: the last part in time where there is time, else a quarter drawn at random, by three
seeds. Log-loss in nats for classes, root mean squared error for numbers; smaller is better.
[How it is measured, and how to run it on sets of your own](../../benchmarks/tuning/README.md).
`make bench-tuning` runs what is missing and writes this page from the finished cells in
`benchmarks/results/tuning`.
"""


def page(splits: Sequence[Split], left_out: Sequence[str]) -> str:
    """Return the page as Markdown."""
    budgets = sorted({split.budget_s for split in splits}, key=lambda b: (b != BUDGET_S, b))
    parts = [_INTRODUCTION, _machines(splits)]
    parts += [_standing(splits, budget_s) for budget_s in budgets]
    parts += [_duels(splits), _costs(splits), _losses(splits), _remarks(splits, left_out)]
    return "\n".join(part for part in parts if part)


def _machines(splits: Sequence[Split]) -> str:
    cells = [cell for split in splits for cell in split.cells.values()]
    machines = sorted({f"{c['machine']['cpu']}, {c['machine']['cores']} cores" for c in cells
                       if "machine" in c})  # fmt: skip
    versions: dict[str, set[str]] = defaultdict(set)
    for cell in cells:
        for name, version in cell.get("versions", {}).items():
            if name != "python":
                versions[name].add(version or "none")
    listed = ", ".join(f"{name} {' and '.join(sorted(v))}" for name, v in sorted(versions.items()))
    days = sorted(cell["finished_at"][:10] for cell in cells)
    return (
        f"Machine: {'; '.join(machines)}. One thread each. Measured {days[0]} to {days[-1]} "
        f"with {listed}.\n"
    )


def _standing(splits: Sequence[Split], budget_s: int) -> str:
    found = standing(splits, budget_s)
    if not found.ranks:
        return f"## {budget_s} seconds\n\nNo split has all systems yet.\n"
    rows = sorted(found.ranks.items(), key=lambda item: item[1].estimate)
    table = _table(
        ["system", "mean rank", "95 % over sets"],
        [
            [SYSTEMS[name].title, f"{r.estimate:.2f}", f"{r.lower:.2f} to {r.upper:.2f}"]
            for name, r in rows
        ],
    )
    plot = "\n![Mean ranks, and loss by the best system's](tuning.svg)\n"
    return (
        f"## {budget_s} seconds\n\nOver {len(found.sets)} sets ({found.splits} splits): "
        f"{', '.join(found.sets)}.{_not_ranked(found)}\n\n{table}"
        f"{plot if budget_s == BUDGET_S else ''}"
    )


def _not_ranked(found: Standing) -> str:
    if not found.left_out:
        return ""
    titles = ", ".join(SYSTEMS[name].title for name in found.left_out)
    return f" Not ranked, for want of cells: {titles}."


def _duels(splits: Sequence[Split]) -> str:
    duelled = [(split, split.duel("peer"), split.duel("untuned")) for split in splits]
    peers = [(split, d) for split, d, _ in duelled if d is not None]
    if not peers:
        return "## Lamplighter against the best of the others\n\nNo cells of Lamplighter yet.\n"
    untuned = [(split, d) for split, _, d in duelled if d is not None]
    by_set = _by_set(peers)
    defaults = _by_set(untuned)
    rows = []
    for (name, budget_s), found in sorted(by_set.items(), key=lambda i: (i[0][1], i[0][0])):
        rows.append(
            [
                name,
                f"{budget_s}",
                ", ".join(sorted({SYSTEMS[d.rival].title for d in found})),
                f"{median_ratio(found):.3f}",
                f"{sum(d.is_worse for d in found)} of {len(found)}",
                _against_defaults(defaults.get((name, budget_s), [])),
            ]
        )
    header = ["set", "s", "best peer", "loss by its", "worse beyond the interval",
              "worse than the best untuned"]  # fmt: skip
    worst_set, worst = max(((k, median_ratio(d)) for k, d in by_set.items()), key=lambda i: i[1])
    fine = sum(not d.is_worse for _, d in peers)
    lost = sum(d.is_worse for _, d in untuned)
    return (
        "## Lamplighter against the best of the others\n\n"
        "The best peer is chosen after the fact, on each split, by its held-out loss. Intervals: "
        "paired bootstrap over at most 2,000 held-out rows, 95 %.\n\n"
        f"- Not worse than the best peer beyond the interval in {fine} of {len(peers)} cells "
        f"({fine / len(peers):.0%}; target: at least 80 %).\n"
        f"- Worst ratio to the best peer, median of seeds: {worst:.3f}, on {worst_set[0]} with "
        f"{worst_set[1]} s (target: at most 1.03).\n"
        f"- Worse than the best untuned default beyond the interval in {lost} of {len(untuned)} "
        "cells (target: none).\n\n"
        f"{_table(header, rows)}"
    )


def _by_set(duels: Iterable[tuple[Split, Duel]]) -> dict[tuple[str, int], list[Duel]]:
    found: dict[tuple[str, int], list[Duel]] = defaultdict(list)
    for split, each in duels:
        found[split.set, split.budget_s].append(each)
    return found


def _against_defaults(duels: Sequence[Duel]) -> str:
    return f"{sum(d.is_worse for d in duels)} of {len(duels)}" if duels else "not compared"


def _costs(splits: Sequence[Split]) -> str:
    rows = []
    present = {name for split in splits for name in split.cells}
    for name in (name for name in SYSTEMS if name in present):
        found = measured(splits, name)
        overrun = "" if found.worst_overrun is None else f"{found.worst_overrun:.0%}"
        rows.append(
            [SYSTEMS[name].title, _number(found.fit_s, 1), _number(found.cpu_s, 1), overrun,
             _number(found.predict_s, 3), _number(found.size_mb, 1)]
        )  # fmt: skip
    header = [
        "system",
        "fit, s",
        "its CPU, s",
        "worst overrun",
        "predict 10,000 rows, s",
        "on disk, MB",
    ]
    return (
        "## Time and size\n\n"
        f"With {BUDGET_S} s; medians over sets. Of AutoGluon, the models are held in memory to "
        "predict, and the size is that of its clone for deployment.\n\n"
        f"{_table(header, rows)}{_against_autogluon(splits)}"
    )


def _against_autogluon(splits: Sequence[Split]) -> str:
    both = [s for s in splits if s.budget_s == BUDGET_S and _fine(s, OWN)
            and _fine(s, "autogluon_medium")]  # fmt: skip
    if not both:
        return ""
    pairs = [(s.cells["autogluon_medium"], s.cells[OWN]) for s in both]
    faster = median(median(a["predict_10k_s"]) / median(o["predict_10k_s"]) for a, o in pairs)
    smaller = median(a["size_bytes"] / o["size_bytes"] for a, o in pairs)
    return (
        f"\nAgainst AutoGluon, medium quality, on the same {len(both)} splits (medians): "
        f"Lamplighter predicts {faster:.1f} times as fast (target: 5) and takes 1/{smaller:.1f} of "
        "the disk (target: less than all of it).\n"
    )


def _fine(split: Split, system: str) -> bool:
    return system in split.cells and split.cells[system]["error"] is None


def _losses(splits: Sequence[Split]) -> str:
    systems = [n for n in SYSTEMS if any(n in split.cells for split in splits)]
    groups: dict[tuple[int, str], list[Split]] = defaultdict(list)
    for split in splits:
        groups[split.budget_s, split.set].append(split)
    rows = []
    for (budget_s, name), found in sorted(groups.items()):
        losses = {s: [c["loss"] for split in found if (c := split.cells.get(s)) and not c["error"]]
                  for s in systems}  # fmt: skip
        medians = {s: median(values) for s, values in losses.items() if values}
        best = min(medians.values(), default=None)
        cells = [_loss(medians.get(s), best) for s in systems]
        rows.append([f"{name}, {budget_s} s", *cells])
    header = ["set", *(SYSTEMS[name].title for name in systems)]
    told = "Median of the seeds that are there; the best in bold."
    return f"## Held-out loss\n\n{told}\n\n{_table(header, rows)}"


def _loss(loss: float | None, best: float | None) -> str:
    if loss is None:
        return ""
    return f"**{loss:.4g}**" if loss == best else f"{loss:.4g}"


def _remarks(splits: Sequence[Split], left_out: Sequence[str]) -> str:
    there = {(s.set, name, s.cells[name]["budget_s"], s.seed) for s in splits for name in s.cells}
    sets = sorted({split.set for split in splits})
    usual = [name for name in SYSTEMS if name != OPTIONAL]
    budgets = (BUDGET_S, LONGER_BUDGET_S)
    wanted = {(c.set, c.system, c.budget_s, c.seed)
              for c in wanted_cells(sets, usual, SEEDS, budgets)}  # fmt: skip
    missing = wanted - there
    cells = {id(c): c for split in splits for c in split.cells.values()}.values()
    failed = [f"{c['set']}, {SYSTEMS[c['system']].title}, {c['budget_s']} s, seed {c['seed']}: "
              f"{c['error']}" for c in cells if c["error"]]  # fmt: skip
    busy = [c for c in cells if c.get("busy")]
    lines = [f"{len(wanted) - len(missing)} of {len(wanted)} cells of these sets are finished."]
    if missing:
        by_system = {SYSTEMS[s].title: sum(m[1] == s for m in missing) for s in usual}
        told = ", ".join(f"{n} of {title}" for title, n in by_system.items() if n)
        lines.append(f"Missing: {told}. No comparison above counts a missing cell for or against.")
    lines.append(
        f"In {len(busy)} cells the process had less than nine tenths of its core, in three tries."
    )
    lines += [f"Failed, and ranked last: {sentence}." for sentence in failed]
    lines += [f"Left out: {sentence}." for sentence in left_out]
    return "## What is missing or odd\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
