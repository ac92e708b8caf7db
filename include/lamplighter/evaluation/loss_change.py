"""Whether a model's daily loss has risen beyond the band in which it usually moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from lamplighter.evaluation.means import mean_of_days

LEAST_USUAL_DAYS = 14
"""Fewer days do not say what is usual."""


@dataclass(frozen=True)
class LossChange:
    """The mean loss of the newest days beside that of the days before them.

    `p_value` is one-sided: how often a rise like this comes about where nothing has changed.
    """

    metric: str
    recent: float
    usual: float
    rise: float
    standard_error: float
    p_value: float
    recent_days: int
    usual_days: int
    first_day: str
    last_day: str


def loss_change(
    days: Sequence[str],
    losses: Sequence[float],
    *,
    metric: str,
    recent: int,
    usual: int,
) -> LossChange | None:
    r"""Compare the mean loss of the newest days with the mean of the days before.

    With :math:`\hat\Omega` the long-run variance of the :math:`T` usual days, as `mean_of_days`
    estimates it, the rise of the mean of the newest :math:`R` days has the standard error

    .. math:: \sqrt{\hat\Omega \, (1/T + 1/R)}

    and is compared with Student's t with the degrees of freedom of :math:`\hat\Omega`: the band is
    that of the usual days alone, so that what is unusual about the newest ones cannot widen it.

    Parameters
    ----------
    days : sequence of str
        Names of matured days, oldest first.
    losses : sequence of float
        Mean loss of each of these days, of one model, on rows that it was not trained on.
    recent, usual : int
        How many of the newest days are compared with how many before them at most.

    Returns
    -------
    LossChange or None
        None while there are fewer than `recent` and, before them, `LEAST_USUAL_DAYS` days.

    Examples
    --------
    >>> names = [f"2024-05-{day:02d}" for day in range(1, 29)]
    >>> steady = [0.5, 0.52] * 12 + [0.7] * 4
    >>> found = loss_change(names, steady, metric="log_loss", recent=4, usual=28)
    >>> found.usual_days, round(found.rise, 2), found.p_value < 0.001
    (24, 0.19, True)
    """
    if len(days) < recent + LEAST_USUAL_DAYS:
        return None
    newest = np.asarray(losses[-recent:], dtype=float)
    before = np.asarray(losses[-recent - usual : -recent], dtype=float)
    band = mean_of_days(before)
    if band is None:
        return None
    T, R = len(before), recent
    omega = band.standard_error**2 * T
    standard_error = math.sqrt(omega * (1 / T + 1 / R))
    rise = float(newest.mean()) - band.value
    return LossChange(
        metric=metric,
        recent=float(newest.mean()),
        usual=band.value,
        rise=rise,
        standard_error=standard_error,
        p_value=_p_value(rise, standard_error, band.degrees_of_freedom),
        recent_days=R,
        usual_days=T,
        first_day=days[-recent],
        last_day=days[-1],
    )


def _p_value(rise: float, standard_error: float, degrees_of_freedom: float) -> float:
    if standard_error == 0:
        return 0.0 if rise > 0 else 1.0
    return float(stats.t.sf(rise / standard_error, degrees_of_freedom))
