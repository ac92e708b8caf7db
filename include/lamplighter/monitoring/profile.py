"""A frame of features as counts by day and bin: what drift needs of the past, small enough to keep.

A year of a column is some 365 times 50 numbers, whatever its rows. As the days are kept apart, the
reference can be compared with itself by whole days.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lamplighter.features.number import as_numbers
from lamplighter.monitoring.bins import Bins, CategoryBins, NumberBins, learn_bins
from lamplighter.monitoring.new_categories import new_categories

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


_LARGEST = 1e50
"""Larger numbers are added up as this one, since the square of a sum has to be finite."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    Attributes
    ----------
    counts : ndarray of int, shape (n_days, n_bins)
        Rows of each day in each bin; the last bin is of what is missing.
    sums : ndarray of float, shape (n_days,)
        The sum of each day's numbers; 0 for categories.
    new : dict of str to int
        Rows of the most frequent categories that the bins do not know.
    """

    bins: Bins
    counts: Ints = field(compare=False)
    sums: Floats = field(compare=False)
    new: Mapping[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Number or category."""
        return "number" if isinstance(self.bins, NumberBins) else "category"


@dataclass(frozen=True)
class Profile:
    """The columns of a frame of features, by day.

    Attributes
    ----------
    days : tuple of str
        In order, each with rows; a single one, empty, where there is no time.
    """

    days: tuple[str, ...]
    columns: Mapping[str, ColumnProfile]

    @classmethod
    def learn(cls, features: pd.DataFrame, days: Sequence[str] | None) -> Self:
        """Cut each column into bins, and count.

        Parameters
        ----------
        features : DataFrame, shape (n_rows, n_columns)
            Numbers and categories, as a model reads them.
        days : sequence of str or None
            The day of each row; None where there is no time.
        """
        names, places = _days(features, days)
        columns = {}
        for name in features.columns:
            bins = learn_bins(features[name])
            columns[str(name)] = _counted(features[name], bins, places, len(names))
        return cls(days=names, columns=columns)

    def count(self, features: pd.DataFrame, days: Sequence[str] | None) -> Profile:
        """Count other rows in the same bins. Columns that they do not have are left out."""
        names, places = _days(features, days)
        columns = {
            name: _counted(features[name], column.bins, places, len(names))
            for name, column in self.columns.items()
            if name in features.columns
        }
        return Profile(days=names, columns=columns)

    @property
    def rows(self) -> int:
        """Rows that were counted."""
        return max((int(column.counts.sum()) for column in self.columns.values()), default=0)

    def newest(self, days: int) -> Profile:
        """Return the last days alone."""
        columns = {
            name: replace(column, counts=column.counts[-days:], sums=column.sums[-days:])
            for name, column in self.columns.items()
        }
        return Profile(days=self.days[-days:], columns=columns)

    def typical(self) -> pd.DataFrame:
        """Return one row with each column's median or most frequent category."""
        return pd.DataFrame({name: [c.bins.typical] for name, c in self.columns.items()})

    def to_frame(self) -> pd.DataFrame:
        """Return what is to be stored, one row a column. Equal profiles give equal frames."""
        return pd.DataFrame(
            {
                "column": list(self.columns),
                "bins": [_bins_text(column.bins) for column in self.columns.values()],
                "days": [json.dumps(list(self.days)) for _ in self.columns],
                "counts": [c.counts.astype(np.int32).ravel() for c in self.columns.values()],
                "sums": [column.sums for column in self.columns.values()],
            }
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Self:
        """Read a profile back."""
        days = tuple(json.loads(frame["days"].iloc[0])) if len(frame) else ()
        columns = {}
        for row in frame.to_dict("records"):
            bins = _bins(json.loads(row["bins"]))
            counts = np.asarray(row["counts"], dtype=np.int64).reshape(len(days), bins.size)
            columns[str(row["column"])] = ColumnProfile(bins, counts, np.asarray(row["sums"]))
        return cls(days=days, columns=columns)


def _days(features: pd.DataFrame, days: Sequence[str] | None) -> tuple[tuple[str, ...], Ints]:
    if days is None:
        return ("",), np.zeros(len(features), dtype=np.int64)
    places, names = pd.factorize(np.asarray(days, dtype=object), sort=True)
    return tuple(str(name) for name in names), places.astype(np.int64)


def _counted(column: pd.Series, bins: Bins, day: Ints, days: int) -> ColumnProfile:
    cell = day * bins.size + bins.places(column)
    counts = np.bincount(cell, minlength=days * bins.size).reshape(days, bins.size)
    if isinstance(bins, CategoryBins):
        new = new_categories(column, bins.levels) if bins.levels else {}
        return ColumnProfile(bins, counts.astype(np.int64), np.zeros(days), new)
    values = np.clip(np.nan_to_num(as_numbers(column)), -_LARGEST, _LARGEST)
    return ColumnProfile(bins, counts.astype(np.int64), np.bincount(day, values, days))


def _bins_text(bins: Bins) -> str:
    if isinstance(bins, NumberBins):
        return json.dumps({"edges": bins.edges, "typical": bins.typical})
    return json.dumps({"levels": bins.levels})


def _bins(stored: dict[str, Any]) -> Bins:
    if "edges" in stored:
        return NumberBins(edges=tuple(stored["edges"]), typical=stored["typical"])
    return CategoryBins(levels=tuple(stored["levels"]))
