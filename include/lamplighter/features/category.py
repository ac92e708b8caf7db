"""Categories: the rank of a level by frequency, and for many levels what the target was there.

A category becomes the rank of its level (0 is the most frequent), so that a member that takes only
a few levels cuts at a rank.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from lamplighter.features.column import Floats
from lamplighter.features.target_means import TargetMeans, Teacher

MAX_LEVELS = 200
"""Levels of a category that are told apart; scikit-learn's histogram trees allow 255 bins."""

FEW_LEVELS = 30
"""Levels up to which trees and one column a level do well without means of the target."""

_MEASURED_LEVELS = 20_000

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class CategoryColumn:
    """The levels of a category from the most frequent on.

    Attributes
    ----------
    levels : tuple of str
        All that are remembered.
    told_apart : int
        How many of them have a code of their own; the others share the next code.
    has_other : bool
        Whether training had rarer levels than those. If so, a level that was never seen counts as
        one of them; else it is missing.
    means : TargetMeans or None
        The target's mean at each level, where there are many.
    """

    name: str
    levels: tuple[str, ...] = ()
    told_apart: int = 0
    has_other: bool = False
    means: TargetMeans | None = None

    @classmethod
    def fit(cls, column: pd.Series, *, max_levels: int = MAX_LEVELS) -> Self:
        """Learn the levels of a column."""
        codes, texts = coded(column)
        counts: dict[str, int] = {}
        for text, count in zip(
            texts, np.bincount(codes[codes >= 0], minlength=len(texts)), strict=True
        ):
            counts[text] = counts.get(text, 0) + int(count)
        ordered = sorted((text for text in counts if counts[text]), key=lambda t: (-counts[t], t))
        told_apart = min(max_levels, len(ordered))
        if len(ordered) > max_levels:
            # What one row alone has, such as a name, says nothing about others.
            told_apart = sum(counts[level] > 1 for level in ordered[:max_levels])
        # Interned, so that equal encoders pickle to equal bytes wherever their strings came from.
        return cls(
            name=sys.intern(str(column.name)),
            levels=tuple(
                sys.intern(level) for level in ordered[: max(max_levels, _MEASURED_LEVELS)]
            ),
            told_apart=told_apart,
            has_other=len(ordered) > max_levels,
        )

    def without_the_rare(self) -> Self:
        """Forget the levels that only means of the target could tell apart."""
        return replace(self, levels=self.levels[: self.told_apart])

    def taught(self, column: pd.Series, teacher: Teacher) -> tuple[Self, Floats]:
        """Learn the target's means, and return the columns of the training rows.

        No row is told its own target: each one's means are of other rows, older ones where the
        rows are in time order.
        """
        places = self._places(column)
        means, own = TargetMeans.learn(places, len(self.levels), teacher)
        return replace(self, means=means), np.hstack([self._ranks(places)[:, None], own])

    @property
    def outputs(self) -> tuple[str, ...]:
        """The feature's name, and one for each mean of the target."""
        count = self.means.width if self.means else 0
        return (self.name, *(f"{self.name}: target mean {i + 1}" for i in range(count)))

    @property
    def categorical(self) -> tuple[bool, ...]:
        """The rank is a code, means are numbers."""
        return (bool(self.levels), *(False for _ in self.outputs[1:]))

    @property
    def terms(self) -> int:
        """No text."""
        return 0

    def encode(self, column: pd.Series) -> tuple[Floats, None]:
        """Return the rank of each value's level, and the target's means there."""
        if not self.levels:
            return np.zeros((len(column), 1)), None
        places = self._places(column)
        ranks = self._ranks(places)[:, None]
        if self.means is None:
            return ranks, None
        return np.hstack([ranks, self.means.at(places)]), None

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {level: place for place, level in enumerate(self.levels)}

    def __getstate__(self) -> dict[str, Any]:
        # Without what is cached: equal encoders pickle to equal bytes, used or not.
        return {name: value for name, value in self.__dict__.items() if name != "_index"}

    def _places(self, column: pd.Series) -> Codes:
        """Return the place of each value's level; one more where never seen, two where missing."""
        codes, texts = coded(column)
        unseen = len(self.levels)
        index = self._index
        places = [index.get(text, unseen) for text in texts]
        return np.array([*places, unseen + 1], dtype=np.intp)[codes]

    def _ranks(self, places: Codes) -> Floats:
        ranks = np.minimum(places, self.told_apart).astype(np.float64)
        if not self.has_other:
            ranks[places == len(self.levels)] = np.nan
        ranks[places == len(self.levels) + 1] = np.nan
        return ranks


def coded(column: pd.Series) -> tuple[Codes, list[str]]:
    """Return a code for each value (-1: missing) and the texts that the codes stand for.

    Two codes may stand for the same text, where one value came as a number and one as text.

    Examples
    --------
    >>> coded(pd.Series(["b", None, "a", "b"]))
    (array([ 0, -1,  1,  0]), ['b', 'a'])
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = np.asarray(column.cat.codes, dtype=np.intp)
        return codes, [level_text(value) for value in column.cat.categories]
    if types.is_object_dtype(column.dtype) and types.infer_dtype(column) != "string":
        # 1 and True are equal, and only one of them would be seen.
        column = column.map(level_text, na_action="ignore")
    found, values = pd.factorize(column)
    return np.asarray(found, dtype=np.intp), [level_text(value) for value in values]


def level_text(value: object) -> str:
    """Return the text of a level: the same for 3 and 3.0, which a gap elsewhere makes of it.

    Examples
    --------
    >>> level_text(3.0), level_text(True), level_text("3.0")
    ('3', 'True', '3.0')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_texts(column: pd.Series) -> pd.Series:
    """Return a column's values as text; what is missing stays missing."""
    known = column.astype(object)
    return known.where(known.isna(), known.map(str, na_action="ignore"))
