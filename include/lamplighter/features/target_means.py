"""Means of the target at each level of a category, learnt so that no row is told its own target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lamplighter.features.column import Floats

SMOOTHING = 20.0
"""How many rows of the overall mean a level's own rows are mixed with."""

_PARTS = 10
_MOST_CLASSES = 10

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Teacher:
    """The target of training rows, for encoders that learn from it.

    Attributes
    ----------
    Y : ndarray of float, shape (n_rows, n_means)
        What is averaged: the target itself, or one column for each class.
    in_time_order : bool
        Whether the rows are sorted by time, so that a row may only be told of those above it.
    seed : int
        Cuts the parts where there is no time.
    """

    Y: Floats = field(compare=False)
    in_time_order: bool
    seed: int

    @classmethod
    def of(cls, y: Floats, *, classes: int, in_time_order: bool, seed: int) -> Self | None:
        """Take numbers (0 classes) or codes of classes; None where there are too many classes."""
        if classes > _MOST_CLASSES:
            return None
        numbers = np.asarray(y, dtype=np.float64)
        Y = numbers[:, None] == np.arange(classes) if classes > 2 else numbers[:, None]
        return cls(Y.astype(np.float64), in_time_order, seed)


@dataclass(frozen=True)
class TargetMeans:
    r"""Smoothed means of the target at each level.

    With :math:`n` rows of a level that sum up to :math:`s`, and the mean :math:`\bar y` of all
    rows, the level's mean is :math:`(s + m \bar y) / (n + m)` [1]_, :math:`m` being `SMOOTHING`.
    A level that was never seen has the mean of all.

    References
    ----------
    .. [1] D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes in
       classification and prediction problems", SIGKDD Explorations 3(1), 2001.
    """

    table: Floats = field(compare=False)

    @classmethod
    def learn(cls, places: Places, levels: int, teacher: Teacher) -> tuple[Self, Floats]:
        """Learn the means, and return those of the training rows.

        A training row's means are of other parts of the rows than its own: of older parts in time
        order, where the oldest part is told nothing, else of all others.

        Parameters
        ----------
        places : ndarray of int, shape (n_rows,)
            Place of each row's level; ``levels`` for one that was never seen, ``levels + 1`` for
            what is missing.
        """
        Y, rows = teacher.Y, len(places)
        own = np.full(Y.shape, np.nan)
        if teacher.in_time_order:
            part_of = np.arange(rows) * _PARTS // max(rows, 1)
        else:
            part_of = np.random.default_rng(teacher.seed).permutation(rows) % _PARTS
        for part in range(_PARTS):
            told = part_of == part
            learnt = part_of < part if teacher.in_time_order else ~told
            if learnt.any() and told.any():
                own[told] = _table(places[learnt], levels, Y[learnt])[places[told]]
        return cls(_table(places, levels, Y)), own

    @property
    def width(self) -> int:
        """How many means a level has."""
        return int(self.table.shape[1])

    def at(self, places: Places) -> Floats:
        """Return the means of rows, by the place of their level."""
        return np.asarray(self.table[places])


def _table(places: Places, levels: int, Y: Floats) -> Floats:
    """Return the means of all levels, then those of the unseen and of the missing."""
    overall = Y.mean(axis=0)
    n = np.bincount(places, minlength=levels + 2)[:, None]
    s = np.column_stack([np.bincount(places, y, minlength=levels + 2) for y in Y.T])
    return np.asarray((s + SMOOTHING * overall) / (n + SMOOTHING))
