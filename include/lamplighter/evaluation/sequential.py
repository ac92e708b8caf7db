"""Looking every night without promoting noise: group-sequential bounds for a budget of error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy import stats

from lamplighter.evaluation.ranking import Floats

_NODES_PER_STEP = 3
_REACH_DOWN, _REACH_UP = 5.0, 8.0
_EXPONENT = 2.0
_NEVER = math.inf


@dataclass(frozen=True)
class Look:
    """One night's look at the evidence: how many days there were, and the error it might spend."""

    days: int
    spent: float


def spending(fraction: float, budget: float) -> float:
    r"""Return the share of a challenger's error budget that may be spent up to a moment.

    The power family :math:`\alpha(\tau) = \alpha \tau^2` [1]_: little at first, when few days
    speak, and most of it late, when the test is strong. That :math:`\tau^2 \le \tau` makes a
    year's budget hold for any number of challengers: each spends at most its part of the year.

    Parameters
    ----------
    fraction : float
        Time in the challenger's place over the longest there may be; above 1 counts as 1.
    budget : float
        Probability of a false promotion over the whole of that time, between 0 and 1.

    References
    ----------
    .. [1] K. Kim and D. L. DeMets, "Design and Analysis of Group Sequential Tests Based on the
       Type I Error Spending Rate Function", Biometrika 74, 1987.

    Examples
    --------
    >>> spending(0.5, 0.01), spending(3.0, 0.01)
    (0.0025, 0.01)
    """
    return float(budget * min(max(fraction, 0.0), 1.0) ** _EXPONENT)


def critical_value(looks: tuple[Look, ...]) -> float:
    r"""Return what the standardised mean must reach at the last of several looks.

    With days as information, the standardised mean of two equally good models, times the root of
    the days, is a random walk. The bound of each look is chosen so that the walk crosses there for
    the first time with the probability that this look may spend [1]_: then all looks together
    cross with the sum of what they spend, whenever one stops for other reasons. Found by
    integrating the walk's density from look to look [2]_.

    Parameters
    ----------
    looks : tuple of Look
        All looks at this challenger, the oldest first, tonight's last. Days never fall; a look
        without a new day has no bound of its own and what it might spend is lost.

    Returns
    -------
    float
        In standard errors; infinite where nothing may be spent.

    References
    ----------
    .. [1] K. K. G. Lan and D. L. DeMets, "Discrete Sequential Boundaries for Clinical Trials",
       Biometrika 70, 1983.
    .. [2] P. Armitage, C. K. McPherson and B. C. Rowe, "Repeated Significance Tests on
       Accumulating Data", Journal of the Royal Statistical Society A 132, 1969.

    Examples
    --------
    A single look at 2.5 % is the usual one-sided bound; two such looks need not cost twice as much.

    >>> round(critical_value((Look(20, 0.025),)), 3)
    1.96
    >>> round(critical_value((Look(20, 0.0125), Look(40, 0.0125))), 3)
    2.125
    """
    if not looks:
        raise ValueError("looks is empty; there is no bound before the first look")
    days = [look.days for look in looks]
    if days[0] < 1 or any(late < early for early, late in pairwise(days)):
        raise ValueError(f"days are {days}; expected at least 1, and never fewer than before")
    if len(looks) > 1 and days[-1] == days[-2]:
        return _NEVER
    return _state(_with_news(looks)).critical


def chance_to_cross(distance: float, *, share: float, spent: float) -> float:
    r"""Return how likely a walk still ends above its last bound, if it goes on as until now.

    The conditional power under the present trend [1]_, with the bound of a single look that may
    spend everything: a little too hopeful, so that giving up is rare while there is hope. It ends
    a contest and never wins one, so it costs no error.

    Parameters
    ----------
    distance : float
        Where the walk is now, in standard errors.
    share : float
        Days so far over the days that there may be in all, in (0, 1].
    spent : float
        Error that all looks together may spend.

    References
    ----------
    .. [1] K. K. G. Lan and J. Wittes, "The B-Value: A Tool for Monitoring Data", Biometrics 44,
       1988.

    Examples
    --------
    >>> chance_to_cross(0.0, share=0.5, spent=0.025) < 0.01
    True
    """
    bound = float(stats.norm.isf(spent))
    if share >= 1:
        return float(distance >= bound)
    if math.isinf(distance):
        return float(distance > 0)
    value = distance * math.sqrt(share)
    expected = value / share
    return float(stats.norm.sf((bound - expected) / math.sqrt(1 - share)))


@dataclass(frozen=True)
class _State:
    """The walk after a look: its density where it has not crossed, at Simpson's nodes."""

    days: int
    critical: float
    nodes: Floats
    masses: Floats


def _with_news(looks: tuple[Look, ...]) -> tuple[Look, ...]:
    kept: list[Look] = []
    for look in looks:
        if not kept or look.days > kept[-1].days:
            kept.append(look)
    return tuple(kept)


@lru_cache(maxsize=4096)
def _state(looks: tuple[Look, ...]) -> _State:
    *earlier, look = looks
    if not earlier:
        critical = float(stats.norm.isf(look.spent)) if look.spent > 0 else _NEVER
        return _cut(look.days, critical, look.days, None)
    before = _state(tuple(earlier))
    step = math.sqrt(look.days - before.days)
    bound = _bound(before, step, look.spent)
    return _cut(look.days, bound / math.sqrt(look.days), look.days - before.days, before)


def _bound(before: _State, step: float, spent: float) -> float:
    """Find the height above which the walk goes, for the first time, with probability `spent`."""
    if spent <= 0:
        return _NEVER

    def beyond(height: float) -> float:
        return float(before.masses @ stats.norm.sf((height - before.nodes) / step))

    low, high = before.nodes[0], before.nodes[-1] + _REACH_UP * step
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > spent else (low, middle)
    return float(high)


def _cut(days: int, critical: float, new_days: int, before: _State | None) -> _State:
    step = math.sqrt(new_days)
    low = -_REACH_DOWN * math.sqrt(days)
    high = min(critical, _REACH_UP) * math.sqrt(days)
    count = 2 * math.ceil((high - low) / step * _NODES_PER_STEP / 2) + 1
    nodes = np.linspace(low, high, max(count, 129))
    if before is None:
        density = stats.norm.pdf(nodes / step) / step
    else:
        density = _moved(before, nodes, step)
    weights = np.full(len(nodes), 2.0)
    weights[1::2], weights[0], weights[-1] = 4.0, 1.0, 1.0
    return _State(days, critical, nodes, density * weights * (nodes[1] - nodes[0]) / 3)


def _moved(before: _State, nodes: Floats, step: float) -> Floats:
    z = (nodes[:, None] - before.nodes[None, :]) / step
    density: Floats = np.exp(-0.5 * z * z) @ before.masses
    return density / (step * math.sqrt(2 * math.pi))
