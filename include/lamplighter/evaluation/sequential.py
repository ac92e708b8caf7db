"""Looking every night without promoting noise: group-sequential bounds for a budget of error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize, special, stats

from lamplighter.evaluation.ranking import Floats

_NODES_PER_STEP = 3
_REACH_DOWN, _REACH_UP = 5.0, 8.0
_EXPONENT = 2.0
_NEVER = math.inf


@dataclass(frozen=True)
class Look:
    """One night's look at the evidence: how many days there were, and what it might risk.

    Below `floor`, in standard errors, the contender loses its place.
    """

    days: int
    spent: float
    floor: float = -_REACH_DOWN


def spending(fraction: float, budget: float) -> float:
    r"""Return the share of a challenger's error budget that may be spent up to a moment.

    The power family :math:`\alpha(\tau) = \alpha \tau^2` [1]_: little at first, when few days
    speak, and most of it late, when the test is strong. As :math:`\tau^2 \le \tau`, no challenger
    has spent more at any moment than its part of the year.

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
    the days, is a random walk. The bound of each look is chosen so that the walk crosses it with
    the probability that this look may spend [1]_, given that it has neither crossed a bound nor
    fallen below a floor before. Found by integrating the walk's density from look to look [2]_.

    That the probability is a conditional one matters. Contenders that fall behind make room for
    new ones, and those that stay are the luckier ones: were each allowed to cross with a share of
    the budget over its whole time, a year of many contenders would spend the budget many times. As
    it is, every night risks what it may, whoever has the place.

    Parameters
    ----------
    looks : tuple of Look
        All looks at this contender, the oldest first, tonight's last. A look without a new day has
        no bound of its own and what it might spend is lost; so has one at fewer days, where labels
        were taken back.

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
    A single look at 2.5 % is the usual bound. Who stays only while ahead has to be better.

    >>> round(critical_value((Look(20, 0.025),)), 3)
    1.96
    >>> round(critical_value((Look(20, 0.0125), Look(40, 0.0125))), 3)
    2.13
    >>> round(critical_value((Look(20, 0.0125, floor=0.0), Look(40, 0.0125))), 3)
    2.363
    """
    if not looks:
        raise ValueError("looks is empty; there is no bound before the first look")
    days = [look.days for look in looks]
    if min(days) < 1:
        raise ValueError(f"days are {days}; expected at least 1")
    if days[-1] <= max(days[:-1], default=0):
        return _NEVER
    return _state(_with_news(looks)).critical


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
        return _cut(look, critical, None)
    before = _state(tuple(earlier))
    step = math.sqrt(look.days - before.days)
    bound = _bound(before, step, look.spent * float(before.masses.sum()))
    return _cut(look, bound / math.sqrt(look.days), before)


def _bound(before: _State, step: float, spent: float) -> float:
    """Find the height above which the walk goes, for the first time, with probability `spent`."""
    if spent <= 0:
        return _NEVER

    def excess(height: float) -> float:
        return float(before.masses @ special.ndtr((before.nodes - height) / step)) - spent

    low, high = before.nodes[0], before.nodes[-1] + _REACH_UP * step
    return float(optimize.brentq(excess, low, high, xtol=1e-9)) if excess(low) > 0 else float(low)


def _cut(look: Look, critical: float, before: _State | None) -> _State:
    """Keep of the walk what has neither crossed the bound nor fallen below the floor."""
    step = math.sqrt(look.days - (before.days if before else 0))
    high = min(critical, _REACH_UP) * math.sqrt(look.days)
    low = min(max(look.floor, -_REACH_DOWN) * math.sqrt(look.days), high - step)
    count = 2 * math.ceil((high - low) / step * _NODES_PER_STEP / 2) + 1
    nodes = np.linspace(low, high, max(count, 129))
    density = stats.norm.pdf(nodes / step) / step if before is None else _moved(before, nodes, step)
    weights = np.full(len(nodes), 2.0)
    weights[1::2], weights[0], weights[-1] = 4.0, 1.0, 1.0
    masses = density * weights * (nodes[1] - nodes[0]) / 3
    return _State(look.days, critical, nodes, masses)


def _moved(before: _State, nodes: Floats, step: float) -> Floats:
    z = (nodes[:, None] - before.nodes[None, :]) / step
    density: Floats = np.exp(-0.5 * z * z) @ before.masses
    return density / (step * math.sqrt(2 * math.pi))
