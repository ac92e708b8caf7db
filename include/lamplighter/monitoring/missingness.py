"""The change of a column's missing values: the difference of two proportions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def missing_change(
    missing_reference: ArrayLike,
    n_reference: ArrayLike,
    missing_current: ArrayLike,
    n_current: ArrayLike,
) -> NDArray[np.float64]:
    """Return the difference of the shares that are missing, current less reference.

    Examples
    --------
    >>> float(missing_change(10, 100, 30, 100).round(3))
    0.2
    """
    before = np.asarray(missing_reference, float) / np.maximum(n_reference, 1)
    now = np.asarray(missing_current, float) / np.maximum(n_current, 1)
    return np.asarray(now - before)


def variance_of_rows(
    missing_reference: int, n_reference: int, missing_current: int, n_current: int
) -> float:
    r"""Return the variance of the difference if nothing changed and rows are independent.

    :math:`p (1 - p) (1/n + 1/m)` with the pooled share *p*, half a row added to either side so
    that it is never 0.

    Examples
    --------
    >>> round(variance_of_rows(0, 100, 0, 100), 6)
    5e-05
    """
    p = (missing_reference + missing_current + 0.5) / (n_reference + n_current + 1)
    return p * (1 - p) * (1 / n_reference + 1 / n_current)


def p_value_of_rows(
    missing_reference: int, n_reference: int, missing_current: int, n_current: int
) -> float:
    """Return the probability of such a difference by chance, for independent rows (two-sided).

    References
    ----------
    J. L. Fleiss, B. Levin and M. C. Paik, *Statistical Methods for Rates and Proportions*, Wiley,
    2003, on the comparison of two proportions.

    Examples
    --------
    >>> round(p_value_of_rows(10, 100, 30, 100), 4)
    0.0004
    """
    counts = missing_reference, n_reference, missing_current, n_current
    z = float(missing_change(*counts)) / np.sqrt(variance_of_rows(*counts))
    return float(2 * stats.norm.sf(abs(z)))
