"""Intervals of metrics, from how a metric changes as whole days are left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

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
    left_out = LeftOut.of(blocks, len(truth))
    estimates: dict[str, Estimate] = {}
    for name, metric in metrics.items():
        if left_out.groups < 2:
            continue
        prepared = metric.prepare(truth, predicted, left_out.codes, left_out.groups)
        mean = left_out.mean(prepared)
        if mean is not None:
            estimates[name] = within(metric, mean.interval(confidence))
    return estimates


@dataclass(frozen=True)
class LeftOut:
    """What is left out in turn: whole days, or groups of rows where there is no time.

    Attributes
    ----------
    codes : ndarray of int, shape (n_rows,)
        In which group each row lies, from 0; groups are in order of time.
    groups : int
        Number of groups.
    timed : bool
        Whether the groups are days, of which neighbours may resemble each other.
    """

    codes: Ints
    groups: int
    timed: bool

    @classmethod
    def of(cls, blocks: ArrayLike | None, rows: int) -> Self:
        """Return the days of rows; without time, or on a single day, up to 100 groups of rows."""
        codes, labels = block_codes(blocks, rows)
        if blocks is not None and len(labels) > 1:
            return cls(codes, len(labels), True)
        groups = min(rows, _MOST_GROUPS_OF_ROWS)
        return cls(np.arange(rows) % max(groups, 1), groups, False)

    def sums(self, values: Floats) -> Floats:
        """Return the sum of some values, shape (n_rows,), in each group."""
        return np.bincount(self.codes, values, self.groups)

    def mean(self, value_of: Reweighted) -> Mean | None:
        """Return a value of all rows with its error; None where it is undefined.

        It is undefined below two groups, and where it is for all rows or without one group.
        """
        if self.groups < 2:
            return None
        theta = float(value_of(np.ones((1, self.groups)))[0])
        found = self.of_pseudo_values(self.pseudo_values(value_of))
        return replace(found, value=theta) if found and math.isfinite(theta) else None

    def pseudo_values(self, value_of: Reweighted) -> Floats:
        """Return what each group adds to a value of all rows, shape (n_groups,)."""
        B = self.groups
        theta = float(value_of(np.ones((1, B)))[0])
        at_once = max(1, _CELLS_AT_ONCE // max(len(self.codes), 1))
        counts = 1 - np.eye(B)
        without = [value_of(counts[i : i + at_once]) for i in range(0, B, at_once)]
        return B * theta - (B - 1) * np.concatenate(without)

    def of_pseudo_values(self, values: Floats) -> Mean | None:
        """Return the mean of the groups' pseudo-values; None if one is undefined."""
        if not np.isfinite(values).all():
            return None
        return mean_of_days(values) if self.timed else mean_of_rows(values)


def within(metric: Metric, interval: Estimate) -> Estimate:
    """Return an interval cut at the metric's range."""
    lowest, highest = metric.limits
    return Estimate(
        value=interval.value,
        lower=max(interval.lower, lowest),
        upper=min(interval.upper, highest),
    )
