"""Behavioural tests of a candidate, on models whose behaviour is known."""

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import DataError, SpecError
from lamplighter.evaluation.behaviour import Subject, judge_behaviour
from lamplighter.spec.behaviour import Behaviour

ROWS = pd.DataFrame(
    {
        "km": np.arange(100.0),
        "city": np.resize(["Bern", "Cork", "Lima"], 100),
        "wet": np.resize([True, False], 100),
    }
)


def subject(predict, rows=ROWS, classes=(0, 1)):
    return Subject(predict, rows, [f"trip {number}" for number in range(len(rows))], classes)


def judge(rule, predict, **about):
    (found,) = judge_behaviour(Behaviour(**rule), subject(predict, **about))
    return found


def by_city(rows):
    return rows["city"].map({"Bern": 0.2, "Cork": 0.2, "Lima": 0.5}).to_numpy(dtype=float)


def by_km(rows):
    return np.where(rows["km"] >= 90, 0.1, rows["km"] / 200 + 0.2)


def test_a_change_within_a_set_that_changes_nothing_is_kept():
    found = judge({"invariance": [{"column": "city", "values": ["Bern", "Cork"]}]}, by_city)
    assert (found.kept, found.rows, found.estimate.value) == (True, 67, 0.0)


def test_a_change_that_matters_says_how_many_rows_an_example_and_the_key():
    rule = {"invariance": [{"column": "city", "values": ["Bern", "Lima"], "tolerance": 0.1}]}
    found = judge(rule, by_city)
    assert (found.kept, found.rows) == (False, 67)
    assert found.sentence == (
        "invariance of 'city among Bern, Lima' is broken on 67 of 67 rows (100.0%), at most 0.0% "
        "are allowed; for example trip 0: Bern gives 0.20000, Lima 0.50000, where 0.1 apart is "
        "allowed (gate.behaviour.invariance.0)"
    )


def test_a_prediction_that_must_rise_may_fall_on_as_many_rows_as_the_spec_allows():
    test = {"column": "km", "by": 5}
    found = judge({"monotonicity": [test]}, by_km)
    assert (found.kept, found.estimate.value) == (False, pytest.approx(0.05))
    assert "broken on 5 of 100 rows (5.0%)" in found.sentence
    assert "for example trip 89: 89 gives 0.64500, 94 0.10000" in found.sentence
    assert judge({"monotonicity": [test | {"violations": 0.05}]}, by_km).kept


def test_a_prediction_that_must_fall_is_broken_by_the_rest():
    found = judge({"monotonicity": [{"column": "km", "by": 5, "prediction": "falls"}]}, by_km)
    assert found.estimate.value == pytest.approx(0.85)


def test_given_rows_take_what_they_leave_out_from_the_median_and_the_commonest():
    seen = []

    def predict(rows):
        seen.append(rows)
        return by_km(rows)

    test = {"name": "far", "rows": [{"km": 80}, {"km": 95}], "above": 0.5}
    found = judge({"functionality": [test]}, predict)
    assert (found.kept, found.rows, found.estimate.value) == (False, 2, 0.5)
    assert "row 1: km 95 gives 0.10000, expected above 0.5" in found.sentence
    (rows,) = seen
    assert list(rows["city"]) == ["Bern", "Bern"]
    assert rows.dtypes.to_dict() == ROWS.dtypes.to_dict()


def far(rows):
    return {"functionality": [{"name": "far", "rows": rows, "above": 0.5}]}


def test_given_rows_may_come_from_a_function_of_an_allowed_package(monkeypatch):
    with pytest.raises(SpecError, match="given_rows:far is outside the allowed packages"):
        judge(far("given_rows:far"), by_km)
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "given_rows")
    assert judge(far("given_rows:far"), by_km).kept


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nothing", "returned a DataFrame without rows, expected a DataFrame with a row at least"),
        ("broken", r"failed \(KeyError: 'km'\); it is called without arguments"),
    ],
)
def test_a_function_without_rows_is_one_clear_message(monkeypatch, function, message):
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "given_rows")
    with pytest.raises(DataError, match=message):
        judge(far(f"given_rows:{function}"), by_km)


def test_a_class_of_several_is_named():
    def predict(rows):
        p = by_km(rows)
        return np.stack([1 - p, p], axis=1)

    test = {"column": "km", "by": 5, "violations": 0.05}
    assert judge(
        {"monotonicity": [test | {"of_class": "late"}]}, predict, classes=("early", "late")
    ).kept
    with pytest.raises(DataError, match="give of_class, one of early, late"):
        judge({"monotonicity": [test]}, predict, classes=("early", "late"))
    with pytest.raises(DataError, match="'never', which is no class; choose from early, late"):
        judge({"monotonicity": [test | {"of_class": "never"}]}, predict, classes=("early", "late"))


def test_a_test_that_finds_no_row_is_noted_and_rejects_nothing():
    found = judge({"invariance": [{"column": "city", "values": ["Oslo", "Rome"]}]}, by_city)
    assert (found.kept, found.estimate) == (None, None)
    assert "no held-out row has one of these values" in found.sentence


def test_only_so_many_rows_are_tried_as_the_spec_says():
    rule = {"rows": 10, "monotonicity": [{"column": "km", "by": 1}]}
    assert judge(rule, by_km).rows == 10


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"invariance": [{"column": "citi", "values": ["a", "b"]}]},
            r"gate.behaviour.invariance.0.column names 'citi', which is no feature; the nearest "
            "name is 'city'",
        ),
        (
            {"functionality": [{"name": "n", "rows": [{"speed": 3}], "above": 0}]},
            r"gate.behaviour.functionality.0.rows names 'speed', which is no feature",
        ),
        (
            {"monotonicity": [{"column": "city", "by": 1}]},
            r"monotonicity.0.column names 'city', which holds str; only a number can be increased",
        ),
        (
            {"functionality": [{"name": "n", "rows": [{"km": "far"}], "above": 0}]},
            r"functionality.0 gives 'km' the value 'far', and the feature holds float64",
        ),
        (
            {"functionality": [{"name": "n", "rows": [{"wet": "maybe"}], "above": 0}]},
            r"functionality.0 gives 'wet' the value 'maybe', and the feature holds bool",
        ),
    ],
)
def test_what_cannot_be_tried_is_one_clear_message(rule, message):
    with pytest.raises(DataError, match=message):
        judge(rule, by_km)
