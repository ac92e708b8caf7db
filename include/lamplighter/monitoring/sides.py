"""Two sides of a comparison of one column: what counts as the reference, and what is current."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamplighter.monitoring.bins import merged

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """Rows per bin, and the sum of their values; the last bin is of what is missing.

    Attributes
    ----------
    counts : ndarray of int, shape (..., n_bins)
    sums : ndarray of float, shape (...)
        0 for categories.
    """

    counts: Ints
    sums: Floats

    @property
    def rows(self) -> Ints:
        """Rows, with and without a value."""
        return np.asarray(self.counts.sum(axis=-1))

    @property
    def valued(self) -> Ints:
        """Rows per bin, without what is missing."""
        return self.counts[..., :-1]

    @property
    def values(self) -> Ints:
        """Rows that have a value."""
        return np.asarray(self.valued.sum(axis=-1))

    @property
    def missing(self) -> Ints:
        """Rows without a value."""
        return self.counts[..., -1]

    @property
    def mean(self) -> Floats:
        """Mean of the values; 0 without any."""
        return np.asarray(self.sums / np.maximum(self.values, 1))


@dataclass(frozen=True)
class Sides:
    """The two sides; of several comparisons at once, along the leading axes."""

    reference: Side
    current: Side

    def merged(self, groups: Ints) -> Sides:
        """Return the same with coarser bins."""
        return Sides(
            Side(merged(self.reference.counts, groups), self.reference.sums),
            Side(merged(self.current.counts, groups), self.current.sums),
        )
