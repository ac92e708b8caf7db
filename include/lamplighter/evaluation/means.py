"""Means with honest standard errors: of days, which depend on each other, and of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lamplighter.contracts import Estimate
from lamplighter.evaluation.ranking import Floats, Ints


@dataclass(frozen=True)
class Mean:
    """A mean with its standard error and the degrees of freedom of that error."""

    value: float
    standard_error: float
    degrees_of_freedom: float

    @property
    def p_value(self) -> float:
        """Two-sided, for a mean of 0."""
        if self.standard_error == 0:
            return 1.0 if self.value == 0 else 0.0
        t = abs(self.value) / self.standard_error
        return float(2 * stats.t.sf(t, self.degrees_of_freedom))

    def interval(self, confidence: float) -> Estimate:
        """Return the mean with its two-sided interval."""
        t = float(stats.t.ppf((1 + confidence) / 2, self.degrees_of_freedom))
        reach = t * self.standard_error
        return Estimate(value=self.value, lower=self.value - reach, upper=self.value + reach)


def mean_of_days(daily: Floats) -> Mean | None:
    r"""Return the mean of a series whose neighbouring values may depend on each other.

    With sample autocovariances :math:`\hat\gamma_j` of the :math:`T` values, the long-run
    variance is that of Newey and West [1]_,

    .. math:: \hat\Omega = c^{-1} \Bigl( \hat\gamma_0
        + 2 \sum_{j=1}^{S-1} \bigl(1 - \tfrac{j}{S}\bigr) \hat\gamma_j \Bigr),
        \qquad S = \lceil 1.3 \sqrt{T} \rceil ,

    the bandwidth :math:`S` being the one that Lazarus and others recommend [2]_: wider than the
    textbook's, so that the size of the test is right before its power is. The errors of
    :math:`\hat\Omega` are not small then, so the mean is compared with Student's t with the
    kernel's equivalent degrees of freedom, :math:`\nu = 3T / 2S` [2]_. Two steps make short
    series honest. The factor :math:`c` is the expectation of the bracket for independent values
    of variance 1; it falls short of 1 because the mean is estimated too. And
    :math:`\hat\Omega` is at least the plain variance: an accident that looks like negative
    correlation never narrows the interval.

    Parameters
    ----------
    daily : ndarray of float, shape (n_days,)
        Values in time order. A day without rows is left out.

    Returns
    -------
    Mean or None
        None below two values.

    References
    ----------
    .. [1] W. K. Newey and K. D. West, "A Simple, Positive Semi-Definite, Heteroskedasticity and
       Autocorrelation Consistent Covariance Matrix", Econometrica 55, 1987.
    .. [2] E. Lazarus, D. J. Lewis, J. H. Stock and M. W. Watson, "HAR Inference: Recommendations
       for Practice", Journal of Business & Economic Statistics 36, 2018.
    """
    T = len(daily)
    if T < 2:
        return None
    S = math.ceil(1.3 * math.sqrt(T))
    centred = daily - daily.mean()
    kernel = 1 - np.arange(S) / S
    kernel[1:] *= 2
    gamma = np.array([centred[: T - j] @ centred[j:] / T for j in range(S)])
    c = 1 - kernel @ (1 - np.arange(S) / T) / T
    omega = max(kernel @ gamma / c, daily.var(ddof=1))
    return Mean(float(daily.mean()), math.sqrt(omega / T), 3 * T / (2 * S))


def mean_of_rows(values: Floats) -> Mean | None:
    """Return the mean of independent values, shape (n,), with n - 1 degrees of freedom."""
    n = len(values)
    if n < 2:
        return None
    return Mean(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(n), n - 1)


def block_codes(blocks: ArrayLike | None, rows: int) -> tuple[Ints, NDArray[np.object_]]:
    """Return each row's block number, in sorted order, and the names; without blocks, rows.

    Examples
    --------
    >>> codes, labels = block_codes(["2013-06-02", "2013-06-01", "2013-06-02"], 3)
    >>> codes.tolist(), labels.tolist()
    ([1, 0, 1], ['2013-06-01', '2013-06-02'])
    """
    if blocks is None:
        return np.arange(rows), np.arange(rows).astype(object)
    codes, labels = pd.factorize(np.asarray(blocks, dtype=object), sort=True)
    if len(codes) != rows:
        raise ValueError(f"got {len(codes)} block names for {rows} rows; give one for each row")
    if (codes < 0).any():
        raise ValueError(f"{(codes < 0).sum()} of {rows} rows have no block; name a day for each")
    return codes.astype(np.int64), np.asarray(labels, dtype=object)
