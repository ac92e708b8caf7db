"""Conforming rows to their table: what is accepted, and what is said about the rest."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lamplighter.data.ingest import conform
from lamplighter.errors import DataError
from lamplighter.spec.data import Table


def table(**declared) -> Table:
    return Table.model_validate({"source": {"csv": "x.csv"}, "key": ["id"], **declared})


TIMED = table(event_time="at")
ROWS = pd.DataFrame({"id": [1, 2], "at": ["2013-01-01", "2013-01-02 05:00:00"], "delay": [1, 2]})


def test_the_first_ingest_takes_every_column_with_its_own_type():
    rows = conform(ROWS.assign(late=True), "t", TIMED, known_columns=None)
    assert {name: str(dtype) for name, dtype in rows.dtypes.items()} == {
        "id": "int64",
        "at": "datetime64[us, UTC]",
        "delay": "int64",
        "late": "bool",
    }


def test_a_time_without_a_zone_is_utc():
    rows = conform(ROWS, "t", TIMED, known_columns=None)
    assert rows["at"].tolist() == [
        pd.Timestamp("2013-01-01T00:00Z"),
        pd.Timestamp("2013-01-02T05:00Z"),
    ]


@pytest.mark.parametrize(
    ("values", "declared", "dtype", "expected"),
    [
        ([1.0, None], "int", "Int64", [1, pd.NA]),
        ([1, 2], "float", "float64", [1.0, 2.0]),
        ([0, 1], "bool", "bool", [False, True]),
        ([True, None], "bool", "boolean", [True, pd.NA]),
        ([Decimal("1.5"), None], "float", "float64", [1.5, np.nan]),
        (["a", None], "string", "str", ["a", np.nan]),
        (pd.Categorical(["a", "b"]), "string", "str", ["a", "b"]),
        ([dt.date(2013, 1, 1), None], "timestamp", "datetime64[us, UTC]", ["2013-01-01", None]),
        ([None, None], "int", "Int64", [pd.NA, pd.NA]),
        ([np.inf, np.nan], "float", "float64", [np.inf, np.nan]),
    ],
)
def test_values_may_change_their_form_and_never_their_value(values, declared, dtype, expected):
    column = pd.Series(values, dtype=None if isinstance(values, pd.Categorical) else object)
    rows = pd.DataFrame({"id": [1, 2], "x": column})
    found = conform(rows, "t", table(columns={"x": declared}), known_columns=None)["x"]
    assert str(found.dtype) == dtype
    if dtype.startswith("datetime"):
        expected = pd.to_datetime(expected, utc=True)
    pd.testing.assert_series_equal(found, pd.Series(expected, dtype=dtype, name="x"))


@pytest.mark.parametrize(
    ("values", "declared", "said"),
    [
        (["1", "n/a?"], "float", r"found string \(for example 'n/a\?'\), expected float"),
        ([1.0, 2.5], "int", r"found float \(for example 2\.5\), expected int"),
        ([1, 2], "string", r"found int \(for example 1\), expected string"),
        ([0, 3], "bool", r"found int \(for example 3\), expected bool"),
        ([1356998400, 2], "timestamp", r"found int \(for example 1356998400\), expected timestamp"),
        (["2013-01-01", "yesterday"], "timestamp", "found 'yesterday', expected a timestamp"),
        ([True, False], "int", r"found bool \(for example True\), expected int"),
        (["a", 1], "string", r"found mixed-integer .* expected string"),
    ],
)
def test_a_retyped_column_is_named_with_a_value_that_does_not_fit(values, declared, said):
    rows = pd.DataFrame({"id": [1, 2], "x": values})
    with pytest.raises(DataError, match=rf"^table 't': column 'x': {said}"):
        conform(rows, "t", table(columns={"x": declared}), known_columns=None)


def test_a_column_retyped_since_the_last_ingest_is_refused():
    retyped = ROWS.assign(delay=["1", "late"])
    with pytest.raises(DataError, match=r"column 'delay': found string .* expected int"):
        conform(retyped, "t", TIMED, known_columns={"id": "int", "delay": "int"})


def test_a_missing_column_is_refused_with_what_was_found_instead():
    with pytest.raises(
        DataError,
        match=r"no column 'at', which the spec names as event_time of t; it has id\. Corr",
    ):
        conform(ROWS[["id"]], "t", TIMED, known_columns=None)


def test_a_renamed_column_is_refused_with_its_new_name():
    rows = ROWS.rename(columns={"delay": "delay_minutes"})
    with pytest.raises(DataError, match=r"'delay' is missing, and there is a new one 'delay_min"):
        conform(rows, "t", TIMED, known_columns={"id": "int", "at": "timestamp", "delay": "int"})


def test_a_wrong_name_in_the_spec_is_not_called_a_column_that_was_renamed():
    with pytest.raises(DataError) as raised:
        conform(ROWS, "t", table(event_time="att", key=["idd"]), known_columns=None)
    said = str(raised.value)
    assert "no column 'idd' (did you mean 'id'?), which the spec names as key of t" in said
    assert "no column 'att' (did you mean 'at'?), which the spec names as event_time of t" in said
    assert "it has id, at, delay. Correct the spec, or add the column at the source" in said
    assert "renamed" not in said


def test_a_column_that_may_be_missing_is_null():
    known = {"id": "int", "at": "timestamp", "delay": "int"}
    rows = ROWS.drop(columns="delay")
    found = conform(rows, "t", TIMED, known_columns=known, dispensable=["delay"])
    assert found["delay"].isna().all()
    assert str(found["delay"].dtype) == "Int64"
    whole = conform(ROWS, "t", TIMED, known_columns=known, dispensable=["delay"])
    assert whole["delay"].tolist() == [1, 2]


def test_all_problems_are_said_at_once():
    rows = pd.DataFrame([[1, 2, "x", 3]], columns=["a", "a", "delay", "_known_at"])
    with pytest.raises(DataError) as raised:
        conform(rows, "t", table(event_time="at", columns={"delay": "float"}), known_columns=None)
    said = str(raised.value)
    assert said.startswith("table 't' has 5 problems:\n  ")
    for problem in (
        "column 'a' appears 2 times",
        "column '_known_at' has a name that Lamplighter uses itself",
        "the source has no column 'id', which the spec names as key of t",
        "which the spec names as event_time of t",
        "column 'delay': found string",
    ):
        assert problem in said


def test_a_column_the_lake_does_not_have_is_left_out_and_said(caplog):
    known = {"id": "int", "at": "timestamp", "delay": "int"}
    rows = conform(ROWS.assign(extra=1), "t", TIMED, known_columns=known)
    assert list(rows) == ["id", "at", "delay"]
    assert "left out extra" in caplog.text


def test_a_new_column_is_taken_in_once_it_is_declared():
    known = {"id": "int", "at": "timestamp", "delay": "int"}
    declared = table(event_time="at", columns={"extra": "float"})
    assert "extra" in conform(ROWS.assign(extra=1), "t", declared, known_columns=known)


def test_a_declared_type_other_than_the_stored_one_is_refused():
    with pytest.raises(DataError, match="declared as float and was ingested as int"):
        conform(ROWS, "t", table(columns={"delay": "float"}), known_columns={"delay": "int"})


def test_a_row_that_nobody_can_say_when_it_became_known_is_refused():
    rows = ROWS.assign(at=["2013-01-01", None])
    with pytest.raises(DataError, match="column 'at': 1 of 2 rows have no time"):
        conform(rows, "t", TIMED, known_columns=None)
    known = table(event_time="at", available_at="known")
    conform(rows.assign(known="2013-01-02"), "t", known, known_columns=None)


def test_no_rows_at_all_still_have_the_columns_and_types_of_the_table():
    known = {"id": "int", "at": "timestamp", "carrier": "string", "late": "bool", "x": "float"}
    rows = conform(pd.DataFrame(), "t", TIMED, known_columns=known)
    full = pd.DataFrame(
        {"id": [1], "at": ["2013-01-01"], "carrier": ["UA"], "late": [True], "x": [1.5]}
    )
    conformed = conform(full, "t", TIMED, known_columns=known)
    pd.testing.assert_frame_equal(rows, conformed[:0][list(rows)])


def test_rows_are_neither_merged_nor_dropped():
    doubled = pd.concat([ROWS, ROWS, ROWS.assign(delay=9)])
    assert len(conform(doubled, "t", TIMED, known_columns=None)) == 6


def test_a_column_of_lists_is_refused_with_a_value():
    rows = pd.DataFrame({"id": [1], "parts": [[1, 2]]})
    with pytest.raises(DataError, match=r"column 'parts': found mixed \(for example \[1, 2\]\)"):
        conform(rows, "t", table(), known_columns=None)
