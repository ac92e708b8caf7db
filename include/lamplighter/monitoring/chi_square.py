"""The chi-square test of homogeneity: do two samples of categories come from one population."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def chi_square_per_row(reference: ArrayLike, current: ArrayLike) -> NDArray[np.float64]:
    r"""Return Pearson's statistic of a table of two rows, divided by the size of the samples.

    With :math:`r_i` and :math:`s_i` the counts of *n* and *m* rows,

    .. math:: X^2 = \sum_i \frac{(\sqrt{m/n}\, r_i - \sqrt{n/m}\, s_i)^2}{r_i + s_i} ,

    and what is returned is :math:`X^2 (1/n + 1/m)`, which does not grow with the samples.

    Parameters
    ----------
    reference, current : array_like of int, shape (..., n_categories)
        Rows of each category. Categories without any row do not count. Leading axes broadcast.

    Returns
    -------
    ndarray of float, shape (...)
        0 when the shares agree; 0 too where a side is empty.

    References
    ----------
    K. Pearson, "On the probability that two independent distributions of frequency are really
    samples from the same population", Biometrika 8, 1911.

    Examples
    --------
    >>> round(float(chi_square_per_row([10, 20], [20, 10])) * 15, 3)
    6.667
    """
    r, s = np.broadcast_arrays(
        np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    )
    n, m = r.sum(axis=-1, keepdims=True), s.sum(axis=-1, keepdims=True)
    known = (n > 0) & (m > 0)
    n, m = np.where(known, n, 1.0), np.where(known, m, 1.0)
    both = np.where(r + s > 0, r + s, 1.0)
    terms = (np.sqrt(m / n) * r - np.sqrt(n / m) * s) ** 2 / both
    return np.asarray(np.where(known, terms * (1 / n + 1 / m), 0.0).sum(axis=-1))


def freedom(reference: ArrayLike, current: ArrayLike) -> int:
    """Return the degrees of freedom: the categories that occur at all, but one; at least 1.

    Examples
    --------
    >>> freedom([10, 20, 0, 0], [20, 10, 1, 0])
    2
    """
    occurring = np.asarray(reference) + np.asarray(current) > 0
    return max(1, int(occurring.sum()) - 1)


def p_value_of_rows(statistic: float, n_reference: int, n_current: int, freedom: int) -> float:
    """Return the probability of such a statistic by chance, for independent rows.

    Parameters
    ----------
    statistic : float
        As `chi_square_per_row` returns it.

    Examples
    --------
    >>> round(p_value_of_rows(6.667 / 15, 30, 30, 1), 4)
    0.0098
    """
    return float(stats.chi2.sf(statistic / (1 / n_reference + 1 / n_current), freedom))
