"""What init guesses about columns, from their names and values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import DataError, UsageError
from lamplighter.steps.starter.roles import (
    as_times,
    checked_key,
    guess_key,
    guess_target,
    guess_time,
)
from lamplighter.steps.starter.suspects import (
    doubtful_features,
    leaking_features,
    unfit_features,
)

N = 60
DAYS = pd.date_range("2024-01-01", periods=N, freq="D", tz="UTC", unit="us")
RNG = np.random.default_rng(0)


def column(values: object, name: str = "y") -> pd.Series:
    return pd.Series(values, name=name)


@pytest.mark.parametrize(
    ("values", "task", "positive"),
    [
        ([0, 1, 1], "binary", None),
        ([True, False], "binary", None),
        (["yes", "no", "yes"], "binary", "yes"),
        (["good", "good", "bad"], "binary", "bad"),
        (["blue", "blue", "red"], "binary", "red"),
        ([1, 1, 2], "binary", 2),
        (["a", "b", "c"], "multiclass", None),
        ([1, 2, 3, 4, 5], "multiclass", None),
        ([1.5, 2.5, 3.0], "regression", None),
        (list(range(200)), "regression", None),
    ],
)
def test_the_task_follows_from_the_values(values, task, positive):
    found = guess_target(column(values), None)
    assert (found.task, found.positive) == (task, positive)


@pytest.mark.parametrize(
    ("values", "task", "said"),
    [
        ([3, 3, 3], None, "always holds 3"),
        ([None, None], None, "always holds nothing"),
        ([str(n) for n in range(300)], None, "300 different values, at most 250 classes"),
        (list(range(300)), "multiclass", "at most 250 classes.*--task regression"),
        ([1, 2, 3], "binary", "needs two values, but y holds 3"),
        (["a", "b", "c"], "regression", "needs numbers, but y holds strings"),
        (list(DAYS), None, "holds times; predict a number"),
    ],
)
def test_a_target_that_cannot_be_predicted_is_refused(values, task, said):
    with pytest.raises(UsageError, match=said):
        guess_target(column(values), task)


def test_a_target_with_gaps_says_how_many():
    assert guess_target(column([1.5, None, 2.5, None]), None).missing == 2


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"order_id": range(N), "y": range(N)}, ("order_id",)),
        ({"sku": [f"B{n:04d}" for n in range(N)], "y": 1}, ("sku",)),
        ({"row": range(100, 100 + N), "y": 1}, ("row",)),
        ({"at": DAYS, "price": RNG.random(N)}, ("at",)),
        ({"shop": ["a", "b"] * N, "at": DAYS.repeat(2), "y": 1}, ("shop", "at")),
        ({"user_id": [1, 2] * 30, "item_id": np.arange(N) // 2, "y": 1}, ("user_id", "item_id")),
        ({"price": RNG.random(N), "y": 1}, ("_row",)),
        ({"words": [f"some words {n * n}" for n in range(N)], "y": 1}, ("_row",)),
        ({"amount": [int(n) for n in RNG.permutation(9_000)[:N]], "y": 1}, ("_row",)),
        ({"order_id": [*range(N - 1), 0], "y": 1}, ("_row",)),
        ({"y": range(N), "x": 1}, ("_row",)),
    ],
)
def test_the_key_is_what_tells_rows_apart_and_looks_given_out(columns, expected):
    frame = pd.DataFrame(columns)
    time = "at" if "at" in frame else None
    assert guess_key(frame, "y", time) == expected


def test_a_key_that_does_not_tell_rows_apart_is_refused_with_an_example():
    frame = pd.DataFrame({"id": [1, 2, 2], "x": [1, None, 3]})
    with pytest.raises(DataError, match="2 rows share theirs with another, for example 2"):
        checked_key(frame, ["id"])
    with pytest.raises(DataError, match="--key x: 1 rows have no value"):
        checked_key(frame, ["x"])
    with pytest.raises(UsageError, match=r"--key ids is no column; did you mean 'id'\?"):
        checked_key(frame, ["ids"])
    assert checked_key(frame, ["_row"]) == ("_row",)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"seen_at": DAYS}, "seen_at"),
        ({"day": DAYS.strftime("%Y-%m-%d")}, "day"),
        ({"updated_at": DAYS, "created_at": DAYS}, "created_at"),
        ({"birth_date": DAYS, "visit": DAYS}, "visit"),
        ({"at": [None, *DAYS[1:]]}, None),
        ({"at": [DAYS[0]] * N}, None),
        ({"zip": ["8000"] * N}, None),
    ],
)
def test_the_time_of_an_example_is_a_full_column_of_several_days(columns, expected):
    assert guess_time(pd.DataFrame(columns), "y", None) == expected


def test_a_wanted_time_must_hold_times():
    frame = pd.DataFrame({"at": DAYS, "n": range(N)})
    assert guess_time(frame, "y", "at") == "at"
    with pytest.raises(UsageError, match="--time n holds ints such as 0, expected times"):
        guess_time(frame, "y", "n")
    with pytest.raises(UsageError, match=r"--time att is no column; did you mean 'at'\?"):
        guess_time(frame, "y", "att")


def test_text_that_only_begins_like_a_date_is_no_time():
    assert as_times(column(["2024-01-01", "2024-13-45"])) is None
    assert as_times(column(["2024-01-01", None])) is not None


def test_columns_that_give_the_answer_away_or_cannot_be_features_are_left_out():
    day = np.arange(200)
    y = RNG.poisson(30, 200)
    part = RNG.integers(0, 5, 200)
    frame = pd.DataFrame(
        {
            "at": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(day, unit="D"),
            "y": y,
            "walkers": part,
            "riders": y - part,
            "fahrenheit_y": y * 1.8 + 32,
            "trend": day * 2.0,
            "paid_on": pd.Timestamp("2024-02-02", tz="UTC"),
            "note": [f"{n} went to the market to buy a fat pig, home again" for n in day],
            "ticket_id": RNG.permutation(200),
            "same": 7,
            "nothing": None,
            "wind": RNG.normal(size=200),
        }
    )
    found = unfit_features(frame, target="y", key=("_row",), time="at")
    assert {name: why.split(":")[0][:20] for name, why in found.items()} == {
        "walkers": "walkers + riders = y",
        "riders": "walkers + riders = y",
        "fahrenheit_y": "restates y",
        "trend": "grows with at",
        "paid_on": "a date; a feature fu",
        "note": "free text; a feature",
        "ticket_id": "names its row",
        "same": "always 7",
        "nothing": "holds nothing",
    }


def test_a_word_for_each_class_restates_the_target_and_a_mere_sign_of_it_does_not():
    y = RNG.integers(0, 2, 300)
    frame = pd.DataFrame(
        {"y": y, "said": np.where(y, "late", "fine"), "sign": y ^ (RNG.random(300) < 0.1)}
    )
    assert list(unfit_features(frame, target="y", key=("_row",), time=None)) == ["said"]


def test_what_a_night_would_stop_on_is_found_beforehand():
    y = (np.arange(3_000) % 20 == 0).astype(int)
    frame = pd.DataFrame(
        {"y": y, "honest": RNG.normal(size=3_000) + y, "refund": np.where(y, 5.5, np.nan)}
    )
    found = leaking_features(frame, ["honest", "refund"], target="y", task="binary")
    assert list(found) == ["refund"]
    assert "decides the label" in found["refund"]


def test_names_that_speak_of_the_end_are_doubted():
    names = ["assigned_room", "final_price", "reserved_room", "previous_cancellations", "weekend"]
    assert doubtful_features(names) == ["assigned_room", "final_price"]
