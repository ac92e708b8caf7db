"""Intervals of metrics, from how a metric changes as whole days are left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from lamplighter.contracts import Estimate
from lamplighter.evaluation.means import Mean, block_codes, mean_of_days, mean_of_rows
from lamplighter.evaluation.metrics import Metric
from lamplighter.evaluation.ranking import Floats, Ints, Reweighted

_MOST_GROUPS_OF_ROWS = 100
_CELLS_AT_ONCE = 1_000_000


def block_jackknife(
    metrics: Mapping[str, Metric],
    y: ArrayLike,
    prediction: ArrayLike,
    blocks: ArrayLike | None,
    *,
    confidence: float = 0.95,
) -> dict[str, Estimate]:
    r"""Return metrics of all rows, each with its interval.

    With :math:`\hat\theta` the metric of all rows and :math:`\hat\theta_{(t)}` that without day
    :math:`t`, the pseudo-values :math:`B \hat\theta - (B - 1) \hat\theta_{(t)}` say what each of
    the :math:`B` days adds [1]_. They are treated as the series of days that they are: see
    `mean_of_days` for the standard error, which allows for days that resemble the day before,
    and for the degrees of freedom, which are few. A day brings all its rows, so a long day weighs
    more, as it does in the metric itself. Leaving out rows one by one would ignore that the rows
    of a day share its weather; and resampling whole days gives intervals that are too narrow for
    a fortnight (see Notes).

    Parameters
    ----------
    metrics : mapping of str to Metric
        What to measure.
    y : array_like, shape (n_rows,)
        Labels; classes as numbers from 0.
    prediction : array_like, shape (n_rows,) or (n_rows, n_classes)
        Predictions. Finite.
    blocks : array_like of str, shape (n_rows,), or None
        Day of each row, sortable in time. None: no time, and rows are independent; up to 100
        groups of rows are then left out in turn [2]_. A single day is treated so as well; the
        interval then does not know how days differ.
    confidence : float, default 0.95
        Coverage, between 0 and 1.

    Returns
    -------
    dict of str to Estimate
        Empty below two rows. Intervals are cut at the metric's range. Metrics that are undefined
        for all rows, or without one of the days (as the AUC when all positives fell on one day),
        are left out.

    Notes
    -----
    Coverage of 95 % intervals in a simulation of daily log odds with lag-1 correlation .24,
    14 days of 80 rows: log loss .95 and AUC .98; those of the stationary bootstrap with an
    expanded percentile interval: .85 and .91.

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall,
       1993 (chapter 11).
    .. [2] P. S. Kott, "The Delete-a-Group Jackknife", Journal of Official Statistics 17, 2001.

    Examples
    --------
    >>> from lamplighter.evaluation.metrics import METRICS
    >>> days = ["2013-06-01", "2013-06-01", "2013-06-02", "2013-06-02"]
    >>> block_jackknife({"mae": METRICS["mae"]}, [1, 2, 3, 4], [2, 3, 4, 5], days)
    {'mae': Estimate(value=1.0, lower=1.0, upper=1.0)}
    """
    truth, predicted = np.asarray(y, dtype=float), np.asarray(prediction, dtype=float)
    codes, B, timed = _left_out(blocks, len(truth))
    estimates: dict[str, Estimate] = {}
    if B < 2:
        return estimates
    for name, metric in metrics.items():
        value_of = metric.prepare(truth, predicted, codes, B)
        theta = float(value_of(np.ones((1, B)))[0])
        pseudo_values = B * theta - (B - 1) * _without_each(value_of, B, len(truth))
        mean = mean_of_days(pseudo_values) if timed else mean_of_rows(pseudo_values)
        if mean is not None and math.isfinite(theta) and np.isfinite(pseudo_values).all():
            estimates[name] = _within(metric, replace(mean, value=theta), confidence)
    return estimates


def _left_out(blocks: ArrayLike | None, rows: int) -> tuple[Ints, int, bool]:
    codes, labels = block_codes(blocks, rows)
    if blocks is not None and len(labels) > 1:
        return codes, len(labels), True
    groups = min(rows, _MOST_GROUPS_OF_ROWS)
    return np.arange(rows) % max(groups, 1), groups, False


def _without_each(value_of: Reweighted, blocks: int, rows: int) -> Floats:
    at_once = max(1, _CELLS_AT_ONCE // max(rows, 1))
    counts = 1 - np.eye(blocks)
    parts = [value_of(counts[i : i + at_once]) for i in range(0, blocks, at_once)]
    return np.concatenate(parts)


def _within(metric: Metric, mean: Mean, confidence: float) -> Estimate:
    interval = mean.interval(confidence)
    lowest, highest = metric.limits
    return Estimate(
        value=interval.value,
        lower=max(interval.lower, lowest),
        upper=min(interval.upper, highest),
    )
