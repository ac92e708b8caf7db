"""How a column is cut into bins, learned from its reference: quantiles of numbers, or categories.

The last bin is always of what is missing. Numbers have a bin below and one above all that the
reference holds; categories have one for the rare and one for those that the reference never saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lamplighter.features.category import as_texts
from lamplighter.features.kinds import read_kind
from lamplighter.features.number import as_numbers

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

QUANTILES = 50
"""Fine bins of numbers, for distances; so a distance is at most .02 too small."""

COARSE = 10
"""Coarse bins of numbers, for the stability index, as is usual."""

SHOWN_LEVELS = 20
KNOWN_LEVELS = 1_000


@dataclass(frozen=True)
class NumberBins:
    """Bins ``(-inf, e1), [e1], (e1, e2], ..., (ek, inf)`` and one of what is missing."""

    edges: tuple[float, ...]
    typical: float

    @classmethod
    def learn(cls, values: Floats) -> Self:
        """Cut at quantiles, each one a value that occurs, so that a value of many rows is a bin."""
        known = values[~np.isnan(values)]
        if not known.size:
            return cls(edges=(0.0,), typical=0.0)
        shares = np.arange(QUANTILES + 1) / QUANTILES
        edges = np.unique(np.quantile(known, shares, method="inverted_cdf"))
        typical = float(np.quantile(known, 0.5, method="inverted_cdf"))
        return cls(edges=tuple(float(edge) for edge in edges), typical=typical)

    @property
    def size(self) -> int:
        """Number of bins."""
        return len(self.edges) + 3

    def places(self, column: pd.Series) -> Ints:
        """Return the bin of each value."""
        values = as_numbers(column)
        edges = np.asarray(self.edges)
        inside = np.searchsorted(edges, values, side="left") + (values >= edges[0])
        return np.where(np.isnan(values), self.size - 1, inside)

    def groups(self, reference: ArrayLike) -> Ints:
        """Return the coarse bin of each bin: the deciles of the reference, below, above, missing.

        Parameters
        ----------
        reference : array_like of int, shape (size,)
            The reference's rows in each bin.
        """
        inside = np.asarray(reference, dtype=np.float64)[1:-2]
        reached = np.cumsum(inside) / max(inside.sum(), 1.0)
        shares = np.arange(1, COARSE) / COARSE
        ends = np.unique(np.searchsorted(reached, shares - 1e-12))
        deciles = np.searchsorted(ends, np.arange(len(inside)), side="left") + 1
        last = int(deciles.max()) if len(deciles) else 0
        return np.concatenate([[0], deciles, [last + 1, last + 2]])

    def labels(self, groups: Ints) -> tuple[str, ...]:
        """Name the coarse bins."""
        edges, inside = np.asarray(self.edges), groups[1:-2]
        names = [f"below {_short(edges[0])}"]
        for group in range(1, int(inside.max()) + 1):
            held = np.flatnonzero(inside == group)
            alone = len(held) == 1 and bool((edges == np.round(edges)).all())
            last = _short(edges[held[-1]])
            names.append(last if alone else f"to {last}")
        return (*names, f"above {_short(edges[-1])}", "missing")


@dataclass(frozen=True)
class CategoryBins:
    """A bin for each frequent level, one of the rare, one of the new, and one of the missing."""

    levels: tuple[str, ...]

    @classmethod
    def learn(cls, texts: pd.Series) -> Self:
        """Remember the levels, the most frequent first."""
        counts = texts.dropna().value_counts()
        ordered = sorted(counts.index, key=lambda level: (-counts[level], level))
        return cls(levels=tuple(str(level) for level in ordered[:KNOWN_LEVELS]))

    @property
    def typical(self) -> str:
        """The most frequent level."""
        return self.levels[0] if self.levels else ""

    @property
    def shown(self) -> int:
        """How many levels have a bin of their own."""
        return min(len(self.levels), SHOWN_LEVELS)

    @property
    def size(self) -> int:
        """Number of bins."""
        return self.shown + 3

    def places(self, column: pd.Series) -> Ints:
        """Return the bin of each value."""
        texts = as_texts(column)
        levels = pd.Index(self.levels, dtype=object)
        found = levels.get_indexer(pd.Index(texts, dtype=object))
        rare, new, missing = self.shown, self.shown + 1, self.shown + 2
        places = np.where(found < 0, new, np.minimum(found, rare))
        return np.where(texts.isna().to_numpy(), missing, places)

    def groups(self, reference: ArrayLike) -> Ints:
        """Return the coarse bin of each bin: itself."""
        return np.arange(self.size)

    def labels(self, groups: Ints) -> tuple[str, ...]:
        """Name the bins."""
        return (*self.levels[: self.shown], "other", "new", "missing")


Bins = NumberBins | CategoryBins


def learn_bins(column: pd.Series) -> Bins:
    """Learn the bins of a column of features from its reference.

    Dates go on and texts do not come again, so of both only what is missing is watched.
    """
    kind = read_kind(column)
    if kind == "number":
        return NumberBins.learn(as_numbers(column))
    return CategoryBins.learn(as_texts(column)) if kind == "category" else CategoryBins(levels=())


def merged(counts: ArrayLike, groups: Sequence[int] | Ints) -> Ints:
    """Add up the counts of bins that belong to one group, along the last axis.

    Examples
    --------
    >>> merged([[1, 2, 3], [4, 5, 6]], [0, 0, 1]).tolist()
    [[3, 3], [9, 6]]
    """
    fine = np.asarray(counts, dtype=np.int64)
    indicator = np.asarray(groups)[:, None] == np.arange(int(np.max(groups)) + 1)
    return np.asarray(fine @ indicator.astype(np.int64))


def _short(value: float) -> str:
    """Return three digits, or all before the point.

    >>> _short(0.012345), _short(12.345), _short(1013.2)
    ('0.0123', '12.3', '1,013')
    """
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e9 else f"{value:.3g}"
