"""Permutation importance: how much the loss grows when a feature is taken from other rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamplighter.contracts import Estimate
from lamplighter.evaluation.intervals import block_jackknife
from lamplighter.evaluation.metrics import MeanMetric, Task, row_losses
from lamplighter.evaluation.ranking import Floats

Places = NDArray[np.intp]
Exchanged = Callable[[Places, Mapping[str, Places]], Floats]
"""Predicts rows, given by their places, some of whose features are taken from other rows."""

_MOST_PREDICTIONS = 300_000
_FEWEST_ROWS = 200


@dataclass(frozen=True)
class Importance:
    """What shuffling a feature, or several together, costs.

    Attributes
    ----------
    features : tuple of str
        One, or a group that was shuffled together.
    increase : Estimate or None
        By how much the mean loss of a row grows; None where there are too few rows for an interval.
    share : float or None
        The same over the loss as it is.
    repeats : int
        How often it was shuffled.
    """

    features: tuple[str, ...]
    increase: Estimate | None
    share: float | None
    repeats: int


@dataclass(frozen=True)
class Effort:
    """Rows and repeats that a number of things to shuffle can afford.

    Examples
    --------
    >>> Effort.within(rows=2_000, repeats=5, things=20)
    Effort(rows=2000, repeats=5)
    >>> Effort.within(rows=2_000, repeats=5, things=600)
    Effort(rows=500, repeats=1)
    """

    rows: int
    repeats: int

    @classmethod
    def within(cls, *, rows: int, repeats: int, things: int) -> Effort:
        """Return fewer repeats, and then fewer rows, where there is much to shuffle."""
        affordable = _MOST_PREDICTIONS // max(1, things)
        afforded = max(1, min(repeats, affordable // max(1, rows)))
        return cls(min(rows, max(_FEWEST_ROWS, affordable // afforded)), afforded)


def permutation_importance(
    exchanged: Exchanged,
    y: ArrayLike,
    *,
    task: Task,
    units: Sequence[tuple[str, ...]],
    blocks: ArrayLike | None,
    repeats: int,
    seed: int,
    confidence: float = 0.95,
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> list[Importance]:
    r"""Measure how much the loss grows when features are taken from other rows.

    The importance of a feature is the mean over the rows of

    .. math:: d_i = \frac1R \sum_r L(y_i, f(x_i^{(r)})) - L(y_i, f(x_i)) ,

    with :math:`x_i^{(r)}` the row whose feature another row lends it, by the *r*-th random
    permutation [1]_ [2]_. On rows that the model was not fitted on, a feature that says nothing has
    the expectation 0, also if the model uses it. The interval treats whole days as one, as those
    of the metrics do (see `block_jackknife`). Each is for its own feature; of twenty features that
    say nothing, one lies outside a 95 % interval by chance.

    Features that say the same stand in for each other: each alone may look idle. Shuffle them
    together, as one unit of several features.

    Parameters
    ----------
    exchanged : callable
        Predicts rows, some of whose features are taken from other rows.
    y : array_like, shape (n_rows,)
        Labels; classes as numbers from 0.
    units : sequence of tuple of str
        What is shuffled together; a feature alone is a tuple of one.
    blocks : array_like of str, shape (n_rows,), or None
        Day of each row; None where there is no time.
    seconds_left : callable
        When nothing is left, the repeats that are done are used; units without any are left out.

    Returns
    -------
    list of Importance
        The largest increase first; by name where two are equal.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45, 2001.
    .. [2] A. Fisher, C. Rudin and F. Dominici, "All models are wrong, but many are useful", Journal
       of Machine Learning Research 20, 2019.
    """
    truth = np.asarray(y, dtype=float)
    every = np.arange(len(truth))
    as_it_is = row_losses(task, truth, exchanged(every, {}))
    added = np.zeros((len(units), len(truth)))
    done = np.zeros(len(units), dtype=int)
    for repeat, place in ((r, u) for r in range(repeats) for u in range(len(units))):
        if seconds_left() <= 0:
            break
        order = np.random.default_rng([seed, repeat, place]).permutation(len(truth))
        shuffled = exchanged(every, dict.fromkeys(units[place], order))
        added[place] += row_losses(task, truth, shuffled) - as_it_is
        done[place] += 1
    found = [
        _importance(
            unit, added[place] / done[place], as_it_is, blocks, int(done[place]), confidence
        )
        for place, unit in enumerate(units)
        if done[place]
    ]
    return sorted(found, key=lambda one: (-one.increase.value if one.increase else 0, one.features))


def _importance(
    unit: tuple[str, ...],
    growth: Floats,
    as_it_is: Floats,
    blocks: ArrayLike | None,
    repeats: int,
    confidence: float,
) -> Importance:
    increase = block_jackknife(
        {_GROWTH.name: _GROWTH}, np.zeros(len(growth)), growth, blocks, confidence=confidence
    ).get(_GROWTH.name)
    before = float(as_it_is.mean())
    share = increase.value / before if increase and before > 0 else None
    return Importance(unit, increase, share, repeats)


_GROWTH = MeanMetric(
    "growth",
    greater_is_better=False,
    tasks=("binary", "multiclass", "regression"),
    limits=(-math.inf, math.inf),
    terms=lambda _, growth: growth[:, None],
    of_means=lambda means: means[:, 0],
)
