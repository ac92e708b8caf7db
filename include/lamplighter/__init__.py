"""The library: every step of a model's life, without Airflow.

`lamplighter.champion_at(model, t)` says who was champion when.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamplighter.steps.champion_at import champion_at

__all__ = ["champion_at"]

# Threads that spin while they wait for one another make a fit ten times slower on cores that are
# shared. OpenMP reads this when it is loaded, so it must be set before any library that brings it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def __getattr__(name: str) -> Any:
    # The ledger needs a database's library, which a DAG file is not to load.
    if name == "champion_at":
        from lamplighter.steps.champion_at import champion_at

        return champion_at
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
