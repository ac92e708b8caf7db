"""What the upkeep of the stores must keep, and what it removed."""

from __future__ import annotations

from pydantic import Field

from lamplighter.contracts.base import Contract


class Keep(Contract):
    """How long things are kept before upkeep may delete them, or counts them as abandoned."""

    logs_days: int = Field(default=30, ge=1, description="Task logs of Lamplighter's DAGs.")
    xcoms_days: int = Field(default=30, ge=1, description="XComs of Lamplighter's DAGs.")
    trials_days: int = Field(default=90, ge=7, description="Trials of searches, in the ledger.")
    artifacts_days: int = Field(
        default=90,
        ge=7,
        description="Staged rows, frames of examples and unregistered candidates.",
    )
    replaced_days: int = Field(
        default=7, ge=7, description="Files of the lake's tables that others have replaced."
    )
    stale_hours: int = Field(
        default=24, ge=1, description="MLflow runs that still run after this long are ended."
    )


class Upkeep(Contract):
    """What one duty of upkeep did, and what it found that a person has to look at."""

    duty: str
    done: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    dry_run: bool = False
