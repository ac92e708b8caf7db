"""Which nights the scheduler starts by itself, and which ones people may run."""

from datetime import date

import pendulum
import pytest
from airflow.timetables.base import TimeRestriction

from lamplighter.spec import ModelSpec
from lamplighter.spec.ticks import evaluated_day, evaluated_days
from lamplighter_airflow.timetable import NightTimetable, daily_timetable

NEW_YORK = "America/New_York"
EPOCH = pendulum.datetime(1970, 1, 1)
JULY = NightTimetable("0 4 * * *", NEW_YORK, start=date(2013, 6, 30), end=date(2013, 7, 2))


def nights(timetable, restriction, *, most=10):
    """Return the starts of the nights that Airflow would run, in New York."""
    found, last = [], None
    while len(found) < most:
        info = timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=restriction
        )
        if info is None:
            break
        last = info.data_interval
        found.append(info.run_after.in_timezone(NEW_YORK).format("YYYY-MM-DD HH:mm"))
    return found


def scheduler(*, catchup=True):
    """Return the question that the scheduler asks about a DAG without an end."""
    return TimeRestriction(EPOCH, None, catchup)


def backfill(first, last):
    """Return the question that a backfill asks."""
    return TimeRestriction(pendulum.parse(first), pendulum.parse(last), True)


def test_the_scheduler_starts_just_the_nights_of_the_window():
    assert nights(JULY, scheduler()) == ["2013-07-01 04:00", "2013-07-02 04:00", "2013-07-03 04:00"]


def test_a_backfill_may_leave_the_window_on_both_sides():
    before = nights(JULY, backfill("2013-03-01", "2013-03-03"))
    after = nights(JULY, backfill("2013-09-01", "2013-09-02T00:00:00"))
    assert before == ["2013-03-02 04:00", "2013-03-03 04:00"]
    assert after == ["2013-09-02 04:00"]


def test_a_backfill_inside_the_window_is_not_clipped():
    assert len(nights(JULY, backfill("2013-06-01", "2013-07-31"), most=99)) == 60


def test_a_run_by_hand_gets_the_last_whole_interval_wherever_it_lies():
    asked = pendulum.datetime(2013, 4, 1, 12)
    interval = JULY.infer_manual_data_interval(run_after=asked)
    assert interval.end == pendulum.datetime(2013, 4, 1, 4, tz=NEW_YORK)


def test_a_night_has_a_real_interval_also_when_the_clocks_change():
    spring = NightTimetable("0 4 * * *", NEW_YORK, start=date(2013, 3, 9), end=date(2013, 3, 10))
    info = spring.next_dagrun_info(last_automated_data_interval=None, restriction=scheduler())
    assert (info.data_interval.end - info.data_interval.start).total_hours() == 23


def test_a_window_in_the_past_without_catchup_starts_nothing():
    assert nights(JULY, scheduler(catchup=False)) == []


def test_without_a_start_there_is_nothing_to_catch_up_with():
    open_ended = NightTimetable("0 4 * * *", "UTC")
    first = open_ended.next_dagrun_info(last_automated_data_interval=None, restriction=scheduler())
    assert first.run_after > pendulum.now("UTC").subtract(days=2)


def test_a_start_in_the_future_is_waited_for():
    tomorrow = pendulum.now("UTC").add(days=30).date()
    later = NightTimetable("0 4 * * *", "UTC", start=tomorrow)
    first = later.next_dagrun_info(
        last_automated_data_interval=None, restriction=scheduler(catchup=False)
    )
    assert first.data_interval.start.date() >= tomorrow


@pytest.mark.parametrize("timetable", [JULY, NightTimetable("@hourly", "UTC")])
def test_it_survives_the_database(timetable):
    again = NightTimetable.deserialize(timetable.serialize())
    assert again == timetable
    assert again.description == timetable.description


def test_the_list_of_dags_says_what_the_window_is():
    assert JULY.summary == "0 4 * * * America/New_York"
    assert JULY.description == "At 04:00, from 2013-06-30 until 2013-07-02"


def test_a_days_work_of_a_model_without_schedule_is_started_by_people_only():
    spec = spec_of({"cron": None})
    assert nights(daily_timetable(spec), scheduler()) == []
    assert len(nights(daily_timetable(spec), backfill("2013-06-01", "2013-06-03"))) == 3


@pytest.mark.parametrize("schedule", [{"cron": "15 4 * * 1"}, {"cron": "*/5 * * * *"}, {}])
def test_the_library_knows_the_days_that_airflow_backfills(schedule):
    spec = spec_of({"timezone": NEW_YORK, **schedule})
    timetable, found, last = daily_timetable(spec), [], None
    asked = backfill("2013-03-01T00:00:00-05:00", "2013-11-10T00:00:00-05:00")
    while info := timetable.next_dagrun_info(last_automated_data_interval=last, restriction=asked):
        last = info.data_interval
        found.append(last)
        assert evaluated_day(spec, last.end).start == last.start
    first, end = found[0].start, found[-1].start.add(seconds=1)
    days = evaluated_days(spec, first, end)
    assert [(day.start, day.end) for day in days] == [(i.start, i.end) for i in found]


def spec_of(schedule):
    document = {
        "model": "tea", "owner": {"team": "kitchen"}, "task": "binary", "schedule": schedule,
        "data": {"tables": {"cups": {"source": {"csv": "c"}, "key": ["id"]}}, "target": "good"},
    }  # fmt: skip
    return ModelSpec.model_validate(document)
