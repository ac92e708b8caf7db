"""What the columns of a table usually hold, learned from rows that were let in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types as pandas_types

from lamplighter.quality.checks import Check
from lamplighter.quality.suite_rows import value_range
from lamplighter.spec.data import Table, Validation

MIN_ROWS = 100
"""Fewer rows teach nothing, and of fewer rows nothing is expected."""

MOSTLY = 0.99
"""So many of a night's rows are as before: a single odd one is worth no warning."""

_TAIL = 0.005
_MAX_CATEGORIES = 30
_OWN = ("_known_at", "_event_time", "_deleted", "_event_day")


@dataclass(frozen=True)
class ColumnProfile:
    """What one column held: share of nulls, and the range of its numbers or its categories."""

    null_fraction: float
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] | None = None

    def document(self) -> dict[str, Any]:
        """Return the profile as plain JSON values."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ColumnProfile:
        """Return the profile that `document` gave."""
        found = document["categories"]
        return cls(**{**document, "categories": None if found is None else tuple(found)})


def learn_columns(rows: pd.DataFrame, table: Table) -> dict[str, ColumnProfile]:
    """Describe the columns of rows that were let in; nothing where there are too few.

    A number's range holds all but the outermost half percent on each side, and half its width
    more on each side: what a season moves should fit in, another unit should not. Keys and times
    differ in every row and are left out.

    Parameters
    ----------
    rows : pandas.DataFrame
        Every version of every row, as the lake gives them.
    table : Table
        The declaration.

    Examples
    --------
    >>> table = Table.model_validate({"source": {"csv": "x.csv"}, "key": ["id"]})
    >>> rows = pd.DataFrame({"id": range(1000), "hour": [n % 24 for n in range(1000)]})
    >>> learn_columns(rows, table)["hour"]
    ColumnProfile(null_fraction=0.0, low=-11.5, high=34.5, categories=None)
    """
    if len(rows) < MIN_ROWS:
        return {}
    left_out = {*table.key, table.event_time, table.available_at, table.deleted, *_OWN}
    profiles = {c: _profile(rows[c]) for c in rows.columns if c not in left_out}
    return {column: profile for column, profile in profiles.items() if profile is not None}


def learned_checks(
    name: str,
    table: Table,
    validation: Validation,
    learned: Mapping[str, ColumnProfile],
    *,
    target_column: str | None,
) -> Iterator[Check]:
    """Return the checks of what was learned, where the spec says nothing. They only warn."""
    if not validation.learn:
        return
    no_nulls = {*validation.not_null.get(name, ()), target_column, *table.key}
    ranged, listed = validation.between.get(name, {}), validation.in_set.get(name, {})
    for column, profile in learned.items():
        if column not in no_nulls:
            yield _nulls(column, profile)
        if profile.low is not None and profile.high is not None and column not in ranged:
            yield _range(column, profile.low, profile.high)
        if profile.categories is not None and column not in listed:
            yield _categories(column, profile.categories)


def _profile(column: pd.Series) -> ColumnProfile | None:
    nulls = float(column.isna().mean())
    present = column.dropna()
    if len(present) < MIN_ROWS:
        return None
    if pandas_types.is_bool_dtype(present.dtype):
        return ColumnProfile(nulls)
    if pandas_types.is_numeric_dtype(present.dtype):
        return _numbers(present.to_numpy(dtype="float64"), nulls)
    if pandas_types.is_datetime64_any_dtype(present.dtype):
        return ColumnProfile(nulls)
    counts = present.astype(str).value_counts()
    few = len(counts) <= _MAX_CATEGORIES
    return ColumnProfile(nulls, categories=tuple(sorted(counts.index)) if few else None)


def _numbers(values: np.ndarray, nulls: float) -> ColumnProfile:
    finite = values[np.isfinite(values)]
    if len(finite) < MIN_ROWS:
        return ColumnProfile(nulls)
    low, high = (float(edge) for edge in np.quantile(finite, [_TAIL, 1 - _TAIL]))
    if low == high:  # a rare event: how large it may be cannot be told
        return ColumnProfile(nulls)
    margin = (high - low) / 2
    return ColumnProfile(nulls, low=low - margin, high=high + margin)


def _nulls(column: str, profile: ColumnProfile) -> Check:
    most = min(1.0, 2 * profile.null_fraction + 0.02)
    return Check(
        name="learned_nulls",
        subject="live",
        expectation="ExpectColumnProportionOfNonNullValuesToBeBetween",
        arguments={"column": column, "min_value": 1 - most},
        columns=(column,),
        expected=f"at most {most:.1%}, as before",
        remedy=_REMEDY,
        severity="warning",
    )


def _range(column: str, low: float, high: float) -> Check:
    return Check(
        name="learned_range",
        subject="live",
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": column, "min_value": low, "max_value": high, "mostly": MOSTLY},
        columns=(column,),
        expected=f"{value_range(low, high)} in {MOSTLY:.0%} of the rows, as before",
        remedy=_REMEDY,
        severity="warning",
    )


def _categories(column: str, categories: tuple[str, ...]) -> Check:
    shown = ", ".join(categories[:5]) + (", ..." if len(categories) > 5 else "")
    return Check(
        name="learned_categories",
        subject="live",
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": list(categories), "mostly": MOSTLY},
        columns=(column,),
        expected=f"one of {shown} in {MOSTLY:.0%} of the rows, as before",
        remedy=_REMEDY,
        severity="warning",
    )


_REMEDY = (
    "look whether the world changed or the source did; to stop such rows, say so in data.validate"
)
