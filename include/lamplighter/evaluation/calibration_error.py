"""Calibration: how far predictions are from what is observed, with intervals by whole days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from lamplighter.contracts import Estimate
from lamplighter.evaluation.check import Check, keeps, simultaneous
from lamplighter.evaluation.intervals import LeftOut
from lamplighter.evaluation.means import Mean
from lamplighter.evaluation.metrics import Task
from lamplighter.evaluation.ranking import Floats
from lamplighter.evaluation.wording import figure, span
from lamplighter.spec.checks import CalibrationLimits

_BINS = 10
_FARTHEST_LOG_ODDS = 15.0
_STEPS = 30
_KEY = "gate.calibration"


def judge_calibration(
    rule: CalibrationLimits,
    task: Task,
    y: Floats,
    prediction: Floats,
    blocks: ArrayLike | None,
    *,
    confidence: float,
    levels: Sequence[float] = (),
    quantiles: Floats | None = None,
) -> tuple[Check, ...]:
    """Hold the calibration of a candidate against a spec's limits.

    Parameters
    ----------
    rule : CalibrationLimits
        The spec's section.
    task : {"binary", "multiclass", "regression"}
    y, prediction : ndarray of float
        Labels (classes as numbers) and predictions of the hold-out.
    blocks : array_like of str, shape (n_rows,), or None
        Day of each row.
    confidence : float
        Of the section as a whole; see `simultaneous`.
    levels : sequence of float
        For regression: the levels of the predicted quantiles.
    quantiles : ndarray of float, shape (n_rows, n_levels), or None
        For regression: the quantiles of each row.

    Returns
    -------
    tuple of Check
        What could not be measured rejects: a limit that the spec asks for is not passed unseen.
    """
    left_out = LeftOut.of(blocks, len(y))
    asked = (rule.max_error is not None) + (rule.slope is not None)
    each = simultaneous(confidence, max(asked, len(levels)), rule.reject)
    checks = []
    if rule.max_error is not None:
        error = expected_calibration_error(task, y, prediction, left_out, confidence=each)
        empty = Check("calibration", "", "expected_calibration_error", len(y), None, rule.max_error)
        checks.append(_judged(rule, empty, error, "max_error"))
    if rule.slope is not None:
        slope = calibration_slope(y, prediction, left_out)
        checks.append(_judged_slope(rule, rule.slope, slope, len(y), each))
    if rule.max_coverage_error is not None:
        for place, level in enumerate(levels):
            assert quantiles is not None
            below = np.asarray((y <= quantiles[:, place]) - level, dtype=np.float64)
            apart = _apart(_mean(left_out, below), each)
            about = f"level {level:g}"
            empty = Check(
                "calibration", about, "coverage_error", len(y), None, rule.max_coverage_error
            )
            checks.append(_judged(rule, empty, apart, "max_coverage_error"))
    return tuple(checks)


def expected_calibration_error(
    task: Task, y: Floats, prediction: Floats, left_out: LeftOut, *, confidence: float
) -> Estimate | None:
    r"""Return how far predicted and observed shares lie apart, on average over the rows.

    With the rows in ten groups of like prediction, :math:`g_b` the mean of label less
    probability in group *b*, and :math:`w_b` its share of the rows,

    .. math:: \mathrm{ECE} = \sum_b w_b |g_b| .

    For several classes the probability is the largest, and the label whether it was right [1]_.

    The noise of a group's rows makes its :math:`|g_b|` too large, also of a model that is
    perfectly calibrated. Therefore the lower end of the interval belongs to another number, that
    is never above the true error on average: the sum of :math:`w_b s_b g_b` over a day's rows, with
    the signs :math:`s_b` as all but this day and its neighbours show them. The upper end is the
    jackknife's of the plain error; so each end errs to its own side.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On Calibration of Modern Neural
       Networks", ICML 2017.
    """
    truth, p = (y, prediction) if task == "binary" else _confidence(y, prediction)
    edges = np.unique(np.quantile(p, np.linspace(0, 1, _BINS + 1)[1:-1])) if len(p) else p
    bins = np.searchsorted(edges, p, side="right")
    gaps = np.stack(
        [left_out.sums(np.where(bins == b, truth - p, 0.0)) for b in range(len(edges) + 1)], axis=1
    )
    rows = left_out.sums(np.ones(len(p)))
    plain = left_out.mean(lambda counts: np.abs(counts @ gaps).sum(axis=1) / (counts @ rows))
    if plain is None:
        return None
    signs = np.sign(gaps.sum(axis=0) - _with_neighbours(gaps, left_out))
    daily = left_out.groups * (signs * gaps).sum(axis=1) / rows.sum()
    cautious = left_out.of_pseudo_values(daily)
    assert cautious is not None
    lower = min(cautious.interval(confidence).lower, plain.value)
    upper = plain.interval(confidence).upper
    return Estimate(value=plain.value, lower=max(lower, 0.0), upper=min(upper, 1.0))


def calibration_slope(y: Floats, prediction: Floats, left_out: LeftOut) -> Mean | None:
    r"""Return the slope of the label's log odds on the predicted ones.

    Of the logistic regression :math:`\mathrm{logit}\, P(y = 1) = a + b\, \mathrm{logit}\, p`
    [1]_: 1 where calibrated, below 1 where predictions are too extreme, above where they are too
    timid. What each day adds to it is its score, turned by the inverse information, so no fit is
    repeated. None where labels and predictions separate the classes, or have only one.

    References
    ----------
    .. [1] D. R. Cox, "Two Further Applications of a Model for Binary Regression", Biometrika 45,
       1958.
    """
    X = np.stack([np.ones(len(y)), _log_odds(prediction)], axis=1)
    if len(y) < 3 or len(np.unique(y)) < 2 or np.ptp(X[:, 1]) == 0:
        return None
    beta = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(X @ beta, -30, 30)))
        information = (X * (expected * (1 - expected))[:, None]).T @ X
        step = np.linalg.lstsq(information, X.T @ (y - expected), rcond=None)[0]
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-9:
            break
    else:
        return None
    turned = np.linalg.solve(information, X.T)[1] * (y - expected)
    mean = left_out.of_pseudo_values(beta[1] + left_out.groups * left_out.sums(turned))
    return replace(mean, value=float(beta[1])) if mean else None


def _confidence(y: Floats, prediction: Floats) -> tuple[Floats, Floats]:
    hit = prediction.argmax(axis=1) == y
    return hit.astype(float), np.asarray(prediction.max(axis=1))


def _with_neighbours(gaps: Floats, left_out: LeftOut) -> Floats:
    """Return the sum over each group and, where groups are days, the days beside it."""
    near = gaps.copy()
    if left_out.timed and left_out.groups > 3:
        near[1:] += gaps[:-1]
        near[:-1] += gaps[1:]
    return near


def _log_odds(p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        odds = np.log(p) - np.log1p(-p)
    return np.asarray(np.clip(odds, -_FARTHEST_LOG_ODDS, _FARTHEST_LOG_ODDS))


def _mean(left_out: LeftOut, values: Floats) -> Mean | None:
    sums, rows = left_out.sums(values), left_out.sums(np.ones(len(values)))
    return left_out.mean(lambda counts: (counts @ sums) / (counts @ rows))


def _apart(mean: Mean | None, confidence: float) -> Estimate | None:
    if mean is None:
        return None
    reach = mean.interval(confidence).upper - mean.value
    off = abs(mean.value)
    return Estimate(value=off, lower=max(off - reach, 0.0), upper=off + reach)


def _judged(rule: CalibrationLimits, check: Check, estimate: Estimate | None, key: str) -> Check:
    limit = check.limit
    assert limit is not None
    if estimate is None:
        return _unknown(check, key)
    kept = keeps(estimate, limit, rule.reject)
    what = f"{check.what} of {check.about}" if check.about else check.what
    sentence = (
        f"{what} is {figure(estimate.value)} ({span(estimate)}), at most {limit:g} is allowed "
        f"({_KEY}.{key})"
    )
    return replace(check, estimate=estimate, kept=kept, sentence="" if kept else sentence)


def _judged_slope(
    rule: CalibrationLimits,
    allowed: tuple[float, float],
    slope: Mean | None,
    rows: int,
    confidence: float,
) -> Check:
    check = Check("calibration", "", "calibration_slope", rows, None, allowed[0])
    if slope is None or not math.isfinite(slope.value):
        return _unknown(check, "slope")
    estimate = slope.interval(confidence)
    kept = keeps(estimate, allowed[0], rule.reject, least=True) and keeps(
        estimate, allowed[1], rule.reject
    )
    near = min(allowed, key=lambda limit: abs(limit - estimate.value))
    sentence = (
        f"calibration_slope is {figure(estimate.value)} ({span(estimate)}), {allowed[0]:g} to "
        f"{allowed[1]:g} is allowed ({_KEY}.slope)"
    )
    return replace(
        check, estimate=estimate, limit=near, kept=kept, sentence="" if kept else sentence
    )


def _unknown(check: Check, key: str) -> Check:
    return replace(
        check,
        kept=False,
        sentence=f"{check.what} cannot be measured on {check.rows:,} rows ({_KEY}.{key})",
    )
