"""The library's ticks are those of Airflow's timetable, also where the clock changes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytest
from airflow.timetables.base import TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable

from lamplighter.spec.ticks import tick_before, tick_by

CRONS = [
    "0 3 * * *", "30 2 * * *", "30 1 * * *", "*/15 * * * *", "0 */2 * * *", "0 0 1 * *",
    "5 4 * * 1", "15 2 29 2 *", "0 * * * *",
]  # fmt: skip
ZONES = ["UTC", "America/New_York", "Europe/Zurich", "Australia/Lord_Howe"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", CRONS)
def test_a_tick_is_airflows_tick(cron: str, zone: str) -> None:
    timetable = CronDataIntervalTimetable(cron, zone)
    random_ = random.Random(0)
    for month in (1, 3, 4, 10, 11) * 8:
        day = datetime(2024, month, random_.randint(1, 30), tzinfo=UTC)
        instant = day + timedelta(minutes=random_.randint(0, 1440))
        airflows = timetable._get_prev(pendulum.instance(instant))
        assert tick_before(cron, ZoneInfo(zone), instant) == airflows


def test_the_newest_interval_is_the_one_that_the_scheduler_would_start() -> None:
    timetable = CronDataIntervalTimetable("0 3 * * *", "America/New_York")
    now = pendulum.now("UTC")
    found = timetable.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(now.subtract(years=2), None, catchup=False),
    )
    zone = ZoneInfo("America/New_York")
    assert found.data_interval.end == tick_by("0 3 * * *", zone, now)


def test_a_tick_at_the_very_instant_counts() -> None:
    tick = datetime(2024, 5, 10, 3, tzinfo=UTC)
    assert tick_by("0 3 * * *", ZoneInfo("UTC"), tick) == tick
    assert tick_by("0 3 * * *", ZoneInfo("UTC"), tick + timedelta(microseconds=1)) == tick
    assert tick_before("0 3 * * *", ZoneInfo("UTC"), tick) == tick - timedelta(days=1)
