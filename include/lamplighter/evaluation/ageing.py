"""How fast a model ages, and how old it may become before a new one is worth its cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Gain:
    """How much lower the loss of a newer model was than that of one so many days older."""

    days_older: float
    gain: float


@dataclass(frozen=True)
class Ageing:
    """Loss that a day of age adds, per prediction, and how many comparisons say so."""

    per_day: float
    comparisons: int


def ageing(gains: Sequence[Gain], *, least: int) -> Ageing | None:
    r"""Fit the line through the origin: a model of the same age gains nothing.

    Least squares give :math:`b = \sum a_i g_i / \sum a_i^2` for ages :math:`a_i` and gains
    :math:`g_i`. None while there are fewer than `least` comparisons.

    Examples
    --------
    >>> ageing([Gain(10, 0.01), Gain(20, 0.02)], least=2)
    Ageing(per_day=0.001, comparisons=2)
    """
    older = [found for found in gains if found.days_older > 0]
    if len(older) < least:
        return None
    squares = sum(found.days_older**2 for found in older)
    slope = sum(found.days_older * found.gain for found in older) / squares
    return Ageing(slope, len(older))


def days_worth_waiting(
    per_day: float, *, rows_per_day: float, training_cost: float, loss_cost_per_1000: float
) -> float:
    r"""Return the age in days at which a training has paid for itself.

    A model that loses :math:`b` a day on :math:`n` predictions a day, worth :math:`v` each, has
    cost :math:`n v b t^2 / 2` after :math:`t` days. A cycle of trainings at cost :math:`C` is the
    cheapest per day where the two are equal, at

    .. math:: t^* = \sqrt{2 C / (n v b)} ,

    which is Harris's square root for the quantity to order at once [1]_.

    Returns
    -------
    float
        Infinite where models do not age, or losses cost nothing; 0 where training is free.

    References
    ----------
    .. [1] F. W. Harris, "How Many Parts to Make at Once", Factory: The Magazine of Management 10,
       1913.

    Examples
    --------
    >>> days_worth_waiting(0.001, rows_per_day=900, training_cost=45, loss_cost_per_1000=1000)
    10.0
    """
    if training_cost == 0:
        return 0.0
    lost_per_day = per_day * rows_per_day * loss_cost_per_1000 / 1000
    return math.sqrt(2 * training_cost / lost_per_day) if lost_per_day > 0 else math.inf
