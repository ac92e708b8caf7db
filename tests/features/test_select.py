"""Selection of features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import DataError
from lamplighter.features.select import choose_features, mutual_information
from lamplighter.spec.features import Selection

RNG = np.random.default_rng(0)
LATE = RNG.integers(0, 2, 2_000)
FRAME = pd.DataFrame(
    {
        "noise": RNG.normal(size=2_000),
        "helps": LATE + RNG.normal(size=2_000),
        "carrier": np.where(RNG.random(2_000) < 0.2 + 0.5 * LATE, "AA", "B6"),
        "many": RNG.choice([f"N{i}" for i in range(1_000)], 2_000),
        "constant": 1.0,
        "one_level": "JFK",
    }
)


def kept_by(selection: Selection, task: str = "binary", y: np.ndarray = LATE) -> list[str]:
    return choose_features(FRAME, y, selection=selection, task=task)[0]


def test_none_keeps_every_usable_column_in_order():
    assert kept_by(Selection(method="none")) == list(FRAME.columns)


def test_timestamps_and_empty_columns_are_dropped_whatever_the_method():
    frame = FRAME.assign(when=pd.Timestamp("2013-07-01", tz="UTC"), empty=np.nan)
    kept, dropped = choose_features(frame, LATE, selection=Selection(), task="binary")
    assert kept == list(FRAME.columns)
    assert dropped["when"].startswith("a timestamp; turn it into features")
    assert dropped["empty"] == "no value in the training rows"


def test_variance_drops_what_does_not_vary_and_says_so():
    kept, dropped = choose_features(
        FRAME, LATE, selection=Selection(method="variance"), task="binary"
    )
    assert kept == ["noise", "helps", "carrier", "many"]
    assert dropped == {
        "constant": "variance 0 is not above 0",
        "one_level": "one level only, 'JFK'",
    }


def test_univariate_keeps_what_tells_about_the_target():
    selection = Selection(method="univariate", keep_fraction=0.3)
    assert kept_by(selection) == ["helps", "carrier"]


def test_univariate_works_for_numbers_to_predict():
    y = FRAME["noise"].to_numpy() * 3 + RNG.normal(size=2_000)
    assert kept_by(Selection(method="univariate", keep_fraction=0.1), "regression", y) == ["noise"]


def test_univariate_says_what_rank_a_column_had():
    _, dropped = choose_features(
        FRAME, LATE, selection=Selection(method="univariate", keep_fraction=0.3), task="binary"
    )
    assert dropped["noise"].endswith("2 are kept")
    assert set(dropped) == {"noise", "many", "constant", "one_level"}


def test_chance_alone_gives_a_column_of_many_levels_no_information():
    assert abs(mutual_information(FRAME["many"], LATE)) < 0.01
    assert mutual_information(FRAME["carrier"], LATE) > 0.05


def test_missing_values_that_tell_about_the_target_count():
    gaps = pd.Series(np.where(LATE == 1, np.nan, 1.0))
    assert mutual_information(gaps, LATE) == pytest.approx(np.log(2), abs=0.01)


def test_it_is_an_error_when_nothing_is_left():
    frame = pd.DataFrame({"a": [None, None], "when": pd.to_datetime(["2013-01-01"] * 2)})
    with pytest.raises(DataError, match=r"no feature is left of 2 columns \(a: no value in the"):
        choose_features(frame, [0, 1], selection=Selection(), task="binary")
