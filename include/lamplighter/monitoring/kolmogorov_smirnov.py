"""The two-sample Kolmogorov-Smirnov distance of numbers, from counts in ordered bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FREEDOM = 5.0
r"""Degrees of freedom of the chi-square whose multiple has the mean and variance of the squared
distance: for Kolmogorov's :math:`K`, E :math:`K^2 = \pi^2/12` and E :math:`K^4 = 7\pi^4/720`."""

_MEAN = np.pi**2 / 12


def kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike) -> NDArray[np.float64]:
    r"""Return the greatest distance between two empirical distribution functions.

    .. math:: D = \max_x |F(x) - G(x)|

    Parameters
    ----------
    reference, current : array_like of int, shape (..., n_bins)
        How many values fall in each bin, from the lowest to the highest. Leading axes broadcast.

    Returns
    -------
    ndarray of float in [0, 1], shape (...)
        Exact if each bin holds one value; else at most the share of the fullest bin too small. 0
        where a side is empty.

    References
    ----------
    N. Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of
    Mathematical Statistics 19, 1948.

    Examples
    --------
    >>> float(kolmogorov_smirnov([5, 5, 0], [0, 5, 5]))
    0.5
    """
    return np.asarray(np.abs(_cumulated(reference) - _cumulated(current)).max(axis=-1))


def mean_square_distance(n_reference: ArrayLike, n_current: ArrayLike) -> NDArray[np.float64]:
    """Return the mean of the squared distance of two samples of one population, rows independent.

    Examples
    --------
    >>> round(float(mean_square_distance(1_000, 1_000)), 5)
    0.00164
    """
    return _MEAN * (1 / np.asarray(n_reference, float) + 1 / np.asarray(n_current, float))


def p_value_of_rows(distance: float, n_reference: int, n_current: int) -> float:
    """Return the probability of such a distance by chance, for large samples of independent rows.

    Examples
    --------
    >>> round(p_value_of_rows(0.0608, 1_000, 1_000), 3)
    0.05
    """
    size = n_reference * n_current / (n_reference + n_current)
    return float(stats.kstwobign.sf(distance * np.sqrt(size)))


def _cumulated(counts: ArrayLike) -> NDArray[np.float64]:
    ordered = np.asarray(counts, dtype=np.float64)
    total = np.maximum(ordered.sum(axis=-1, keepdims=True), 1.0)
    return np.asarray(np.cumsum(ordered, axis=-1) / total)
