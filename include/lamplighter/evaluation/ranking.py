"""Area under the ROC curve and average precision, for many weightings of blocks at once.

Both functions do the work that all weightings share and return a function of `counts`, shape
(n_weightings, n_blocks): how often each block counts. It gives the metric under each weighting,
shape (n_weightings,), NaN where it is undefined.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Reweighted = Callable[[Floats], Floats]


def roc_auc(positive: Bools, scores: Floats, codes: Ints, blocks: int) -> Reweighted:
    """Return the area under the ROC curve as a function of how often each block counts.

    Parameters
    ----------
    positive : ndarray of bool, shape (n_rows,)
        Rows of the positive class.
    scores : ndarray of float, shape (n_rows,)
        Larger means more likely positive. Finite. Ties count half.
    codes : ndarray of int, shape (n_rows,)
        Block of each row, from 0.
    blocks : int
        Number of blocks.

    Returns
    -------
    callable
        See the module; a weighting that leaves one class only is undefined.

    Examples
    --------
    >>> truth = np.array([False, True, False, True])
    >>> one_block = np.zeros(4, dtype=np.int64)
    >>> roc_auc(truth, np.array([0.1, 0.4, 0.4, 0.8]), one_block, 1)(np.ones((1, 1))).tolist()
    [0.875]
    """
    # Once, for each two blocks: the positives of one above the negatives of the other.
    above = np.zeros((blocks, blocks))
    order = np.argsort(scores, kind="stable")
    sought, sought_in = scores[order][positive[order]], codes[order][positive[order]]
    others, others_in = scores[order][~positive[order]], codes[order][~positive[order]]
    for block in range(blocks):
        negatives = others[others_in == block]
        below = np.searchsorted(negatives, sought, side="left").astype(float)
        below += np.searchsorted(negatives, sought, side="right")
        above[:, block] = np.bincount(sought_in, below / 2, blocks)
    positives = np.bincount(codes[positive], minlength=blocks).astype(float)
    negatives = np.bincount(codes[~positive], minlength=blocks).astype(float)

    def reweighted(counts: Floats) -> Floats:
        ordered = np.einsum("rb,rb->r", counts @ above, counts)
        return _ratio(ordered, (counts @ positives) * (counts @ negatives))

    return reweighted


def average_precision(positive: Bools, scores: Floats, codes: Ints, blocks: int) -> Reweighted:
    """Return average precision, as scikit-learn defines it; parameters as in `roc_auc`.

    A weighting that leaves no positive row is undefined.
    """
    order, starts = _by_score(-scores)

    def reweighted(counts: Floats) -> Floats:
        positives, everybody = _at_scores(positive, codes, counts, order, starts)
        precision = np.cumsum(positives, axis=1)
        found = precision[:, -1].copy() if precision.shape[1] else np.zeros(len(counts))
        named = np.cumsum(everybody, axis=1, out=everybody)
        np.divide(precision, named, out=precision, where=named > 0)
        return _ratio(np.einsum("rs,rs->r", positives, precision), found)

    return reweighted


def _by_score(scores: Floats) -> tuple[Ints, Ints]:
    """Return the rows in order of score, and where in that order each distinct score begins."""
    order = np.argsort(scores, kind="stable")
    return order, np.flatnonzero(np.diff(scores[order], prepend=-np.inf))


def _at_scores(
    positive: Bools, codes: Ints, counts: Floats, order: Ints, starts: Ints
) -> tuple[Floats, Floats]:
    """Return positive and all rows at each distinct score, (n_weightings, n_scores) each."""
    weights = counts[:, codes[order]]
    positives = weights * positive[order]
    if len(starts) == len(order):
        return positives, weights
    return np.add.reduceat(positives, starts, axis=1), np.add.reduceat(weights, starts, axis=1)


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
