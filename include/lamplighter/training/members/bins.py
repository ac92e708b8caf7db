"""Bins: numbers cut at their quantiles, so that trees sort little and store a byte a threshold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lamplighter.features.encode import Encoded
from lamplighter.training.target import Floats

_BINS = 128
_BINS_OF_MANY = 48
_MANY_COLUMNS = 400
_MAX_CODE = 254.0


@dataclass(frozen=True)
class Bins:
    """From the encoded matrix to small whole numbers; NaN stays NaN.

    Codes of categories stay what they are: ranks of their levels by frequency.
    """

    edges: tuple[NDArray[np.float64], ...] = field(compare=False, repr=False)
    categorical: NDArray[np.bool_] = field(compare=False, repr=False)

    @classmethod
    def fit(cls, X: Encoded) -> Self:
        """Learn the edges from training rows."""
        bins = _BINS if len(X.categorical) <= _MANY_COLUMNS else _BINS_OF_MANY
        none = np.zeros(0)
        return cls(
            edges=tuple(
                none if category else _edges(values, bins)
                for values, category in zip(X.values.T, X.categorical, strict=True)
            ),
            categorical=X.categorical,
        )

    def transform(self, X: Encoded) -> NDArray[np.float32]:
        """Return the codes, shape (n_rows, n_features), row after row."""
        codes = np.empty(X.values.shape, dtype=np.float32)
        for column, edges in enumerate(self.edges):
            values = X.values[:, column]
            if self.categorical[column]:
                codes[:, column] = np.minimum(values, _MAX_CODE)
            else:
                codes[:, column] = np.searchsorted(edges, values, side="right")
                codes[np.isnan(values), column] = np.nan
        return codes


def _edges(values: Floats, bins: int) -> Floats:
    known = values[~np.isnan(values)]
    if not known.size:
        return np.zeros(0)
    levels = np.unique(known)
    if len(levels) > bins:
        levels = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1), method="nearest"))
    return (levels[1:] + levels[:-1]) / 2
