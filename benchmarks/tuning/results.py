"""Finished cells, grouped into splits on which systems can be compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.tuning.grid import BUDGET_S
from benchmarks.tuning.standings import Duel, Interval, duel, mean_ranks, ranks
from benchmarks.tuning.systems import SYSTEMS

OWN = "lamplighter"
OPTIONAL = "autogluon_best"
"""Does not finish everywhere; it counts as a peer where it does, and is not ranked."""

_RANKED_FROM = 0.75
"""Of an unfinished grid: a system with fewer of the splits would hide too many of them."""

Found = dict[str, Any]


@dataclass(frozen=True)
class Split:
    """What the systems reached on one split of a set within one budget."""

    set: str
    budget_s: int
    seed: int
    cells: dict[str, Found]

    def losses(self, systems: Sequence[str]) -> dict[str, float | None]:
        """Return the held-out loss by system; None where the system failed."""
        return {s: self.cells[s].get("loss") for s in systems}

    def duel(self, kind: str) -> Duel | None:
        """Compare Lamplighter with the best system of that kind; None if a side is missing."""
        if OWN not in self.cells:
            return None
        return duel(
            self.cells[OWN],
            [cell for name, cell in self.cells.items() if SYSTEMS[name].kind == kind],
        )


def splits_of(cells: Iterable[Found]) -> tuple[list[Split], list[str]]:
    """Return the splits, and a sentence for each cell that is left out.

    Cells on other rows than most of their split's are left out. Untuned systems, which have no
    budget, count in every budget that others have on their split.
    """
    known = [cell for cell in cells if cell["system"] in SYSTEMS]
    by_split: dict[tuple[str, int], list[Found]] = defaultdict(list)
    for cell in known:
        by_split[cell["set"], cell["seed"]].append(cell)
    splits, left_out = [], []
    for (name, seed), found in sorted(by_split.items()):
        usual = Counter(cell["set_digest"] for cell in found).most_common(1)[0][0]
        left_out += [
            f"{name}, {SYSTEMS[cell['system']].title}, {cell['budget_s']} s, seed {seed}: "
            "made on other rows than the rest"
            for cell in found
            if cell["set_digest"] != usual
        ]
        found = [cell for cell in found if cell["set_digest"] == usual]
        untuned = {c["system"]: c for c in found if SYSTEMS[c["system"]].kind == "untuned"}
        for budget_s in sorted({int(cell["budget_s"]) for cell in found}):
            within = {c["system"]: c for c in found if c["budget_s"] == budget_s}
            splits.append(Split(name, budget_s, seed, untuned | within))
    return splits, left_out


@dataclass(frozen=True)
class Standing:
    """The ranking of one budget.

    Attributes
    ----------
    ranks : dict of str to Interval
        Mean rank over sets by system.
    sets : tuple of str
        Sets with a split on which every ranked system has a cell.
    splits : int
        How many such splits there are.
    left_out : tuple of str
        Systems that are not ranked: they have cells on fewer than three quarters of the
        splits.
    """

    ranks: dict[str, Interval]
    sets: tuple[str, ...]
    splits: int
    left_out: tuple[str, ...]


def standing(splits: Sequence[Split], budget_s: int) -> Standing:
    """Rank the systems within `budget_s` on the splits that have a cell of each."""
    within = [split for split in splits if split.budget_s == budget_s]
    cells = Counter(name for split in within for name in split.cells if name != OPTIONAL)
    systems = [name for name in SYSTEMS if cells[name] >= _RANKED_FROM * len(within)]
    by_set: dict[str, list[dict[str, float]]] = defaultdict(list)
    for split in within:
        if set(systems) <= set(split.cells):
            by_set[split.set].append(ranks(split.losses(systems)))
    return Standing(
        mean_ranks(by_set),
        tuple(by_set),
        sum(map(len, by_set.values())),
        tuple(name for name in SYSTEMS if cells[name] and name not in systems),
    )


@dataclass(frozen=True)
class Measured:
    """What a system costs, over the cells of one budget; None where it has none.

    Attributes
    ----------
    worst_overrun : float or None
        Share of the budget by which the longest fit exceeded it. None for untuned systems.
    predict_s, size_mb, fit_s, cpu_s : float or None
        Medians over sets, of the medians over seeds. Predicting is of 10,000 rows.
    """

    worst_overrun: float | None
    predict_s: float | None
    size_mb: float | None
    fit_s: float | None
    cpu_s: float | None


def measured(splits: Sequence[Split], system: str, budget_s: int = BUDGET_S) -> Measured:
    """Return what the fits and models of a system cost."""
    cells = [
        split.cells[system]
        for split in splits
        if split.budget_s == budget_s and system in split.cells
    ]
    cells = [cell for cell in cells if cell["error"] is None]
    overruns = [cell["overrun"] for cell in cells if cell["overrun"] is not None]
    return Measured(
        max(overruns, default=None),
        _median_over_sets(cells, lambda c: median(c["predict_10k_s"])),
        _median_over_sets(cells, lambda c: c["size_bytes"] / 1e6),
        _median_over_sets(cells, lambda c: c["fit_wall_s"]),
        _median_over_sets(cells, lambda c: c["fit_cpu_s"]),
    )


def _median_over_sets(cells: Sequence[Found], value: Any) -> float | None:
    by_set: dict[str, list[float]] = defaultdict(list)
    for cell in cells:
        by_set[cell["set"]].append(value(cell))
    return median(map(median, by_set.values())) if by_set else None
