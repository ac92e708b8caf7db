"""Intervals of metrics by the bootstrap over whole blocks: days, or rows where there is no time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lamplighter.contracts import Estimate
from lamplighter.evaluation.metrics import Floats, Ints, Metric, measure

_CELLS_AT_ONCE = 4_000_000


def block_bootstrap(
    metric: Metric,
    y: ArrayLike,
    prediction: ArrayLike,
    blocks: ArrayLike | None,
    *,
    resamples: int = 1_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Estimate | None:
    r"""Return a metric of all rows with its interval.

    Days are drawn, not rows: the rows of a day share its weather and its base rate. Days that
    follow each other are alike too, so runs of consecutive days are drawn, of geometric length
    with mean :math:`B^{1/3}` (the stationary bootstrap [1]_). A day brings all its rows, so a
    long day weighs more, as it does in the metric itself.

    The interval is the expanded percentile interval [2]_: the quantiles
    :math:`\Phi(\mp\sqrt{B/(B-1)}\, t_{B-1})` of the resamples, which for many blocks are the plain
    percentiles and for few are wide enough. It never leaves the range of the metric.

    Parameters
    ----------
    metric : Metric
        What to measure.
    y : array_like, shape (n_rows,)
        Labels; classes as numbers from 0.
    prediction : array_like, shape (n_rows,) or (n_rows, n_classes)
        Predictions. Finite.
    blocks : array_like of str, shape (n_rows,), or None
        Day of each row, sortable in time. None: no time, so each row is a block and no row
        follows another. A single day is treated so as well; then the interval leaves out how
        days differ.
    resamples : int, default 1000
        Number of resamples.
    seed : int, default 0
        Seed of the draws. Equal input gives equal output.
    confidence : float, default 0.95
        Coverage, between 0 and 1.

    Returns
    -------
    Estimate or None
        None where the metric is undefined for all rows together, or in most resamples (as the
        AUC when positives fell on one day only). Other undefined resamples are left out.

    References
    ----------
    .. [1] D. N. Politis and J. P. Romano, "The Stationary Bootstrap", Journal of the American
       Statistical Association 89, 1994.
    .. [2] T. C. Hesterberg, "What Teachers Should Know About the Bootstrap: Resampling in the
       Undergraduate Statistics Curriculum", The American Statistician 69, 2015.

    Examples
    --------
    >>> from lamplighter.evaluation.metrics import METRICS
    >>> days = ["2013-06-01", "2013-06-01", "2013-06-02", "2013-06-02"]
    >>> block_bootstrap(METRICS["mae"], [1, 2, 3, 4], [2, 3, 4, 5], days)
    Estimate(value=1.0, lower=1.0, upper=1.0)
    """
    truth, predicted = np.asarray(y, dtype=float), np.asarray(prediction, dtype=float)
    value = measure(metric, truth, predicted)
    if math.isnan(value):
        return None
    codes, labels, run_length = _drawn_blocks(blocks, len(truth))
    values = np.concatenate(
        [
            metric.resampled(truth, predicted, codes, counts)
            for counts in _draws(len(labels), len(truth), run_length, resamples, seed)
        ]
    )
    defined = values[~np.isnan(values)]
    if 2 * len(defined) < len(values):
        return None
    tail = _expanded_tail(len(labels), confidence)
    lower, upper = np.quantile(defined, [tail, 1 - tail])
    return Estimate(value=value, lower=float(lower), upper=float(upper))


def block_codes(blocks: ArrayLike | None, rows: int) -> tuple[Ints, NDArray[np.object_]]:
    """Return each row's block number, in sorted order, and the names; without blocks, rows."""
    if blocks is None:
        return np.arange(rows), np.arange(rows).astype(object)
    codes, labels = pd.factorize(np.asarray(blocks, dtype=object), sort=True)
    if len(codes) != rows:
        raise ValueError(f"got {len(codes)} block names for {rows} rows; give one for each row")
    if (codes < 0).any():
        raise ValueError(f"{(codes < 0).sum()} of {rows} rows have no block; name a day for each")
    return codes.astype(np.int64), np.asarray(labels, dtype=object)


def _drawn_blocks(blocks: ArrayLike | None, rows: int) -> tuple[Ints, NDArray[np.object_], float]:
    codes, labels = block_codes(blocks, rows)
    if blocks is None or len(labels) == 1:
        return (*block_codes(None, rows), 1.0)
    return codes, labels, max(1.0, len(labels) ** (1 / 3))


def _draws(
    blocks: int, rows: int, run_length: float, resamples: int, seed: int
) -> Iterator[Floats]:
    """Yield how often each block is drawn, (some resamples, blocks) at a time."""
    rng = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // max(rows, 1))
    place = np.arange(blocks)
    for done in range(0, resamples, at_once):
        size = (min(at_once, resamples - done), blocks)
        drawn = rng.integers(blocks, size=size)
        if run_length > 1:
            begins = rng.random(size) < 1 / run_length
            begins[:, 0] = True
            begun = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
            drawn = (np.take_along_axis(drawn, begun, axis=1) + place - begun) % blocks
        flat = drawn + blocks * np.arange(size[0])[:, None]
        yield np.bincount(flat.ravel(), minlength=size[0] * blocks).reshape(size).astype(float)


def _expanded_tail(blocks: int, confidence: float) -> float:
    if blocks < 2:
        return (1 - confidence) / 2
    student = stats.t.ppf((1 - confidence) / 2, blocks - 1)
    return float(stats.norm.cdf(math.sqrt(blocks / (blocks - 1)) * student))
