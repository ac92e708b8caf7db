"""The freeze windows of a spec: days of the data's calendar in which nothing changes."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from lamplighter.contracts import RunRef
from lamplighter.ledger import Ledger
from lamplighter.spec import ModelSpec
from lamplighter.spec.operations import Schedule
from lamplighter.spec.retrain import Retrain


def freeze_window(retrain: Retrain, schedule: Schedule, as_of: datetime) -> str | None:
    """Say in which window of `retrain.freeze` an instant lies; None if in none.

    A night belongs to the day of its `as_of`, so the same night run later, to catch up, is frozen
    all the same.

    Examples
    --------
    >>> from datetime import UTC
    >>> retrain = Retrain.model_validate(
    ...     {"freeze": [{"start": "2024-12-20", "end": "2025-01-02", "reason": "peak season"}]}
    ... )
    >>> freeze_window(retrain, Schedule(), datetime(2025, 1, 2, 3, tzinfo=UTC))
    'frozen by retrain.freeze in the spec from 2024-12-20 to 2025-01-02: peak season'
    >>> freeze_window(retrain, Schedule(), datetime(2025, 1, 3, 3, tzinfo=UTC)) is None
    True
    """
    day = as_of.astimezone(ZoneInfo(schedule.timezone)).date()
    for window in retrain.freeze:
        if window.start <= day <= window.end:
            return (
                f"frozen by retrain.freeze in the spec from {window.start} to {window.end}: "
                f"{window.reason}"
            )
    return None


def why_frozen(ledger: Ledger, spec: ModelSpec, run: RunRef) -> str:
    """Say what keeps a night from changing the champion: its window, or a freeze; empty if none."""
    window = freeze_window(spec.retrain, spec.schedule, run.as_of)
    standing = ledger.standing_freezes(run.model) if run.timeline == "live" else []
    return " and ".join([*([window] if window else []), *map(str, standing)])


def freeze_window_of(ledger: Ledger, model: str, at: datetime) -> str | None:
    """Ask the same of the newest spec that the ledger knows of a model."""
    runs = ledger.runs(model, limit=1)
    if not runs:
        return None
    document = ledger.spec(runs[0].run.spec_digest)
    return freeze_window(
        Retrain.model_validate(document.get("retrain", {})),
        Schedule.model_validate(document.get("schedule", {})),
        at,
    )
