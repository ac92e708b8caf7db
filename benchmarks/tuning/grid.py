"""Which cells there are, and where the file of each lies."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tuning.declared_set import PROJECT
from benchmarks.tuning.sets import LONGER_BUDGET_SETS
from benchmarks.tuning.systems import SYSTEMS

RESULTS = PROJECT / "benchmarks" / "results" / "tuning"

BUDGET_S = 60
LONGER_BUDGET_S = 180
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Cell:
    """One system on one split of one set within one budget."""

    set: str
    system: str
    budget_s: int
    seed: int

    def path(self, root: Path = RESULTS) -> Path:
        """Return the file of what was found."""
        return root / self.set / f"{self.system}-{self.budget_s}s-seed{self.seed}.json"


def wanted_cells(
    sets: Iterable[str],
    systems: Iterable[str],
    seeds: Iterable[int],
    budgets: Iterable[int],
    *,
    longer_on: Container[str] = LONGER_BUDGET_SETS,
) -> Iterator[Cell]:
    """Yield the cells of the grid, in the order that they are run in: seed by seed, set by set.

    Untuned systems have no budget: they run once per split, whatever the budgets. Other budgets
    than the usual one run on the sets of `longer_on`.
    """
    sets, systems, budgets = list(sets), list(systems), list(budgets)
    untuned = [name for name in systems if SYSTEMS[name].kind == "untuned"]
    searching = [name for name in systems if name not in untuned]
    for seed in seeds:
        for name in sets:
            yield from (Cell(name, system, BUDGET_S, seed) for system in untuned)
            for budget_s in budgets:
                if budget_s == BUDGET_S or name in longer_on:
                    yield from (Cell(name, system, budget_s, seed) for system in searching)


def read_cells(root: Path = RESULTS) -> list[dict[str, Any]]:
    """Return all finished cells."""
    return [json.loads(path.read_text()) for path in sorted(root.glob("*/*.json"))]
