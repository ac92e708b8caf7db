"""The demo's landing zone: what the nights read from it, and what the broken file breaks."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from demo import BROKEN, FIRST, NIGHTS
from demo_landing import deliver, deliver_twice, delivery, remove_duplicates

from lamplighter.data.sources import read_source
from lamplighter.examples.flights import source
from lamplighter.spec import load_spec

FLIGHTS = Path(__file__).resolve().parents[2] / "include" / "models" / "flights.yaml"
DAY = dt.date(2013, 1, 3)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The files of the first days of 2013."""
    folder = tmp_path_factory.mktemp("home")
    deliver(folder / "landing", until=delivery(dt.date(2013, 1, 6)))
    return folder


@pytest.fixture
def spec(home, monkeypatch):
    """The flights as the demo reads them."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(home))
    return load_spec(FLIGHTS, environment="demo")


def read(spec, table, *, night):
    """Return what the night of a day reads of a table."""
    since = delivery(night - dt.timedelta(days=1))
    return read_source(spec.data.tables[table], since=since, until=delivery(night))


@pytest.mark.parametrize("table", ["schedule", "departures", "arrivals", "weather"])
def test_a_night_reads_from_the_files_just_what_became_known(spec, table):
    night = DAY + dt.timedelta(days=1)
    known = getattr(source, table)(since=delivery(DAY), until=delivery(night))
    pd.testing.assert_frame_equal(read(spec, table, night=night), known, check_dtype=False)
    assert len(known) > 50


def test_a_file_that_is_delivered_twice_reaches_one_night_only(home, spec):
    nights = [DAY + dt.timedelta(days=n) for n in range(3)]
    before = [len(read(spec, "arrivals", night=night)) for night in nights]
    too_many = deliver_twice(home / "landing", "arrivals", DAY)
    try:
        after = [len(read(spec, "arrivals", night=night)) for night in nights]
    finally:
        removed = remove_duplicates(home / "landing", "arrivals", DAY)
    assert after == [before[0], 2 * before[1], before[2]]
    assert too_many == removed == before[1]
    assert [len(read(spec, "arrivals", night=night)) for night in nights] == before


def test_the_broken_file_is_first_read_by_the_last_scheduled_night():
    assert BROKEN[1] + dt.timedelta(days=1) == list(NIGHTS)[-1]


def test_the_schedule_starts_the_nights_that_the_demo_waits_for():
    schedule = load_spec(FLIGHTS, environment="demo").schedule
    begins = [night - dt.timedelta(days=1) for night in NIGHTS]
    assert (schedule.start, schedule.end) == (begins[0], begins[-1])
    assert schedule.catchup
    assert FIRST < begins[0]


def test_the_demo_judges_by_the_same_gate_and_the_same_features():
    plain, demo = load_spec(FLIGHTS, environment=""), load_spec(FLIGHTS, environment="demo")
    assert demo.gate == plain.gate
    assert demo.features == plain.features
    assert demo.data.validate_ == plain.data.validate_
