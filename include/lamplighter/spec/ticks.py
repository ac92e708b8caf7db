"""When a schedule ticks: the data intervals that the scheduler starts by itself.

The arithmetic is Airflow's own (`CronDataIntervalTimetable`), so that whoever looks for a night
that never started, without Airflow, looks for the same nights. A test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from lamplighter.spec.model import ModelSpec
    from lamplighter.spec.operations import Schedule


@dataclass(frozen=True)
class Interval:
    """A data interval ``[start, end)``; its night begins at its end."""

    start: datetime
    end: datetime


def window_start(spec: ModelSpec) -> date | None:
    """Return the first day whose interval the scheduler starts by itself; None: no first day."""
    return spec.schedule.start or (spec.time.start if spec.time else None)


def latest_interval(spec: ModelSpec, until: datetime) -> Interval | None:
    """Return the newest interval that ended by an instant and that the scheduler starts itself.

    None without a schedule, and where that interval begins before the schedule's first day or
    after its last: then nothing is due any more, or yet.

    Examples
    --------
    >>> from lamplighter.spec import ModelSpec
    >>> tea = ModelSpec.model_validate({
    ...     "model": "tea", "owner": {"team": "kitchen"}, "task": "binary",
    ...     "data": {"tables": {"cups": {"source": {"csv": "c"}, "key": ["id"]}}, "target": "good"},
    ...     "schedule": {"cron": "0 3 * * *", "timezone": "Europe/Zurich"},
    ... })
    >>> latest_interval(tea, datetime(2024, 4, 1, 12, tzinfo=UTC)).start.isoformat()
    '2024-03-31T01:00:00+00:00'
    """
    schedule = spec.schedule
    if schedule.cron is None:
        return None
    zone = ZoneInfo(schedule.timezone)
    end = tick_by(schedule.cron, zone, until)
    start = tick_before(schedule.cron, zone, end)
    day, first = start.astimezone(zone).date(), window_start(spec)
    if (first and day < first) or (schedule.end and day > schedule.end):
        return None
    return Interval(start, end)


def daily_cron(schedule: Schedule) -> str:
    """Return the daily tick at which a day of the model is evaluated: at the hour of its nights.

    Midnight where the schedule names no one hour and minute of the day.

    Examples
    --------
    >>> from lamplighter.spec.operations import Schedule
    >>> daily_cron(Schedule(cron="30 4 * * 1")), daily_cron(Schedule(cron=None))
    ('30 4 * * *', '0 0 * * *')
    """
    minute, hour, *_ = (schedule.cron or "").split() or ("", "")
    return f"{minute} {hour} * * *" if minute.isdigit() and hour.isdigit() else "0 0 * * *"


def evaluated_day(spec: ModelSpec, until: datetime) -> Interval:
    """Return the newest day, from tick to tick of `daily_cron`, that ended by an instant."""
    cron, zone = daily_cron(spec.schedule), ZoneInfo(spec.schedule.timezone)
    end = tick_by(cron, zone, until)
    return Interval(tick_before(cron, zone, end), end)


def evaluated_days(spec: ModelSpec, start: datetime, end: datetime) -> list[Interval]:
    """Return the days, from tick to tick of `daily_cron`, that begin in ``[start, end)``."""
    cron, zone = daily_cron(spec.schedule), ZoneInfo(spec.schedule.timezone)
    tick = tick_by(cron, zone, end + timedelta(days=2))
    days = []
    while tick > start:
        before = tick_before(cron, zone, tick)
        if start <= before < end:
            days.append(Interval(before, tick))
        tick = before
    return days[::-1]


def tick_by(cron: str, zone: ZoneInfo, instant: datetime) -> datetime:
    """Return the newest tick at an instant or before it."""
    # A tick is the one before its own next moment; cron has no fraction of a second.
    return tick_before(cron, zone, instant.replace(microsecond=0) + timedelta(seconds=1))


def tick_before(cron: str, zone: ZoneInfo, instant: datetime) -> datetime:
    """Return the newest tick before an instant, in UTC."""
    from croniter import croniter

    naive = instant.astimezone(zone).replace(tzinfo=None)
    ticks = croniter(cron, start_time=naive)
    found: datetime = ticks.get_prev(datetime)
    if ticks.expanded[1] == ["*"]:
        # At least once an hour: counted in time that passed, since an hour of the wall clock
        # comes twice in autumn.
        return (instant - (naive - found)).astimezone(UTC)
    return _aware(found, zone).astimezone(UTC)


def _aware(naive: datetime, zone: ZoneInfo) -> datetime:
    # A time that the clock skips in spring is moved on by what it skips, as Airflow does; of one
    # that comes twice in autumn, Airflow takes the second.
    return naive.replace(tzinfo=zone, fold=1 if _comes_twice(naive, zone) else 0)


def _comes_twice(naive: datetime, zone: ZoneInfo) -> bool:
    first, second = (naive.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second
