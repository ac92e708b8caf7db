"""All sets of the benchmark, by name."""

from __future__ import annotations

import os

from benchmarks.tuning.declared_set import DeclaredSet
from benchmarks.tuning.folder_sets import VARIABLE, folder_sets
from benchmarks.tuning.packaged_sets import PACKAGED_SETS

LONGER_BUDGET_SETS = ("flights", "mnist", "diamonds")
"""Sets that also run with the longer budget."""


def all_sets() -> dict[str, DeclaredSet]:
    """Return the sets that packages ship and those of the folder, in the order they are run in.

    Raises
    ------
    SidecarError
        If a file of the folder is not described.
    ValueError
        If two sets have the same name.
    """
    found: dict[str, DeclaredSet] = {}
    for declared in (*PACKAGED_SETS, *folder_sets(os.environ.get(VARIABLE))):
        if declared.name in found:
            raise ValueError(
                f"two sets are called {declared.name}: {found[declared.name].source} and "
                f"{declared.source}; rename the file"
            )
        found[declared.name] = declared
    return found
