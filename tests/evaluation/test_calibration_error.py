"""Calibration: errors by hand, and limits that noise alone does not break."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lamplighter.evaluation.calibration_error import (
    calibration_slope,
    expected_calibration_error,
    judge_calibration,
)
from lamplighter.evaluation.intervals import LeftOut
from lamplighter.evaluation.means import mean_of_days
from lamplighter.spec.checks import CalibrationLimits


def world(seed=0, days=20, rows=100, slope=1.0):
    """Return labels, predictions whose log odds are `1 / slope` of the true, and days."""
    rng = np.random.default_rng(seed)
    n = days * rows
    log_odds = rng.normal(-0.5, 1.0, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    day = np.repeat([f"2013-06-{number:02d}" for number in range(1, days + 1)], rows)
    return y, 1 / (1 + np.exp(-log_odds / slope)), day


def judge(y, prediction, day, task="binary", **rule):
    quantiles = rule.pop("quantiles", None)
    levels = rule.pop("levels", ())
    return judge_calibration(
        CalibrationLimits(**rule), task, y, prediction, day, confidence=0.95, levels=levels,
        quantiles=quantiles,
    )  # fmt: skip


def test_the_error_is_that_of_ten_groups_by_hand():
    y, p, day = world()
    found = expected_calibration_error("binary", y, p, LeftOut.of(day, len(y)), confidence=0.95)
    order = np.argsort(p)
    by_hand = sum(
        len(part) * abs(y[part].mean() - p[part].mean()) for part in np.array_split(order, 10)
    )
    assert found.value == pytest.approx(by_hand / len(y))
    assert found.lower <= found.value <= found.upper


def test_the_error_of_several_classes_is_that_of_the_confidence():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1.0, 1.0, 1.0], size=2_000)
    y = np.array([rng.choice(3, p=row) for row in p], dtype=float)
    hit, confidence = (p.argmax(axis=1) == y).astype(float), p.max(axis=1)
    left_out = LeftOut.of(None, len(y))
    several = expected_calibration_error("multiclass", y, p, left_out, confidence=0.95)
    assert several == expected_calibration_error(
        "binary", hit, confidence, left_out, confidence=0.95
    )


def test_noise_makes_the_error_large_but_not_the_lower_end_of_its_interval():
    # Calibrated predictions: the error is never 0, but surely above .01 in few samples.
    found = [
        expected_calibration_error(
            "binary", y, p, LeftOut.of(day, len(y)), confidence=0.95
        )
        for y, p, day in (world(seed, days=14, rows=50) for seed in range(80))
    ]  # fmt: skip
    assert np.mean([estimate.value for estimate in found]) > 0.03
    assert sum(estimate.lower > 0.0 for estimate in found) <= 6


def test_a_model_far_off_is_rejected_and_a_calibrated_one_is_not():
    y, p, day = world()
    (fine,) = judge(y, p, day, max_error=0.03)
    (off,) = judge(y, np.clip(p + 0.15, 0, 1), day, max_error=0.05)
    assert (fine.kept, off.kept) == (True, False)
    assert off.sentence.startswith("expected_calibration_error is 0.1")
    assert "at most 0.05 is allowed (gate.calibration.max_error)" in off.sentence


def test_the_slope_is_that_of_a_logistic_regression():
    y, p, day = world(slope=0.7)
    found = calibration_slope(y, p, LeftOut.of(day, len(y)))
    log_odds = np.log(p / (1 - p))[:, None]
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(log_odds, y)
    assert found.value == pytest.approx(theirs.coef_[0, 0], rel=1e-4)


def test_the_error_of_the_slope_is_that_of_fits_without_each_day():
    y, p, day = world()
    left_out = LeftOut.of(day, len(y))
    whole = calibration_slope(y, p, left_out)
    pseudo = np.array(
        [
            20 * whole.value
            - 19 * calibration_slope(y[kept], p[kept], LeftOut.of(day[kept], kept.sum())).value
            for kept in (day != name for name in sorted(set(day)))
        ]
    )
    by_hand = mean_of_days(pseudo)
    assert whole.standard_error == pytest.approx(by_hand.standard_error, rel=0.1)


@pytest.mark.parametrize(("slope", "kept"), [(0.5, False), (1.0, True), (2.0, False)])
def test_too_extreme_and_too_timid_predictions_both_break_the_slope(slope, kept):
    (found,) = judge(*world(days=30, rows=200, slope=slope), slope=(0.7, 1.4))
    assert found.kept is kept
    assert found.estimate.value == pytest.approx(slope, rel=0.15)


def test_labels_that_predictions_separate_have_no_slope_and_that_rejects():
    y = np.repeat([0.0, 1.0], 50)
    (found,) = judge(y, np.where(y == 1, 0.9, 0.1), None, slope=(0.7, 1.4))
    assert (found.kept, "cannot be measured" in found.sentence) == (False, True)


def test_quantiles_that_cover_too_little_are_named_by_their_level():
    rng = np.random.default_rng(0)
    y = rng.normal(size=4_000)
    day = np.repeat([f"2013-06-{number:02d}" for number in range(1, 21)], 200)
    quantiles = np.broadcast_to([-1.645, 1.0], (4_000, 2))
    fine, narrow = judge(
        y, np.zeros(4_000), day, task="regression", max_coverage_error=0.03, levels=(0.05, 0.95),
        quantiles=quantiles,
    )  # fmt: skip
    assert (fine.kept, narrow.kept) == (True, False)
    assert narrow.estimate.value == pytest.approx(abs((y <= 1.0).mean() - 0.95))
    assert narrow.sentence.startswith("coverage_error of level 0.95 is 0.10")
