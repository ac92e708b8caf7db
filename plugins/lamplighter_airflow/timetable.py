"""The timetable of a model: real data intervals, and a window for what the scheduler starts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable
from pendulum import DateTime, datetime, instance

from lamplighter.spec.ticks import daily_cron

if TYPE_CHECKING:
    from lamplighter.spec import ModelSpec


class NightTimetable(CronDataIntervalTimetable):
    """Data intervals between two ticks of a cron expression, started at the end of each.

    Parameters
    ----------
    cron, timezone : str
        The ticks.
    start, end : date, optional
        The scheduler starts by itself only intervals that begin on these days or between them,
        in `timezone`. What people start, by hand or as a backfill, is not bound.

    Notes
    -----
    A DAG's own `start_date` and `end_date` would bind people too: a run before `start_date` ends
    as a success with zero tasks. Airflow asks the same method for scheduled runs and for
    backfills, but a backfill always has a latest date, and our DAGs have no `end_date`.
    """

    def __init__(
        self, cron: str, timezone: str, *, start: date | None = None, end: date | None = None
    ) -> None:
        super().__init__(cron, timezone)
        self._zone = timezone
        self._start = start
        self._end = end
        bounds = [f"from {start}"] * (start is not None) + [f"until {end}"] * (end is not None)
        window = "only by people" if end == date.min else " ".join(bounds)
        self.description = ", ".join(filter(None, [self.description, window]))

    @property
    def summary(self) -> str:
        """What the list of DAGs shows."""
        return f"{self._expression} {self._zone}"

    def next_dagrun_info(
        self,
        *,
        last_automated_data_interval: DataInterval | None,
        restriction: TimeRestriction,
    ) -> DagRunInfo | None:
        """Return the next interval to run, within the window if the scheduler asks."""
        scheduler_asks = restriction.latest is None
        if scheduler_asks:
            restriction = self._within_window(restriction)
        found = super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
        if found is None or found.logical_date is None or not scheduler_asks or self._end is None:
            return found
        begins = found.logical_date.in_timezone(self._zone).date()
        return found if begins <= self._end else None

    def serialize(self) -> dict[str, Any]:
        """Return what `deserialize` needs, as JSON."""
        return {
            "expression": self._expression,
            "timezone": self._zone,
            "start": self._start.isoformat() if self._start else None,
            "end": self._end.isoformat() if self._end else None,
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> NightTimetable:
        """Make the timetable again from what `serialize` returned."""
        return cls(
            data["expression"],
            data["timezone"],
            start=date.fromisoformat(data["start"]) if data["start"] else None,
            end=date.fromisoformat(data["end"]) if data["end"] else None,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NightTimetable) and self.serialize() == other.serialize()

    def __hash__(self) -> int:
        return hash((self._expression, self._zone, self._start, self._end))

    def _within_window(self, restriction: TimeRestriction) -> TimeRestriction:
        if self._start is None:
            # Nothing says where the past begins, so there is nothing to catch up with.
            return TimeRestriction(restriction.earliest, None, catchup=False)
        begins = datetime(self._start.year, self._start.month, self._start.day, tz=self._zone)
        earliest = max(filter(None, [restriction.earliest, begins]))
        return TimeRestriction(instance(earliest), None, catchup=restriction.catchup)


def timetable(spec: ModelSpec) -> NightTimetable | None:
    """Return the spec's timetable; None where only people start runs."""
    schedule = spec.schedule
    if schedule.cron is None:
        return None
    begins = schedule.start or (spec.time.start if spec.time else None)
    return NightTimetable(schedule.cron, schedule.timezone, start=begins, end=schedule.end)


def daily_timetable(spec: ModelSpec) -> NightTimetable:
    """Return the timetable of what is done day by day; it is never None, for backfills.

    Where the spec has no schedule, its window is empty: people may backfill, and the scheduler
    starts nothing.
    """
    schedule = spec.schedule
    begins = schedule.start or (spec.time.start if spec.time else None)
    ends = schedule.end if schedule.cron is not None else date.min
    return NightTimetable(daily_cron(schedule), schedule.timezone, start=begins, end=ends)


def start_date(spec: ModelSpec) -> DateTime:
    """Return a `start_date` before anything that people may run.

    Airflow ends a run that lies before a DAG's `start_date` as a success with zero tasks. It has to
    reach `resolve_spec` instead, which refuses it with the reason.
    """
    first_year = min(1970, spec.time.start.year - 1) if spec.time else 1970
    return datetime(first_year, 1, 1, tz="UTC")
