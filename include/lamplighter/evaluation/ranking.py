"""Area under the ROC curve and average precision, for many re-weightings of blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def roc_aucs(positive: NDArray[np.bool_], scores: Floats, codes: Ints, counts: Floats) -> Floats:
    """Return the area under the ROC curve of each resample; ties count half.

    Parameters
    ----------
    positive : ndarray of bool, shape (n_rows,)
        Rows of the positive class.
    scores : ndarray of float, shape (n_rows,)
        Larger means more likely positive. Finite.
    codes : ndarray of int, shape (n_rows,)
        Block of each row, from 0.
    counts : ndarray of float, shape (n_resamples, n_blocks)
        How often each block was drawn.

    Returns
    -------
    ndarray of float, shape (n_resamples,)
        NaN for a resample that holds one class only.

    Examples
    --------
    >>> one_block = np.zeros(4, dtype=np.int64)
    >>> truth = np.array([False, True, False, True])
    >>> roc_aucs(truth, np.array([0.1, 0.4, 0.4, 0.8]), one_block, np.ones((1, 1))).tolist()
    [0.875]
    """
    positives, negatives = _by_score(positive, scores, codes, counts)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    return _ratio(np.einsum("rs,rs->r", positives, below), pairs)


def average_precisions(
    positive: NDArray[np.bool_], scores: Floats, codes: Ints, counts: Floats
) -> Floats:
    """Return the average precision of each resample, as scikit-learn defines it.

    Parameters and shapes as in `roc_aucs`; NaN for a resample without a positive row.
    """
    positives, negatives = _by_score(positive, -scores, codes, counts)
    found = np.cumsum(positives, axis=1)
    named = found + np.cumsum(negatives, axis=1)
    precision = np.divide(found, named, out=np.zeros_like(found), where=named > 0)
    return _ratio(np.einsum("rs,rs->r", positives, precision), positives.sum(axis=1))


def _by_score(
    positive: NDArray[np.bool_], scores: Floats, codes: Ints, counts: Floats
) -> tuple[Floats, Floats]:
    """Return positive and negative rows at each distinct score, (n_resamples, n_scores) each."""
    order = np.argsort(scores, kind="stable")
    weights = counts[:, codes[order]]
    positives = weights * positive[order]
    negatives = weights - positives
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    if len(starts) == len(scores):
        return positives, negatives
    return np.add.reduceat(positives, starts, axis=1), np.add.reduceat(negatives, starts, axis=1)


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
