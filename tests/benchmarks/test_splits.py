"""Held-out rows of the benchmark: the last in time, or a stratified part by seed."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.tuning.declared_set import DeclaredSet
from benchmarks.tuning.prepare import prepare
from benchmarks.tuning.prepared import read_prepared
from benchmarks.tuning.splits import split_at_random, split_in_time


def test_every_held_out_row_is_later_than_every_training_row():
    hours = np.random.default_rng(0).integers(0, 40, size=200)  # many rows share a moment
    times = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h"))
    training, held_out = split_in_time(times)
    assert times[training].max() < times[held_out].min()
    assert times[training].is_monotonic_increasing
    assert sorted([*training, *held_out]) == list(range(200))
    assert 50 <= len(held_out) < 70


def test_rows_without_a_time_are_in_neither_part():
    times = pd.Series(pd.to_datetime(["2024-01-01", None, "2024-01-03", "2024-01-02"]))
    training, held_out = split_in_time(times, holdout_from="2024-01-03T00:00Z")
    assert (training.tolist(), held_out.tolist()) == ([0, 3], [2])


def test_a_random_split_keeps_the_shares_of_classes_and_depends_on_the_seed_alone():
    y = pd.Series(["rare"] * 20 + ["usual"] * 380 + ["single"])
    training, held_out = split_at_random(y, seed=1, stratified=True)
    assert (y[held_out] == "rare").sum() == 5
    assert "single" in set(y[training])
    again = split_at_random(y, seed=1, stratified=True)[1]
    other = split_at_random(y, seed=2, stratified=True)[1]
    assert held_out.tolist() == again.tolist() != other.tolist()


def _visits() -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=80, freq="D")
    return pd.DataFrame(
        {
            "day": days,
            "spend": np.arange(80) * 1.5,
            "shop": ["north", "south", None, "east"] * 20,
            "back": ["no", "yes"] * 40,
            "refund": 1.0,
        }
    )


def test_a_prepared_set_reads_back_with_codes_calendar_and_order(tmp_path):
    declared = DeclaredSet(
        "visits", _visits, "binary", "back", source="", time="day", drop=("refund",), positive="no"
    )
    data = read_prepared(prepare(declared, seed=0, root=tmp_path))
    assert (len(data.train.y), len(data.test.y), data.classes) == (60, 20, 2)
    assert list(data.train.X.columns) == ["spend", "shop", "day_month", "day_weekday"]
    assert data.train.y[:2].tolist() == [1, 0]  # "no" is the positive class
    assert data.train.times is not None
    assert data.train.times.max() < data.test.times.min()
    assert data.train.X["shop"].isna().sum() == 15


def test_held_out_rows_of_a_class_never_trained_on_are_left_out(tmp_path):
    def read() -> pd.DataFrame:
        return _visits().assign(back=["a", "b"] * 39 + ["new", "a"])

    declared = DeclaredSet("visits", read, "multiclass", "back", source="", time="day")
    data = read_prepared(prepare(declared, seed=0, root=tmp_path))
    assert (data.classes, len(data.test.y)) == (2, 19)


def test_another_value_gives_another_digest(tmp_path):
    def digest(frame: pd.DataFrame, name: str) -> str:
        declared = DeclaredSet(name, lambda: frame, "regression", "spend", source="")
        return read_prepared(prepare(declared, seed=0, root=tmp_path)).digest

    frame = _visits()
    changed = frame.assign(shop=frame["shop"].where(frame.index != 7, "west"))
    assert digest(frame, "first") == digest(frame, "second") != digest(changed, "third")


def test_a_binary_set_of_three_values_is_refused(tmp_path):
    def read() -> pd.DataFrame:
        return _visits().assign(back=["a", "b", "c", "a"] * 20)

    declared = DeclaredSet("visits", read, "binary", "back", source="")
    with pytest.raises(ValueError, match="back has 3 values in training rows"):
        prepare(declared, seed=0, root=tmp_path)


def test_columns_of_any_type_become_what_every_system_reads(tmp_path):
    days = pd.date_range("2024-01-01", periods=80, freq="D")

    def read() -> pd.DataFrame:
        return _visits().assign(
            **{
                "born [date]": days.date,
                "born {date}": days,
                "stayed": days - days[0],
                "kind": pd.Categorical(["a", None, "b", "a"] * 20),
                "back": [1.0, 0.0, np.nan, 1.0] * 20,
            }
        )

    declared = DeclaredSet("visits", read, "binary", "back", source="", time="day", positive="0")
    data = read_prepared(prepare(declared, seed=0, root=tmp_path))
    X = data.train.X
    assert {"born _date__days", "born _date__month", "stayed", "kind"} <= set(X.columns)
    assert len(set(X.columns)) == len(X.columns)
    assert X["stayed"].iloc[1] == 24 * 3600
    assert X["kind"].isna().sum() == 15
    assert not [c for c in X.columns if str(X[c].dtype).startswith("datetime")]
    assert data.train.y[:4].tolist() == [0, 1, 0, 0]  # rows without a target are gone
