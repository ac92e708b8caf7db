"""Duty close_stale_runs: end MLflow runs whose night was killed and never came back."""

from __future__ import annotations

from lamplighter.contracts import Upkeep
from lamplighter.steps.upkeep.round import Round


def close_stale_runs(task: Round) -> Upkeep:
    """End, as killed, the runs of ours that MLflow shows as running for too long.

    Nothing is lost by it: should the night come back, its registration goes on with the same run
    and ends it as finished.
    """
    registry, hours = task.stores.registry, task.keep.stale_hours
    done = []
    for run in registry.stale_runs(started_before=task.before(hours=hours)):
        if not task.dry_run:
            registry.close_run(
                run.run_id, why=f"still running {hours} h after its start; ended by upkeep"
            )
        done.append(
            f"ended the MLflow run {run.name} ({run.run_id}), which ran since "
            f"{run.started_at:%Y-%m-%d %H:%M %Z}"
        )
    return task.report("close_stale_runs", done=done)
