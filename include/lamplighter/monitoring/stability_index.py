"""The population stability index: how far a column has moved, as an effect and not as a test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def population_stability_index(reference: ArrayLike, current: ArrayLike) -> NDArray[np.float64]:
    r"""Measure how far the shares of bins have moved from those of a reference.

    With :math:`p_i` and :math:`q_i` the shares of `reference` and `current` that fall in bin *i*,

    .. math:: \mathrm{PSI} = \sum_i (q_i - p_i) \ln (q_i / p_i) ,

    the symmetric form of Kullback and Leibler's divergence [1]_ under the name that credit scoring
    gave it [2]_.

    Parameters
    ----------
    reference, current : array_like of int, shape (..., n_bins)
        How many rows fall in each bin. The leading axes are those of several comparisons at once,
        and broadcast.

    Returns
    -------
    ndarray of float, shape (...)
        The index in nats; 0 when the shares agree. By the usual rule of thumb below 0.1 is stable
        and above 0.25 is a shift [2]_.

    Raises
    ------
    ValueError
        If the two do not have the same bins.

    Notes
    -----
    Empty bins would make the logarithm infinite. Each share is therefore computed with half an
    observation added to every bin. The index of two samples of one population is not 0 but, on
    average, about ``(n_bins - 1) * (1 / n_reference + 1 / n_current)`` [3]_.

    References
    ----------
    .. [1] S. Kullback and R. A. Leibler, "On information and sufficiency", Annals of
       Mathematical Statistics 22, 1951.
    .. [2] N. Siddiqi, *Credit Risk Scorecards*, Wiley, 2006.
    .. [3] B. Yurdakul, *Statistical Properties of Population Stability Index*, dissertation,
       Western Michigan University, 2018.

    Examples
    --------
    >>> float(population_stability_index([50, 50], [500, 500]))
    0.0
    >>> round(float(population_stability_index([50, 50], [90, 10])), 3)
    0.853
    """
    p, q = _smoothed_shares(reference), _smoothed_shares(current)
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(
            f"reference has {p.shape[-1]} bins and current {q.shape[-1]}; count both in the same"
        )
    return np.asarray(np.sum((q - p) * np.log(q / p), axis=-1))


def _smoothed_shares(counts: ArrayLike) -> NDArray[np.float64]:
    smoothed = np.asarray(counts, dtype=np.float64) + 0.5
    return np.asarray(smoothed / smoothed.sum(axis=-1, keepdims=True))
