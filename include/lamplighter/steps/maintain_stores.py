"""A round of upkeep: every duty by its name, and all of them one after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lamplighter.contracts import Upkeep
from lamplighter.errors import LamplighterError
from lamplighter.steps.upkeep.close_stale_runs import close_stale_runs
from lamplighter.steps.upkeep.delete_old_logs import delete_old_logs
from lamplighter.steps.upkeep.forget_trials import forget_trials
from lamplighter.steps.upkeep.notice_late_nights import notice_late_nights
from lamplighter.steps.upkeep.purge_artifacts import purge_artifacts
from lamplighter.steps.upkeep.reconcile_registrations import reconcile_registrations
from lamplighter.steps.upkeep.round import Round
from lamplighter.steps.upkeep.tidy_tables import tidy_tables

DUTIES: dict[str, Callable[[Round], Upkeep]] = {
    "reconcile_registrations": reconcile_registrations,
    "notice_late_nights": notice_late_nights,
    "close_stale_runs": close_stale_runs,
    "tidy_tables": tidy_tables,
    "purge_artifacts": purge_artifacts,
    "forget_trials": forget_trials,
    "delete_old_logs": delete_old_logs,
}
"""Every duty by the name of its task. None waits for another: one may fail, the rest is done."""


@dataclass(frozen=True)
class Failed:
    """A duty that could not be done, and why."""

    duty: str
    reason: str


def maintain_stores(task: Round) -> list[Upkeep | Failed]:
    """Do every duty, whatever becomes of the others."""
    results: list[Upkeep | Failed] = []
    for name, duty in DUTIES.items():
        try:
            results.append(duty(task))
        except LamplighterError as error:
            results.append(Failed(name, str(error)))
    return results
