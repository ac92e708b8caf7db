"""Many columns tested at once: p-values that hold the false-discovery rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def adjusted_p_values(p_values: ArrayLike) -> NDArray[np.float64]:
    r"""Adjust p-values so that those below a level hold the false-discovery rate at that level.

    With the values in rising order, :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, m p_{(j)} / j)`:
    the step-up procedure of Benjamini and Hochberg [1]_. It holds the rate for independent tests
    and for those of positive dependence, such as columns that move together [2]_.

    Parameters
    ----------
    p_values : array_like of float, shape (n_tests,)
        In [0, 1].

    Returns
    -------
    ndarray of float, shape (n_tests,)
        In the order given.

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the
       Royal Statistical Society B 57, 1995.
    .. [2] Y. Benjamini and D. Yekutieli, "The control of the false discovery rate in multiple
       testing under dependency", Annals of Statistics 29, 2001.

    Examples
    --------
    >>> adjusted_p_values([0.01, 0.02, 0.6]).round(3).tolist()
    [0.03, 0.03, 0.6]
    """
    p = np.asarray(p_values, dtype=np.float64)
    m = len(p)
    falling = np.argsort(p, kind="stable")[::-1]
    steps = p[falling] * m / np.arange(m, 0, -1)
    adjusted = np.empty(m)
    adjusted[falling] = np.minimum(1.0, np.minimum.accumulate(steps)) if m else steps
    return adjusted
