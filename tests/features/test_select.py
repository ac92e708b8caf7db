"""Selection of features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, f_oneway, norm
from sklearn.feature_selection import f_classif

from lamplighter.errors import DataError
from lamplighter.features.encode import FrameEncoder
from lamplighter.features.select import refuse_other_pixels, select, usable_features
from lamplighter.features.univariate import bins, chi_square, mutual_information, score_columns
from lamplighter.spec.features import Images, Selection

RNG = np.random.default_rng(0)
LATE = RNG.integers(0, 2, 2_000).astype(float)
FRAME = pd.DataFrame(
    {
        "noise": RNG.normal(size=2_000),
        "helps": LATE + RNG.normal(size=2_000),
        "carrier": np.where(RNG.random(2_000) < 0.2 + 0.5 * LATE, "AA", "B6"),
        "many": RNG.choice([f"N{i}" for i in range(150)], 2_000),
        "constant": 1.0,
        "one_level": "JFK",
    }
)


def kept_by(selection: Selection, task: str = "binary", y: np.ndarray = LATE) -> tuple[str, ...]:
    encoder, X = FrameEncoder.learn(FRAME)
    return select(encoder, X, y, selection=selection, task=task, seed=0)


def test_columns_that_can_be_no_feature_are_dropped_with_a_reason():
    frame = FRAME.assign(empty=np.nan, lists=[[1]] * len(FRAME))
    kept, dropped = usable_features(frame)
    assert kept == list(FRAME.columns)
    assert dropped == {
        "empty": "no value in the training rows",
        "lists": "type object holds no numbers, categories, dates or text",
    }


def test_nothing_left_is_an_error_that_says_why():
    with pytest.raises(DataError, match=r"no feature is left of 1 columns \(empty: no value"):
        usable_features(pd.DataFrame({"empty": [None, None]}))


@pytest.mark.parametrize("method", ["none", "auto"])
def test_without_a_rule_every_feature_stays_in_order(method):
    assert kept_by(Selection(method=method)) == tuple(FRAME.columns)


def test_variance_drops_what_does_not_vary():
    assert kept_by(Selection(method="variance")) == ("noise", "helps", "carrier", "many")
    assert "noise" not in kept_by(Selection(method="variance", min_variance=1.1))


@pytest.mark.parametrize("score", ["mutual_information", "f", "chi2"])
def test_every_score_finds_what_tells_about_a_class(score):
    selection = Selection(method="univariate", keep_fraction=0.3, score=score)
    assert kept_by(selection) == ("helps", "carrier")


@pytest.mark.parametrize("score", ["mutual_information", "f", "chi2"])
def test_every_score_finds_what_tells_about_a_number(score):
    y = (
        FRAME["noise"].to_numpy() * 3
        + (FRAME["carrier"] == "AA").to_numpy() * 2
        + RNG.normal(size=2_000)
    )
    selection = Selection(method="univariate", keep_fraction=0.3, score=score)
    assert kept_by(selection, "regression", y) == ("noise", "carrier")


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_recursive_elimination_keeps_a_pair_that_only_helps_together(task):
    # Neither of the two says anything alone, so that no univariate score can find them.
    left, right = RNG.integers(0, 2, (2, 2_000))
    frame = FRAME[["noise", "many", "constant"]].assign(left=left, right=right)
    encoder, X = FrameEncoder.learn(frame)
    selection = Selection(method="recursive", keep_fraction=0.4)
    y = (left ^ right).astype(float)
    assert select(encoder, X, y, selection=selection, task=task, seed=0) == ("left", "right")


def test_a_feature_is_as_good_as_the_best_of_its_columns():
    times = pd.Series(pd.date_range("2024-01-01", periods=2_000, freq="5h"))
    frame = FRAME[["noise", "many"]].assign(when=times)
    encoder, X = FrameEncoder.learn(frame)
    weekend = (times.dt.day_of_week >= 5).to_numpy(dtype=float)
    for method in ("univariate", "recursive"):
        selection = Selection(method=method, keep_fraction=0.3)
        assert select(encoder, X, weekend, selection=selection, task="binary", seed=0) == ("when",)


def test_scores_are_as_improbable_as_the_tests_that_they_stand_for():
    weak = np.where(RNG.random(2_000) < 0.3 + 0.05 * LATE, "AA", "B6")
    frame = FRAME[["many"]].assign(number=0.05 * LATE + RNG.normal(size=2_000), weak=weak)
    _, X = FrameEncoder.learn(frame)
    found = dict(
        zip(frame.columns, norm.sf(score_columns(X, LATE, score="f", task="binary")), strict=True)
    )
    assert found["number"] == pytest.approx(f_classif(frame[["number"]], LATE)[1][0], rel=0.2)
    for name in ("weak", "many"):
        groups = [LATE[(frame[name] == level).to_numpy()] for level in frame[name].unique()]
        assert found[name] == pytest.approx(f_oneway(*groups).pvalue, rel=0.2)
        codes = X.values[:, frame.columns.get_loc(name)].astype(int)
        table = pd.crosstab(codes, LATE)
        expected = chi2_contingency(table, correction=False).pvalue
        assert norm.sf(chi_square(codes, LATE.astype(int))) == pytest.approx(expected, rel=0.2)


def test_levels_that_tell_by_chance_alone_count_for_nothing():
    codes = RNG.integers(0, 20, 2_000)
    assert abs(mutual_information(codes, LATE.astype(int))) < 0.01


def test_what_is_missing_tells_too():
    gaps = np.where(LATE == 1, np.nan, RNG.normal(size=2_000))
    information = mutual_information(bins(gaps), LATE.astype(int))
    assert information == pytest.approx(np.log(2), abs=0.01)


def test_gaps_and_empty_columns_break_no_score():
    frame = FRAME.assign(gaps=FRAME["noise"].where(LATE == 1), empty=np.nan)
    _, X = FrameEncoder.learn(frame)
    for score in ("mutual_information", "f", "chi2"):
        assert np.isfinite(score_columns(X, LATE, score=score, task="binary")).all()


def test_images_of_another_size_are_refused_before_anything_is_learnt():
    pixels = [f"pixel_{place}" for place in range(6)]
    refuse_other_pixels([*pixels, "age"], Images(columns="pixel_", height=2, width=3))
    refuse_other_pixels(pixels, None)
    with pytest.raises(DataError, match=r"6 features begin with 'pixel_', expected 2 x 4 = 8 pix"):
        refuse_other_pixels(pixels, Images(columns="pixel_", height=2, width=4))
