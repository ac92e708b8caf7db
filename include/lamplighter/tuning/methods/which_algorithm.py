"""Which algorithm the next trial is of, where a method searches several."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from lamplighter.tuning.history import Past

_CURIOSITY = 0.5


def promising(names: Sequence[str], points: Sequence[Past]) -> list[str]:
    r"""Rank algorithms by what their best trial yet to come may be.

    Algorithms are arms of a bandit that is paid by its best pull, not by the mean of all: MaxUCB
    [1]_. An arm of :math:`n` pulls whose best reward is :math:`r` gets

    .. math:: r + (\alpha \ln t / n)^2

    at pull :math:`t`. A reward is 1 for the least loss so far and 0 for the median one.

    Parameters
    ----------
    names : sequence of str
        The algorithms. One that was never tried comes first.
    points : sequence of Past
        Their trials.

    References
    ----------
    .. [1] A. Balef, C. Vernade and K. Eggensperger, "Put CASH on bandits: a max k-armed problem for
       automated machine learning", 2025.
    """
    pulls = {name: [past.loss for past in points if past.algorithm == name] for name in names}
    losses = [past.loss for past in points if past.algorithm in pulls]
    if not losses:
        return list(names)
    best = min(losses)
    unit = statistics.median(losses) - best or 1.0
    curiosity = _CURIOSITY * math.log(len(losses) + 1)

    def worth(name: str) -> float:
        found = pulls[name]
        if not found:
            return math.inf
        return 1 - (min(found) - best) / unit + (curiosity / len(found)) ** 2

    return sorted(names, key=worth, reverse=True)
