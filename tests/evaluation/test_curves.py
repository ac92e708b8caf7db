"""The few numbers behind the report's drawings."""

import numpy as np
import pytest

from lamplighter.evaluation.curves import curves_of


def test_bins_hold_all_rows_in_order_of_prediction():
    prediction = np.random.default_rng(0).random(1_000)
    bins = curves_of("binary", (prediction > 0.5).astype(float), prediction).calibration
    assert sum(b.rows for b in bins) == 1_000
    assert [b.rows for b in bins] == [100] * 10
    assert sorted(b.predicted for b in bins) == [b.predicted for b in bins]


def test_a_constant_prediction_is_one_bin():
    [only] = curves_of("binary", np.array([0.0, 1.0, 1.0]), np.full(3, 0.4)).calibration
    assert only.rows == 3
    assert (only.predicted, only.observed) == pytest.approx((0.4, 2 / 3))


def test_roc_of_ties_is_the_diagonal():
    assert curves_of("binary", np.array([0.0, 1.0]), np.full(2, 0.4)).roc == ((0, 0), (1, 1))


def test_roc_of_one_class_is_empty():
    assert curves_of("binary", np.ones(3), np.full(3, 0.4)).roc == ()


def test_roc_of_many_rows_is_thinned_and_keeps_its_ends():
    rng = np.random.default_rng(0)
    scores = rng.random(5_000)
    roc = curves_of("binary", (rng.random(5_000) < scores).astype(float), scores).roc
    assert len(roc) <= 100
    assert (roc[0], roc[-1]) == ((0, 0), (1, 1))


def test_regression_bins_show_the_spread_of_the_truth():
    rng = np.random.default_rng(0)
    prediction = rng.random(5_000)
    first = curves_of("regression", prediction + rng.normal(size=5_000), prediction).calibration[0]
    assert first.observed_low == pytest.approx(first.observed - 1.28, abs=0.2)
    assert first.observed_high == pytest.approx(first.observed + 1.28, abs=0.2)


def test_confusion_counts_truth_by_row_and_call_by_column():
    called = np.array([[0.8, 0.2, 0.0], [0.1, 0.2, 0.7], [0.1, 0.2, 0.7]])
    curves = curves_of("multiclass", np.array([0.0, 0.0, 2.0]), called)
    assert curves.confusion == ((1, 0, 1), (0, 0, 0), (0, 0, 1))
    assert sum(b.rows for b in curves.calibration) == 3
