"""Severities, expectations of one's own, what is learned, and which rows exactly fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lamplighter.errors import SpecError
from lamplighter.quality.checks import TableValidation
from lamplighter.quality.custom import custom_check
from lamplighter.quality.learned import ColumnProfile, learn_columns
from lamplighter.quality.validate import validate_table
from lamplighter.quality.volume import Reading, Stored
from lamplighter.spec.data import Expectation, Table, Validation

UNTIL = datetime(2024, 1, 9, tzinfo=UTC)
TABLE = Table.model_validate({"source": {"csv": "x.csv"}, "key": ["id"]})
TIMED = Table.model_validate({"source": {"csv": "x.csv"}, "key": ["id"], "event_time": "at"})


def validated(rows: pd.DataFrame, rules: dict, table: Table = TABLE, **others) -> TableValidation:
    arguments = {
        "reading": Reading(since=None, until=UNTIL, zone=ZoneInfo("UTC")),
        "stored": Stored(),
        "is_examples": False,
        "target_column": None,
        "task": "binary",
        **others,
    }
    validation = Validation.model_validate(rules)
    return validate_table(rows, "t", table, validation, **arguments)


class ExpectEvenNumbers(gxe.ExpectColumnValuesToBeInSet):
    """Stands in for an expectation of a user's own."""

    column: str = "x"
    value_set: list = [0, 2, 4, 6, 8]  # noqa: RUF012 (as pydantic declares it)


class NoExpectation:
    """Something that a path may name by mistake."""


def loaded(path: str):
    return {"shop:ExpectEvenNumbers": ExpectEvenNumbers, "shop:NoExpectation": NoExpectation}[path]


CELLS = st.tuples(
    st.sampled_from(["EWR", "JFK", "XYZ", None]),
    st.floats(-10, 110) | st.just(float("nan")) | st.just(float("inf")),
    st.booleans(),
)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(CELLS, min_size=1, max_size=12))
def test_just_the_rows_are_set_aside_that_fail_when_each_is_looked_at_alone(cells):
    rows = pd.DataFrame(cells, columns=["origin", "x", "gone"]).assign(id=range(len(cells)))
    rows = rows.astype({"origin": "str", "x": "float64", "gone": "bool"})
    table = TABLE.model_copy(update={"deleted": "gone"})
    rules = {
        "not_null": {"t": ["origin"]},
        "between": {"t": {"x": [0, 100]}},
        "in_set": {"t": {"origin": ["EWR", "JFK"]}},
        "max_quarantined_fraction": 1,
    }

    def fails(origin, x, gone) -> bool:
        known = origin in ("EWR", "JFK")
        in_range = np.isnan(x) or 0 <= x <= 100
        return not gone and not (known and in_range)

    by_hand = tuple(place for place, cell in enumerate(cells) if fails(*cell))
    found = validated(rows, rules, table)
    assert found.success
    assert found.set_aside == by_hand


def test_an_expectation_of_ones_own_sets_its_rows_aside():
    rows = pd.DataFrame({"id": range(30), "x": [0, 2, 3] * 10})
    own = {"expectations": [{"table": "t", "name": "shop:ExpectEvenNumbers"}]}
    found = validated(rows, own | {"max_quarantined_fraction": 0.5}, load=loaded)
    assert found.set_aside == tuple(range(2, 30, 3))
    (sentence,) = found.quarantined
    assert sentence.startswith("t.x: 10 of 30 rows are outside: 3 (for example id=2), expected ")


def test_an_expectation_of_the_whole_table_stops_the_night_unless_it_says_otherwise():
    mean = {
        "table": "t",
        "name": "ExpectColumnMeanToBeBetween",
        "arguments": {"column": "x", "max_value": 1},
    }
    rows = pd.DataFrame({"id": range(4), "x": [2.0] * 4})
    (problem,) = validated(rows, {"expectations": [mean]}).problems
    assert problem.startswith("t.x: 2, expected ExpectColumnMeanToBeBetween(column='x', max_value")
    found = validated(rows, {"expectations": [{**mean, "severity": "warning"}]})
    assert (found.success, len(found.warnings)) == (True, 1)


def test_a_check_that_cannot_be_made_stops_the_night():
    missing = {
        "table": "t",
        "name": "ExpectColumnValuesToBeBetween",
        "arguments": {"column": "y", "min_value": 1},
    }
    found = validated(pd.DataFrame({"id": range(4)}), {"expectations": [missing]})
    (problem,) = found.problems
    assert "the check could not be made" in problem
    assert "\n" not in problem


def test_a_check_that_fails_and_names_no_row_stops_the_night():
    kind = {
        "table": "t",
        "name": "ExpectColumnValuesToBeOfType",
        "arguments": {"column": "x", "type_": "int"},
    }
    found = validated(pd.DataFrame({"id": range(4), "x": [1.5] * 4}), {"expectations": [kind]})
    assert (found.set_aside, len(found.problems)) == ((), 1)


def test_a_delivery_without_rows_has_no_mean_that_could_stop_the_night():
    names = ("Mean", "Median", "Max")
    rules = [
        {
            "table": "t",
            "name": f"ExpectColumn{name}ToBeBetween",
            "arguments": {"column": "x", "min_value": 1},
        }
        for name in names
    ]
    none = pd.DataFrame({"id": pd.Series(dtype="int64"), "x": pd.Series(dtype="float64")})
    assert validated(none, {"expectations": rules, "min_rows": 0}).problems == ()
    low = pd.DataFrame({"id": [1], "x": [0.0]})
    assert len(validated(low, {"expectations": rules}).problems) == len(names)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"name": "ExpectColumnValuesToBeBetwen"}, "did you mean ExpectColumnValuesToBeBetween"),
        (
            {"name": "ExpectColumnValuesToBeBetween", "arguments": {"colum": "x", "min_value": 0}},
            "does not take colum='x', min_value=0",
        ),
        ({"name": "shop:NoExpectation"}, "is no class of an expectation; derive it from"),
        (
            {
                "name": "ExpectTableRowCountToBeBetween",
                "arguments": {"min_value": 1},
                "severity": "quarantine",
            },
            "there are no rows to set aside; its severity is critical or warning",
        ),
    ],
)
def test_an_expectation_that_cannot_be_used_is_refused_in_a_line(declared, said):
    with pytest.raises(SpecError) as refused:
        custom_check(Expectation(table="t", **declared), load=loaded)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", ["freshness", "volume", "schema"])
def test_what_no_single_rows_fail_cannot_set_rows_aside(kind):
    with pytest.raises(ValidationError, match=f"severity.{kind} is quarantine, but no single rows"):
        Validation.model_validate({"severity": {kind: "quarantine"}})


def test_the_share_that_may_be_set_aside_is_a_limit_and_not_reached_by_itself():
    rows = pd.DataFrame({"id": range(100), "x": [200.0] * 10 + [1.0] * 90})
    rules = {"between": {"t": {"x": [0, 100]}}}
    assert validated(rows, rules | {"max_quarantined_fraction": 0.1}).success
    found = validated(rows, rules | {"max_quarantined_fraction": 0.09})
    assert not found.success
    assert found.set_aside == ()


@pytest.mark.parametrize(
    ("severity", "aside", "stopped", "warned"),
    [(None, 0, False, True), ("quarantine", 2, False, False), ("critical", 0, True, False)],
)
def test_late_rows_warn_unless_the_spec_says_otherwise(severity, aside, stopped, warned):
    since = UNTIL - timedelta(days=1)
    times = [since - timedelta(hours=1), since] + [
        since + timedelta(minutes=m) for m in range(1, 9)
    ]
    rows = pd.DataFrame({"id": range(10), "at": pd.to_datetime(times, utc=True)})
    rules = {"max_quarantined_fraction": 0.5, "max_late_fraction": 0.19}
    rules |= {"severity": {"late": severity}} if severity else {}
    reading = Reading(since=since, until=UNTIL, zone=ZoneInfo("UTC"))
    found = validated(rows, rules, TIMED, reading=reading)
    late = [w for w in found.warnings if "that an earlier night had closed" in w]
    assert (len(found.set_aside), not found.success, bool(late)) == (aside, stopped, warned)
    rules |= {"max_late_fraction": 0.2}
    assert validated(rows, rules, TIMED, reading=reading).set_aside == ()


def test_volume_counts_the_rows_that_are_let_in():
    times = pd.date_range("2024-01-08", periods=24, freq="h", tz="UTC")
    rows = pd.DataFrame({"id": range(24), "at": times, "x": [500.0] + [1.0] * 23})
    rules = {"between": {"t": {"x": [0, 100]}}, "min_rows": 24}
    reading = Reading(since=UNTIL - timedelta(days=1), until=UNTIL, zone=ZoneInfo("UTC"))
    found = validated(rows, rules, TIMED, reading=reading, is_examples=True)
    assert [p for p in found.problems if p.startswith("t: 2024-01-08 has 23, expected at least 24")]


def test_what_is_learned_is_a_wide_range_the_categories_and_the_share_of_nulls():
    n = 10_000
    random = np.random.default_rng(0)
    x = random.normal(size=n)
    x[:2_000] = np.nan
    rows = pd.DataFrame(
        {"id": range(n), "x": x, "origin": random.choice(["EWR", "JFK"], n),
         "name": [f"n{i}" for i in range(n)], "none": np.nan}
    )  # fmt: skip
    learned = learn_columns(rows, TABLE)
    assert set(learned) == {"x", "origin", "name"}
    low, high = np.quantile(x[2_000:], [0.005, 0.995])
    assert learned["x"].null_fraction == 0.2
    assert learned["x"].low == pytest.approx(low - (high - low) / 2)
    assert learned["x"].high == pytest.approx(high + (high - low) / 2)
    assert learned["origin"].categories == ("EWR", "JFK")
    assert learned["name"].categories is None
    assert ColumnProfile.of(learned["origin"].document()) == learned["origin"]
    assert learn_columns(rows.head(99), TABLE) == {}


def test_what_was_learned_warns_of_another_unit_and_not_of_a_single_odd_row():
    random = np.random.default_rng(0)
    usual = pd.DataFrame({"id": range(1_000), "x": random.normal(20, 5, 1_000)})
    learned = learn_columns(usual, TABLE)
    odd = usual.assign(x=usual["x"].where(usual.index > 9, 1_000.0))
    fahrenheit = usual.assign(x=usual["x"] * 9 / 5 + 32)
    assert validated(usual, {}, learned=learned).warnings == ()
    assert validated(odd, {}, learned=learned).warnings == ()
    (warning,) = validated(fahrenheit, {}, learned=learned).warnings
    assert "in 99% of the rows, as before" in warning
    assert validated(fahrenheit, {"learn": False}, learned=learned).warnings == ()
    said = {"between": {"t": {"x": [-100, 200]}}}
    assert validated(fahrenheit, said, learned=learned).warnings == ()
