"""The design matrix of linear models: hat functions of numbers, one column a level.

A number enters through hat functions with knots at its quantiles, constant beyond them: so its
effect need not be straight, and a value that was never seen cannot throw a prediction far off.
What is missing has a column of its own, or, if that never happened in training, counts as median.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from lamplighter.features.encode import Encoded
from lamplighter.training.target import Floats

_MAX_LEVELS = 100

Entries = tuple[NDArray[np.intp], Floats]


class Block(Protocol):
    """The columns that one feature becomes."""

    @property
    def width(self) -> int:
        """How many columns."""
        ...

    def entries(self, values: Floats) -> Entries:
        """Return columns and values of a fixed number of entries a row, zeros included."""
        ...


@dataclass(frozen=True)
class Hats:
    """A number: one column for each knot but the first, and one for what is missing."""

    knots: Floats = field(compare=False)
    median: float
    knows_missing: bool
    reach: float = 0.0

    @classmethod
    def fit(cls, values: Floats, *, knots: int, reach: float = 0.0) -> Self:
        known = values[~np.isnan(values)]
        if not known.size:
            return cls(knots=np.zeros(1), median=0.0, knows_missing=False)
        return cls(
            knots=np.unique(np.quantile(known, np.linspace(0, 1, knots))),
            median=float(np.median(known)),
            knows_missing=known.size < values.size,
            reach=reach,
        )

    @property
    def width(self) -> int:
        return len(self.knots)

    def entries(self, values: Floats) -> Entries:
        missing = np.isnan(values)
        beyond = self.reach * (self.knots[-1] - self.knots[0])
        x = np.where(missing, self.median, values)
        x = np.clip(x, self.knots[0] - beyond, self.knots[-1] + beyond)
        right = np.clip(np.searchsorted(self.knots, x), 1, max(1, len(self.knots) - 1))
        if len(self.knots) == 1:
            share = np.zeros(len(x))
        else:
            share = (x - self.knots[right - 1]) / (self.knots[right] - self.knots[right - 1])
        present = ~missing | (not self.knows_missing)
        left_weight = np.where(right > 1, 1 - share, 0.0)
        # The last column is of what is missing; the first knot's hat is left to the intercept.
        columns = np.stack([np.maximum(right - 2, 0), right - 1, np.full(len(x), self.width - 1)])
        weights = np.stack([left_weight * present, share * present, (~present).astype(float)])
        return columns.T, weights.T


@dataclass(frozen=True)
class Levels:
    """A category: one column for each frequent level, then the rare ones, then what is missing."""

    frequent: int

    @classmethod
    def fit(cls, codes: Floats) -> Self:
        known = codes[~np.isnan(codes)]
        return cls(frequent=min(_MAX_LEVELS, int(known.max()) + 1 if known.size else 0))

    @property
    def width(self) -> int:
        return self.frequent + 2

    def entries(self, values: Floats) -> Entries:
        column = np.where(np.isnan(values), self.frequent + 1, np.minimum(values, self.frequent))
        return column.astype(np.intp)[:, None], np.ones((len(values), 1))


@dataclass(frozen=True)
class Design:
    """From the encoded matrix to the sparse matrix of a linear model."""

    blocks: tuple[Block, ...]

    @classmethod
    def fit(cls, X: Encoded, *, knots: int, reach: float = 0.0) -> Self:
        """Learn knots and levels from training rows.

        Within `reach` times its range a number's effect goes on straight beyond what was seen, and
        stays level from there.
        """
        return cls(
            tuple(
                Levels.fit(values) if category else Hats.fit(values, knots=knots, reach=reach)
                for values, category in zip(X.values.T, X.categorical, strict=True)
            )
        )

    def transform(self, X: Encoded) -> csr_matrix:
        """Return the design matrix, shape (n_rows, sum of the blocks' widths)."""
        parts = [block.entries(X.values[:, j]) for j, block in enumerate(self.blocks)]
        entries = sum(weights.shape[1] for _, weights in parts)
        columns = np.empty((len(X), entries), dtype=np.int32)
        values = np.empty((len(X), entries))
        entry = offset = 0
        for block, (inner, weights) in zip(self.blocks, parts, strict=True):
            filled = slice(entry, entry + weights.shape[1])
            columns[:, filled] = inner + offset
            values[:, filled] = weights
            entry, offset = filled.stop, offset + block.width
        ends = np.arange(0, values.size + 1, entries)
        matrix = csr_matrix((values.ravel(), columns.ravel(), ends), shape=(len(X), offset))
        # What is zero goes, and with it the few columns that a row names twice.
        matrix.eliminate_zeros()
        return matrix
