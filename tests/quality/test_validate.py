"""Bad rows of every kind are named in one sentence; good ones pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from lamplighter.quality.checks import TableValidation
from lamplighter.quality.data_docs import render_data_docs
from lamplighter.quality.validate import validate_table
from lamplighter.quality.volume import Reading, Stored
from lamplighter.spec.data import Source, Table, Validation

ZONE = ZoneInfo("America/New_York")
TABLE = Table(
    source=Source(csv="flights.csv"),
    key=("flight_id",),
    event_time="departs_at",
    available_at="known_at",
    columns={"flight_id": "string", "origin": "string", "distance": "int", "delay": "float"},
)
RULES = Validation(
    freshness="2d",  # type: ignore[arg-type]
    min_rows=20,
    not_null={"flights": ("origin",)},
    between={"flights": {"distance": (1, 5_000), "delay": (None, 1_440)}},
    in_set={"flights": {"origin": ("EWR", "JFK", "LGA")}},
)
FIRST = Reading(since=None, until=datetime(2013, 1, 11, 4, tzinfo=ZONE), zone=ZONE)


def flights(*, days: int = 10) -> pd.DataFrame:
    """Make an hourly flight, known an hour later, from the first local midnight of 2013."""
    times = pd.date_range("2013-01-01", periods=24 * days + 3, freq="h", tz=ZONE).tz_convert(UTC)
    n = len(times)
    return pd.DataFrame(
        {
            "flight_id": [f"UA{i}" for i in range(n)],
            "origin": (["EWR", "JFK", "LGA"] * n)[:n],
            "distance": np.arange(n) + 100,
            "delay": np.linspace(-10, 60, n),
            "departs_at": times,
            "known_at": times + pd.Timedelta("1h"),
        }
    )


def validated(rows: pd.DataFrame, **changes: Any) -> TableValidation:
    arguments: dict[str, Any] = {
        "reading": FIRST,
        "stored": Stored(),
        "is_examples": True,
        "target_column": "delay",
        "task": "regression",
    } | changes
    table = arguments.pop("table", TABLE)
    rules = arguments.pop("rules", RULES)
    return validate_table(rows, "flights", table, rules, **arguments)


def test_good_rows_pass_every_check():
    found = validated(flights())
    assert (found.success, found.problems, found.warnings) == (True, (), ())
    assert {r.check for r in found.results} == {
        "column_exists", "type", "key_not_null", "time_not_null", "key_unique", "target_not_null",
        "target_finite", "not_null", "between", "in_set", "freshness", "volume", "volume_history",
    }  # fmt: skip


def change(column: str, rows: list[int], value: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def changed(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.copy()
        frame.loc[rows, column] = value
        return frame

    return changed


BROKEN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a renamed column": (
        lambda f: f.rename(columns={"origin": "orgin"}),
        "flights.origin: no column 'origin' among 6; the nearest name is 'orgin', expected a "
        "column of this name; if the source renamed it, name it back there; else correct the spec",
    ),
    "a missing column": (
        lambda f: f.drop(columns="distance"),
        "flights.distance: no column 'distance' among 5, expected a column of this name; if the "
        "source renamed it, name it back there; else correct the spec",
    ),
    "a retyped column": (
        lambda f: f.assign(distance=f["distance"].astype(str)),
        "flights.distance: the type string, expected the type int; correct the source, or the "
        "type in the spec",
    ),
    "a time without its zone": (
        lambda f: f.assign(departs_at=f["departs_at"].dt.tz_localize(None)),
        "flights.departs_at: the type timestamp without a zone, expected the type timestamp; "
        "correct the source, or the type in the spec",
    ),
    "a missing key": (
        change("flight_id", [4], None),
        "flights.flight_id: 1 of 243 rows is without a value (for example flight_id=nan), "
        "expected a value in every row; fill or remove these rows at the source",
    ),
    "a missing time": (
        change("departs_at", [4], pd.NaT),
        "flights.departs_at: 1 of 243 rows is without a value (for example flight_id=UA4), "
        "expected a value in every row; fill or remove these rows at the source",
    ),
    "a target that is NaN": (
        change("delay", [7, 8], np.nan),
        "flights.delay: 2 of 243 rows are without a value (for example flight_id=UA7), expected "
        "a value in every row; fill or remove these rows at the source",
    ),
    "a value that is null": (
        change("origin", [3], None),
        "flights.origin: 1 of 243 rows is without a value (for example flight_id=UA3), expected "
        "a value in every row; fill or remove these rows at the source",
    ),
    "a value out of range": (
        change("distance", [5, 6], 0),
        "flights.distance: 2 of 243 rows are outside: 0 (for example flight_id=UA5), expected "
        "values from 1 to 5000; correct these rows at the source, or widen data.validate.between",
    ),
    "a value not allowed": (
        change("origin", [9], "ORD"),
        "flights.origin: 1 of 243 rows is outside: ORD (for example flight_id=UA9), expected one "
        "of EWR, JFK, LGA; correct these rows at the source, or add the value to "
        "data.validate.in_set",
    ),
    "the newest day without rows": (
        lambda f: f[f["departs_at"].dt.tz_convert(ZONE).dt.day != 10].reset_index(drop=True),
        "flights: 2013-01-10 has 0, expected at least 20 rows on each whole day; load what is "
        "missing at the source, or lower data.validate.min_rows",
    ),
    "a source that fell silent": (
        lambda f: f[f["departs_at"] < pd.Timestamp("2013-01-08", tz=ZONE)],
        "flights.departs_at: the newest row is of 2013-01-08 05:00 UTC, expected one not older "
        "than 2013-01-09 04:00 EST; find out why the source fell silent, then run the night again",
    ),
}

SET_ASIDE = {
    "a target that is NaN",
    "a value that is null",
    "a value out of range",
    "a value not allowed",
}
"""What single rows fail; the rest of the rows may go in."""


@pytest.mark.parametrize("case", BROKEN)
def test_each_kind_of_bad_rows_is_named_in_one_sentence(case: str):
    broken, sentence = BROKEN[case]
    found = validated(broken(flights()))
    assert found.success == (case in SET_ASIDE)
    assert sentence in (found.quarantined if case in SET_ASIDE else found.problems)
    strict = dict.fromkeys(("not_null", "between", "in_set", "target"), "critical")
    found = validated(broken(flights()), rules=RULES.model_copy(update={"severity": strict}))
    assert not found.success
    assert sentence in found.problems


def test_an_infinite_target_is_named():
    rows = change("delay", [7], np.inf)(flights())
    (sentence,) = validated(rows, rules=Validation()).quarantined
    assert sentence.startswith("flights.delay: 1 of 243 rows is outside: inf (for example")


def test_rows_that_share_key_and_availability_are_duplicates():
    rows = pd.concat([flights(), flights().iloc[[4]]], ignore_index=True)
    (problem,) = validated(rows).problems
    assert problem.startswith(
        "flights.flight_id, known_at: 2 of 244 rows are not alone with their key "
        "(for example flight_id=UA4), expected one row per flight_id, known_at"
    )


def test_a_correction_that_became_known_later_is_not_a_duplicate():
    later = flights().iloc[[4]].assign(delay=1.0, known_at=pd.Timestamp("2013-01-09", tz="UTC"))
    assert validated(pd.concat([flights(), later], ignore_index=True)).success


def test_without_an_availability_the_key_alone_must_be_unique():
    table = TABLE.model_copy(update={"available_at": None})
    later = flights().iloc[[4]].assign(delay=1.0)
    rows = pd.concat([flights(), later], ignore_index=True).drop(columns="known_at")
    found = validated(rows, table=table)
    assert [r.check for r in found.results if not r.success] == ["key_unique"]


def test_tombstones_need_a_key_and_times_but_no_values():
    table = TABLE.model_copy(update={"deleted": "gone"})
    rows = flights().assign(gone=False)
    rows.loc[[3, 4], ["origin", "delay"]] = None
    assert validated(rows, table=table).set_aside == (3, 4)
    rows.loc[[3, 4], "gone"] = True
    assert validated(rows, table=table).set_aside == ()
    rows.loc[3, "flight_id"] = None
    assert not validated(rows, table=table).success


def test_a_gap_in_the_history_of_a_first_reading_warns_and_does_not_stop():
    rows = flights()
    rows = rows[rows["departs_at"].dt.tz_convert(ZONE).dt.day != 4].reset_index(drop=True)
    found = validated(rows)
    assert found.success
    (warning,) = found.warnings
    assert warning.startswith("flights: 2013-01-04 has 0, expected at least 20 rows on each whole")


NIGHT = Reading(
    since=datetime(2013, 1, 11, 4, tzinfo=ZONE),
    until=datetime(2013, 1, 13, 4, tzinfo=ZONE),
    zone=ZONE,
)


def test_examples_stored_earlier_count_for_the_day_of_their_event():
    none = flights().iloc[:0]
    fresh = datetime(2013, 1, 20, tzinfo=UTC)
    enough = Stored(newest=fresh, rows_per_day={date(2013, 1, 11): 24, date(2013, 1, 12): 20})
    short = Stored(newest=fresh, rows_per_day={date(2013, 1, 11): 24, date(2013, 1, 12): 19})
    assert validated(none, reading=NIGHT, stored=enough).success
    (problem,) = validated(none, reading=NIGHT, stored=short).problems
    assert problem.startswith("flights: 2013-01-12 has 19, expected at least 20 rows")


def test_another_table_that_brings_nothing_warns_by_the_day_it_became_known():
    stored = Stored(newest=datetime(2013, 1, 12, tzinfo=UTC))
    rows = flights(days=11).iloc[-30:-4].reset_index(drop=True)
    found = validated(rows, reading=NIGHT, stored=stored, is_examples=False)
    assert found.success
    late, silent = found.warnings
    assert late.startswith("flights.known_at: 7 of 26 rows are of a time that an earlier night")
    assert silent.startswith("flights: 2013-01-12 has 0, expected at least 1 row on each whole")


def test_a_night_that_finds_nothing_at_all_says_so():
    (problem,) = validated(flights().iloc[:0]).problems
    assert problem.startswith("flights.departs_at: no row at all, expected one not older than")


def test_a_table_without_time_needs_its_least_number_of_rows():
    table = Table(source=Source(csv="x.csv"), key=("flight_id",))
    found = validated(flights().head(7), table=table, rules=Validation(min_rows=8))
    (problem,) = found.problems
    assert problem == (
        "flights: 7 rows, expected at least 8; load what is missing at the source, or lower "
        "data.validate.min_rows"
    )


def test_a_column_of_nothing_but_nulls_fits_every_type():
    table = TABLE.model_copy(update={"columns": {"note": "timestamp"}})
    assert validated(flights().assign(note=None), table=table).success


def test_columns_stored_by_earlier_nights_must_still_be_there():
    known = {"weight": "float"}
    found = validated(flights(), known_columns=known)
    assert [r.check for r in found.results if not r.success] == ["column_exists"]


def test_every_problem_is_reported_at_once_with_counts_and_samples():
    rows = change("origin", list(range(50)), "ORD")(flights())
    rows = change("distance", [60], -1)(rows)
    found = validated(rows)
    failed = {r.check: r for r in found.results if not r.success}
    assert set(failed) == {"in_set", "between", "quarantined_fraction"}
    assert {r.severity for r in failed.values()} == {"critical"}
    assert failed["in_set"].failing_rows == 50
    assert failed["in_set"].sample == tuple(f"flight_id=UA{i}" for i in range(5))
    assert found.document()["results"][0]["check"] == "column_exists"


def test_the_index_of_the_rows_does_not_matter():
    rows = change("origin", [9], "ORD")(flights())
    shuffled = rows.sample(frac=1, random_state=0)
    found = validated(shuffled)
    assert "flight_id=UA9" in found.quarantined[0]
    assert [shuffled["flight_id"].iloc[place] for place in found.set_aside] == ["UA9"]


def test_validation_is_silent_on_the_terminal(capfd: pytest.CaptureFixture[str]):
    validated(flights())
    assert capfd.readouterr() == ("", "")


def test_data_docs_show_the_results_and_are_the_same_whenever_they_are_drawn(
    capfd: pytest.CaptureFixture[str],
):
    pages = [
        render_data_docs(
            validated(
                change("origin", [9], "ORD")(flights()).assign(
                    late=pd.array([None] + [True] * 242)
                ),
                rules=RULES.model_copy(update={"not_null": {"flights": ("late",)}}),
            ),
            model="delays",
            as_of=datetime(2013, 1, 11, 4, tzinfo=ZONE),
        )
        for _ in range(2)
    ]
    assert pages[0] == pages[1]
    assert "delays.flights" in pages[0]
    assert "ORD" in pages[0]
    assert capfd.readouterr() == ("", "")  # where Great Expectations says what it could not draw


def test_data_docs_show_what_is_in_a_cell_and_do_not_run_it():
    page = render_data_docs(
        validated(change("origin", [9], "<script>alert(4)</script>")(flights())),
        model="delays",
        as_of=datetime(2013, 1, 11, 4, tzinfo=ZONE),
    )
    assert "<script>alert(4)" not in page
    assert "alert(4)" in page
