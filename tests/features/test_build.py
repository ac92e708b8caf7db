"""What a feature function gets, may return, and may not read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from pydantic import ValidationError

from lamplighter.data.asof import AsOfView
from lamplighter.errors import DataError, SpecError, TimeTravelError
from lamplighter.features.build import build_features
from lamplighter.spec import ModelSpec

AS_OF = datetime(2024, 3, 10, tzinfo=UTC)
VISITS = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "at": pd.date_range("2024-03-05", periods=3, freq="D", tz="UTC", unit="us"),
        "city": ["Bern", "Cork", "Lima"],
        "age": [30.0, 40.0, 50.0],
        "late": [True, False, True],
    }
)
MODULE = """
import pandas as pd

def good(examples, view):
    seen.append(list(examples.columns))
    return pd.DataFrame({"city": examples["city"], "older": examples["age"] + 1})

def reads_everything(examples, view):
    return examples.merge(view.rows("visits"), on="id")

def reads_tomorrow(examples, view):
    tomorrow = examples["prediction_time"] + pd.Timedelta(days=1)
    return view.latest("visits", examples, by=["city"], columns=["late"], at=tomorrow)

def reads_the_announced(examples, view):
    return view.announced("visits", examples, columns=["late"], lead=pd.Timedelta(days=-9))

def a_list(examples, view):
    return [1, 2, 3]

def one_row(examples, view):
    return pd.DataFrame({"x": [1]})

def reordered(examples, view):
    return pd.DataFrame({"x": examples["age"].iloc[::-1]})

def numbered(examples, view):
    return pd.DataFrame({0: examples["age"]})

def doubled(examples, view):
    return examples[["age", "age"]]

def empty(examples, view):
    return examples[[]]

def a_time(examples, view):
    return examples[["age", "prediction_time"]]

def a_period(examples, view):
    times = examples["prediction_time"].dt.tz_localize(None)
    return pd.DataFrame({"month": times.dt.to_period("M")})

seen = []
"""


def spec_of(function: str | None = None, **features: object) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "model": "visits",
            "owner": {"team": "a"},
            "task": "binary",
            "time": {"start": "2024-01-01"},
            "data": {
                "tables": {
                    "visits": {"source": {"parquet": "x"}, "key": ["id"], "event_time": "at"}
                },
                "target": "late",
            },
            "features": {
                "function": f"own_features:{function}" if function else None,
                **features,
            },
        }
    )


@pytest.fixture
def own_features(tmp_path, monkeypatch):
    (tmp_path / "own_features.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "own_features")
    monkeypatch.delitem(__import__("sys").modules, "own_features", raising=False)
    import own_features

    return own_features


@pytest.fixture
def view() -> AsOfView:
    history = VISITS.assign(_known_at=VISITS["at"], _event_time=VISITS["at"], _deleted=False)
    table = spec_of().data.tables["visits"]
    return AsOfView({"visits": (table, history)}, as_of=AS_OF)


def examples() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": VISITS["id"],
            "event_time": VISITS["at"],
            "prediction_time": VISITS["at"],
            "block": VISITS["at"].dt.strftime("%Y-%m-%d"),
            "label": [1.0, 0.0, 1.0],
            "label_time": VISITS["at"] + timedelta(hours=1),
        }
    ).set_axis([7, 8, 9])


def test_a_function_gets_the_examples_own_columns_but_never_the_label(view, own_features):
    features = build_features(spec_of("good"), examples(), view)
    assert features["older"].tolist() == [31.0, 41.0, 51.0]
    assert features.index.tolist() == [7, 8, 9]
    (columns,) = own_features.seen
    assert set(columns) == {"id", "event_time", "prediction_time", "at", "city", "age"}


def test_without_a_function_the_tables_columns_are_the_features(view):
    features = build_features(spec_of(), examples(), view)
    assert features.columns.tolist() == ["city", "age"]
    assert features["city"].tolist() == ["Bern", "Cork", "Lima"]


def test_dropped_columns_are_no_features(view, own_features):
    assert build_features(spec_of(drop=["city"]), examples(), view).columns.tolist() == ["age"]
    dropped = build_features(spec_of("good", drop=["older"]), examples(), view)
    assert dropped.columns.tolist() == ["city"]


def test_only_the_examples_asked_for_are_answered_in_their_order(view):
    few = examples().iloc[[2, 0]]
    features = build_features(spec_of(), few, view)
    assert features.index.tolist() == [9, 7]
    assert features["city"].tolist() == ["Lima", "Bern"]


@pytest.mark.parametrize(
    "features",
    [{"drop": ["aeg"]}, {"types": {"aeg": "category"}}, {"optional": ["aeg"]}],
    ids=["drop", "types", "optional"],
)
def test_a_misspelt_name_is_refused_with_the_nearest_one(view, features):
    (key,) = features
    with pytest.raises(DataError, match=rf"features.{key} names 'aeg'.*the nearest name is 'age'"):
        build_features(spec_of(**features), examples(), view)


def test_balancing_classes_of_a_number_is_refused():
    augment = {"method": "oversample"}
    spec = spec_of(augment=augment)
    with pytest.raises(ValidationError, match="oversample balances classes, and the task is"):
        ModelSpec.model_validate({**spec.model_dump(), "task": "regression"})


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("reads_everything", "after the earliest prediction time"),
        ("reads_tomorrow", "after their own prediction time"),
        ("reads_the_announced", "already hold them"),
    ],
)
def test_a_function_that_reads_the_future_is_stopped(view, own_features, function, message):
    with pytest.raises(TimeTravelError, match=message):
        build_features(spec_of(function), examples(), view)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("a_list", "returned a list, expected a DataFrame"),
        ("one_row", "returned 1 rows for 3 examples"),
        ("reordered", "keep the examples' index"),
        ("numbered", "gives a feature the name 0, expected text"),
        ("doubled", "gives two features the name 'age'"),
        ("empty", "gives no feature"),
        (
            "a_period",
            r"the feature 'month' the type period\[M\], expected numbers, booleans, dates",
        ),
    ],
)
def test_a_function_that_returns_no_features_is_refused(view, own_features, function, message):
    with pytest.raises(DataError, match=message):
        build_features(spec_of(function), examples(), view)


def test_a_time_can_be_a_feature(view, own_features):
    features = build_features(spec_of("a_time"), examples(), view)
    assert features.columns.tolist() == ["age", "prediction_time"]


def test_a_function_from_elsewhere_is_refused(view, monkeypatch):
    monkeypatch.delenv("LAMPLIGHTER_ALLOWED_PACKAGES", raising=False)
    with pytest.raises(SpecError, match="outside the allowed packages"):
        build_features(spec_of("good"), examples(), view)
