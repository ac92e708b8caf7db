"""The design matrix of members that measure distances or multiply matrices: dense, on one scale.

A number is scaled by its median and spread and bent smoothly beyond three spreads, or replaced by
its normal score, so that no outlier can throw a prediction far off. A category becomes a column for
each frequent level. What was missing somewhere in training has a column that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lamplighter.features.encode import Encoded
from lamplighter.training.target import Floats

Scale = Literal["spread", "normal"]
SCALES: tuple[Scale, ...] = ("spread", "normal")

Matrix = NDArray[np.float32]

_KNOTS = 101
_BEND = 3.0
_MOST_EXTREME = 0.002
_MAX_WIDTH = 4_000


@dataclass(frozen=True)
class DenseDesign:
    """From the encoded matrix to a dense one in single precision.

    Attributes
    ----------
    center, spread : ndarray, shape (n_numbers,)
        Of each number. The center also stands for what is missing.
    knots : ndarray, shape (n_knots, n_numbers)
        Quantiles, for normal scores; empty for the other scale.
    gaps : ndarray of bool, shape (n_numbers,)
        Which numbers were missing somewhere in training.
    levels : tuple of int
        How many levels of each category have a column; rarer ones share the next.
    """

    categorical: NDArray[np.bool_] = field(compare=False)
    center: Matrix = field(compare=False)
    spread: Matrix = field(compare=False)
    knots: Matrix = field(compare=False)
    gaps: NDArray[np.bool_] = field(compare=False)
    levels: tuple[int, ...]

    @classmethod
    def fit(cls, X: Encoded, *, scale: Scale, max_levels: int = 30) -> Self:
        """Learn scales and levels from training rows."""
        numbers = X.values[:, ~X.categorical]
        missing = np.isnan(numbers)
        empty = missing.all(axis=0)
        known = np.where(empty, 0.0, numbers)
        shares = np.linspace(0, 1, _KNOTS)
        quantiles = np.nanquantile(known, shares, axis=0) if len(known) else known
        quantiles = quantiles.reshape(_KNOTS, numbers.shape[1])
        return cls(
            categorical=X.categorical,
            center=_single(quantiles[_KNOTS // 2]),
            spread=_single(_spread(known, quantiles)),
            knots=_single(quantiles if scale == "normal" else quantiles[:0]),
            gaps=missing.any(axis=0) & ~empty,
            levels=_levels(X.values[:, X.categorical], max_levels, other=numbers.shape[1]),
        )

    @property
    def width(self) -> int:
        """How many columns the matrix has."""
        return len(self.center) + int(self.gaps.sum()) + sum(self.levels) + len(self.levels)

    def transform(self, X: Encoded) -> Matrix:
        """Return the design matrix, shape (n_rows, width)."""
        numbers = X.values[:, ~self.categorical]
        missing = np.isnan(numbers)
        matrix = np.zeros((len(X), self.width), dtype=np.float32)
        count = len(self.center)
        matrix[:, :count] = self._scaled(np.where(missing, self.center, numbers))
        stop = count + int(self.gaps.sum())
        matrix[:, count:stop] = missing[:, self.gaps]
        rows = np.arange(len(X))
        for codes, levels in zip(X.values[:, self.categorical].T, self.levels, strict=True):
            # A missing value is no level: all of its columns stay zero.
            known = ~np.isnan(codes)
            place = np.minimum(codes[known], levels).astype(np.intp)
            matrix[rows[known], stop + place] = 1.0
            stop += levels + 1
        return matrix

    def _scaled(self, numbers: Floats) -> Floats:
        if not len(self.knots):
            # A smooth bend: nearly straight within the spread, never beyond three of them.
            straight = (numbers - self.center) / self.spread
            return np.asarray(straight / np.sqrt(1 + (straight / _BEND) ** 2))
        shares = np.linspace(0, 1, len(self.knots))
        ranks = np.empty_like(numbers)
        for column, knots in enumerate(self.knots.T):
            # The mean of both ends of a tie, so that many zeros stand in their own middle.
            low = high = np.interp(numbers[:, column], knots, shares)
            if (knots[1:] == knots[:-1]).any():
                high = 1 - np.interp(-numbers[:, column], -knots[::-1], shares)
            ranks[:, column] = (low + high) / 2
        scores = ndtri(np.clip(ranks, _MOST_EXTREME, 1 - _MOST_EXTREME))
        return np.asarray(np.where(self.knots[0] == self.knots[-1], 0.0, scores))


def _spread(known: Floats, quantiles: Floats) -> Floats:
    """Return what is one unit: the normal spread of the middle half, or else of everything."""
    middle = (quantiles[3 * _KNOTS // 4] - quantiles[_KNOTS // 4]) / 1.349
    whole = np.nanstd(known, axis=0) if len(known) else middle
    # Mostly zeros have a middle half without width; a few far outliers make the whole too wide.
    spread = np.where(middle > 0.1 * whole, middle, whole)
    return np.where(spread > 0, spread, 1.0)


def _levels(codes: Floats, max_levels: int, *, other: int) -> tuple[int, ...]:
    if not codes.shape[1]:
        return ()
    room = max(2, (_MAX_WIDTH - 2 * other) // codes.shape[1])
    most = np.where(np.isnan(codes), -1, codes).max(axis=0, initial=-1) + 1
    return tuple(int(count) for count in np.minimum(most, min(max_levels, room)))


def _single(values: Floats) -> Matrix:
    return np.ascontiguousarray(values, dtype=np.float32)
