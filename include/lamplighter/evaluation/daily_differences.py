"""The mean of a series of daily differences, judged as far in the tail as a yearly budget asks."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from lamplighter.evaluation.means import Mean, mean_of_days
from lamplighter.evaluation.ranking import Floats

_USUAL_LAG1 = 0.25
_USUAL_DAYS = 20


def mean_of_differences(daily: Floats) -> Mean | None:
    r"""Return the mean of paired daily differences, with a standard error for far tails.

    `mean_of_days` makes no assumption about how days depend on each other, and pays with few
    degrees of freedom: at the levels of a single night, near one in 10,000, it finds nothing
    within a season. Differences of two models on the same days have a simple course, so here it
    is taken to be that of an autoregression of order 1, whose long-run variance for :math:`T` days
    is :math:`\sigma^2 g(\rho)`,

    .. math:: g(\rho) = \frac{1 + \rho}{1 - \rho}
        - \frac{2 \rho (1 - \rho^T)}{T (1 - \rho)^2} .

    The correlation :math:`\rho` of a few weeks is a poor guess and, because the mean is estimated
    too, a low one: by :math:`(1 + 3 \rho) / T` [1]_, which is added. It is then drawn towards
    0.25, about what it is on flights, as if that had been seen on 20 days, and never taken to be
    negative.
    The degrees of freedom are those of Satterthwaite [2]_: they count what the estimates of
    :math:`\sigma^2` and of :math:`\rho` vary.

    Parameters
    ----------
    daily : ndarray of float, shape (n_days,)
        Differences in time order. A day without rows is left out.

    Returns
    -------
    Mean or None
        None below two values; of two, what `mean_of_days` says.

    Notes
    -----
    What it holds and what it finds is measured by ``benchmarks/gate_budget.py``.

    References
    ----------
    .. [1] F. H. C. Marriott and J. A. Pope, "Bias in the Estimation of Autocorrelations",
       Biometrika 41, 1954.
    .. [2] F. E. Satterthwaite, "An Approximate Distribution of Estimates of Variance Components",
       Biometrics Bulletin 2, 1946.
    """
    T = len(daily)
    if T < 3:
        return mean_of_days(daily)
    centred = daily - daily.mean()
    squares = float(centred @ centred)
    if squares == 0:
        return Mean(float(daily.mean()), 0.0, T - 1)
    seen = float(centred[:-1] @ centred[1:]) / squares
    seen += (1 + 3 * seen) / T
    rho = (T * seen + _USUAL_DAYS * _USUAL_LAG1) / (T + _USUAL_DAYS)
    rho = min(max(rho, 0.0), 0.9)
    g = _inflation(rho, T)
    variance = squares / (T - g)
    of_rho = (1 - rho**2) / (T + _USUAL_DAYS)
    of_log_g = (2 / (1 - rho**2)) ** 2 * of_rho
    independent = max(T * (1 - rho**2) / (1 + rho**2) - 1, 1.0)
    return Mean(float(daily.mean()), math.sqrt(variance * g / T), 2 / (2 / independent + of_log_g))


def lag1(daily: Floats) -> float | None:
    """Return the correlation of a day's value with the next day's; None where there is none."""
    centred = daily - daily.mean() if len(daily) else daily
    variance = float(centred @ centred)
    if len(daily) < 3 or variance == 0:
        return None
    return float(centred[:-1] @ centred[1:]) / variance


def _inflation(rho: float, T: int) -> float:
    return (1 + rho) / (1 - rho) - 2 * rho * (1 - rho**T) / (T * (1 - rho) ** 2)


def as_normal(mean: Mean, null: float) -> float:
    """Return the standardised distance of a mean from `null`, on the scale of the normal law.

    Student's t with its degrees of freedom is carried over by its probability, so that a bound
    made for the normal law holds for few days too.
    """
    distance = mean.value - null
    if mean.standard_error == 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    t = distance / mean.standard_error
    tail = stats.t.logsf(abs(t), mean.degrees_of_freedom)
    return float(math.copysign(stats.norm.isf(np.exp(tail)) if tail > -700 else 37.0, t))
