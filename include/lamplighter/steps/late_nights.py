"""Which night should have begun by now and did not.

A night that never starts leaves nothing behind: no red task, no report. So whoever looks has to
know what should be there. This is the one place in the project where the wall clock and the
schedule are compared; a night itself never asks the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lamplighter.ledger import Ledger, StoredRun
from lamplighter.spec import ModelSpec
from lamplighter.spec.ticks import Interval, latest_interval

Punctuality = Literal["in time", "late", "never scheduled", "no schedule", "outside its window"]


@dataclass(frozen=True)
class NightWatch:
    """Whether a model's newest due night began.

    `due` is the interval whose night is the newest that had to begin, where there is one.
    """

    model: str
    state: Punctuality
    due: Interval | None = None
    last_as_of: datetime | None = None

    def __str__(self) -> str:
        if self.state == "late" and self.due is not None:
            last = f"{self.last_as_of:%Y-%m-%d %H:%M %Z}" if self.last_as_of else "never"
            return (
                f"the night of {self.model} that was due at {self.due.end:%Y-%m-%d %H:%M %Z} never "
                f"began (the last one was as of {last}); see that the scheduler runs and that the "
                f"DAG {self.model}__train is not paused, then trigger it"
            )
        return _SENTENCES[self.state]


_SENTENCES: dict[Punctuality, str] = {
    "in time": "the newest night that was due has begun",
    "late": "a night that was due has not begun",
    "never scheduled": "the scheduler has not started a night yet; unpause its DAG to let it",
    "no schedule": "nights are started by hand only (schedule.cron is null)",
    "outside its window": "no night is due: today lies outside schedule.start and schedule.end",
}


def watch_night(spec: ModelSpec, runs: Iterable[StoredRun], *, now: datetime) -> NightWatch:
    """Say whether the newest night that had to begin by now, began.

    It had to if its interval ended at least `schedule.late_after` ago, within the schedule's
    window. A live night with that `as_of`, or a later one, counts, whoever started it. A model
    whose nights the scheduler never started (it is new, or runs on a laptop) is not late.

    Parameters
    ----------
    runs : iterable of StoredRun
        The model's newest runs.
    now : datetime
        The wall clock.
    """
    if spec.schedule.cron is None:
        return NightWatch(spec.model, "no schedule")
    due = latest_interval(spec, now - spec.schedule.late_after)
    if due is None:
        return NightWatch(spec.model, "outside its window")
    runs = [run for run in runs if _is_night(run)]
    last = max((run.run.as_of for run in runs), default=None)
    if last is not None and last >= due.end:
        return NightWatch(spec.model, "in time", due, last)
    if not any(run.run_id.startswith(f"{spec.model}__train/scheduled__") for run in runs):
        return NightWatch(spec.model, "never scheduled", due, last)
    return NightWatch(spec.model, "late", due, last)


def watch_nights(ledger: Ledger, specs: Iterable[ModelSpec], *, now: datetime) -> list[NightWatch]:
    """Watch the nights of several models. See `watch_night`."""
    return [watch_night(spec, ledger.runs(spec.model, live=True), now=now) for spec in specs]


def _is_night(stored: StoredRun) -> bool:
    # Scoring, by its DAG or into a file, and evaluating write runs too, and train nothing.
    others = ("__score/", "/score-", "__evaluate/")
    trains = not any(mark in stored.run_id for mark in others)
    return stored.run.timeline == "live" and not stored.run.dry_run and trains
