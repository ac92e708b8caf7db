"""The demo's landing zone: what the nights read from it, and what the broken file breaks."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from demo import BROKEN, FIRST, NIGHTS, REPLAYED
from demo_broken_day import FAULTS, FOUND, TWICE, break_day, repair_day
from demo_landing import deliver, deliver_twice, delivery, remove_duplicates

from lamplighter.data.ingest import conform
from lamplighter.data.sources import read_source
from lamplighter.examples.flights import source
from lamplighter.quality.validate import validate_table
from lamplighter.quality.volume import Reading, Stored
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


@pytest.fixture
def spec_of():
    """Load the flights as the demo reads them, from the home that is set."""
    return lambda: load_spec(FLIGHTS, environment="demo")


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


def test_the_broken_day_is_first_read_by_the_last_scheduled_night():
    assert BROKEN + dt.timedelta(days=1) == list(NIGHTS)[-1]


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A landing zone of a few days, the third of which is broken in five ways."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(tmp_path))
    deliver(tmp_path / "landing", until=delivery(dt.date(2013, 1, 6)))
    wrong = break_day(tmp_path / "landing", DAY, corrections=tmp_path / "corrections")
    assert len(wrong) == len(set(wrong)) == 5
    return tmp_path


def found_in(spec, table, *, night):
    """Validate what a night reads of a table, as the night does."""
    return validate_table(
        conform(read(spec, table, night=night), table, spec.data.tables[table], known_columns=None),
        table,
        spec.data.tables[table],
        spec.data.validate_,
        reading=Reading(
            since=delivery(night - dt.timedelta(days=1)), until=delivery(night), zone=spec.zone
        ),
        stored=Stored(newest=delivery(night), rows_per_day={DAY: 1_000}),
        is_examples=table == "schedule",
        target_column="late" if table == "arrivals" else None,
        task="binary",
    )


def test_each_of_the_five_faults_is_found_and_only_one_of_them_stops_the_night(broken, spec_of):
    spec, night = spec_of(), DAY + dt.timedelta(days=1)
    tables = {fault.table for fault in FAULTS}
    found = {table: found_in(spec, table, night=night) for table in tables}
    failed = {
        f"{table}.{r.check}": r for table in tables for r in found[table].results if not r.success
    }
    assert set(failed) == FOUND
    assert [name for name, r in failed.items() if r.severity == "critical"] == [
        f"{TWICE}.key_unique"
    ]
    assert repair_day(broken / "landing", DAY) > 0
    again = found_in(spec, TWICE, night=night)
    assert again.success
    assert len(again.set_aside) == sum(f.rows for f in FAULTS if f.table == TWICE)


def test_the_corrections_hold_the_rows_that_were_spoiled(broken, spec_of):
    night = DAY + dt.timedelta(days=1)
    bad = read(spec_of(), REPLAYED, night=night)
    failing = bad[bad["delay_minutes"] > 1440]
    good = pd.read_parquet(broken / "corrections" / f"{REPLAYED}.parquet")
    assert list(good["flight_id"]) == list(failing["flight_id"])
    assert good["delay_minutes"].max() < 1440


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
