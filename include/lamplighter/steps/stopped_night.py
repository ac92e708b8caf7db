"""Why a step stopped a night, written down so that the report can say it."""

from __future__ import annotations

from lamplighter.steps.night import Night


def record_stop(night: Night, step: str, error: BaseException) -> None:
    """Write into the ledger which step stopped the night, and why."""
    night.ledger.record_decision(
        night.key("stop", night.run.run_key, step, str(error)),
        run_key=night.run.run_key,
        model=night.run.model,
        timeline=night.run.timeline,
        kind="stop",
        verdict=step,
        reason=str(error) or type(error).__name__,
        evidence={"error": type(error).__name__},
        as_of=night.run.as_of,
        actor=night.run.actor,
    )


def stop_reason(night: Night, step: str) -> str:
    """Return the newest reason for which this step stopped this night; empty if none is known."""
    run = night.run
    stops = night.ledger.decisions(
        run.model, timeline=run.timeline, kind="stop", run_key=run.run_key
    )
    return next((stop.reason for stop in stops if stop.verdict == step), "")
