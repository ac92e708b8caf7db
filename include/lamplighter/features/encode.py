"""Encoding: from a frame of raw features to the one matrix that every member reads.

Numbers, booleans and time spans stay numbers, with NaN for what is missing. A category becomes
the rank of its level by frequency (0 is the most frequent), so that a member that takes only a few
levels cuts at a rank. No encoding looks at the target.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from scipy.sparse import csr_matrix

from lamplighter.errors import DataError

MAX_LEVELS = 200
"""Levels of a category that are told apart; scikit-learn's histogram trees allow 255 bins."""

_LARGEST = float(np.finfo(np.float32).max)
"""XGBoost reads single precision; what does not fit is infinite there, and so missing here."""

Kind = Literal["number", "category"]


@dataclass(frozen=True)
class Encoded:
    """A matrix of features and which of its columns hold codes of categories.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows, n_features)
        NaN where a value is missing.
    categorical : ndarray of bool, shape (n_features,)
    sparse : csr_matrix, shape (n_rows, n_terms), or None
        Terms of text, for members that read so many columns; the rest read a dense summary of
        them among the `values`.
    """

    values: NDArray[np.float64]
    categorical: NDArray[np.bool_]
    sparse: csr_matrix | None = None

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, index: NDArray[np.intp]) -> Encoded:
        """Return the given rows."""
        sparse = None if self.sparse is None else self.sparse[index]
        return Encoded(self.values[index], self.categorical, sparse)


def kind_of(column: pd.Series) -> Kind | None:
    """Return how a column is encoded, None when it cannot be.

    Examples
    --------
    >>> kind_of(pd.Series([True, False])), kind_of(pd.Series(["JFK", None]))
    ('number', 'category')
    >>> kind_of(pd.Series(pd.to_datetime(["2013-07-01"]))) is None
    True
    """
    dtype = column.dtype
    if types.is_object_dtype(dtype):
        return _kind_of_objects(column)
    if isinstance(dtype, pd.CategoricalDtype) or types.is_string_dtype(dtype):
        return "category"
    if types.is_bool_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return "number"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return "number"
    return None


def as_numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return a column as numbers; NaN for what is missing, infinite or no number."""
    if types.is_timedelta64_dtype(column.dtype):
        numbers = column.dt.total_seconds().to_numpy(dtype=np.float64)
    elif types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        # A column that was a number in training and now comes as text, or as nothing at all.
        coerced = pd.to_numeric(column, errors="coerce")
        numbers = coerced.to_numpy(dtype=np.float64, na_value=np.nan)
    too_large = np.abs(numbers) > _LARGEST
    return np.where(too_large, np.nan, numbers) if too_large.any() else np.asarray(numbers)


def as_texts(column: pd.Series) -> pd.Series:
    """Return a column's values as text; what is missing stays missing."""
    known = column.astype(object)
    return known.where(known.isna(), known.map(str, na_action="ignore"))


def why_unusable(column: pd.Series) -> str | None:
    """Return why a column cannot be a feature, None when it can."""
    if column.isna().all():
        return "no value in the training rows"
    if types.is_datetime64_any_dtype(column.dtype):
        return "a timestamp; turn it into features (hour, weekday, age) in the feature function"
    if kind_of(column) is None:
        return f"type {column.dtype} holds neither numbers nor categories"
    return None


@dataclass(frozen=True)
class ColumnEncoder:
    """One column: a number, or the levels of a category from the most frequent on.

    A column that was `empty` in training is 0 for ever: nothing was learnt of it, and the histogram
    trees of scikit-learn refuse a column of NaN only.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    has_other: bool = False
    empty: bool = False

    @classmethod
    def fit(cls, column: pd.Series, *, max_levels: int) -> Self:
        """Learn the levels of a column."""
        # Interned, so that equal encoders pickle to equal bytes wherever their strings came from.
        name = sys.intern(str(column.name))
        if kind_of(column) == "number":
            return cls(name=name, kind="number", empty=bool(np.isnan(as_numbers(column)).all()))
        counts = as_texts(column).dropna().value_counts()
        ordered = sorted(counts.index, key=lambda level: (-counts[level], level))
        kept = tuple(sys.intern(str(level)) for level in ordered[:max_levels])
        return cls(
            name=name,
            kind="category",
            levels=kept,
            has_other=len(ordered) > max_levels,
            empty=not ordered,
        )

    def transform(self, column: pd.Series) -> NDArray[np.float64]:
        """Encode a column; what was never seen is the level of the rare, or missing."""
        if self.empty:
            return np.zeros(len(column))
        if self.kind == "number":
            return as_numbers(column)
        text = as_texts(column)
        codes = pd.Index(self.levels, dtype=object).get_indexer(pd.Index(text, dtype=object))
        unseen = float(len(self.levels)) if self.has_other else np.nan
        encoded = np.where(codes < 0, unseen, codes).astype(np.float64)
        encoded[text.isna().to_numpy()] = np.nan
        return encoded


@dataclass(frozen=True)
class FrameEncoder:
    """Encode a frame of raw features. Fitted on training rows only.

    Examples
    --------
    >>> frame = pd.DataFrame({"origin": ["JFK", "LGA", "JFK"], "hour": [7, 8, 9]})
    >>> encoder = FrameEncoder.fit(frame)
    >>> encoder.transform(pd.DataFrame({"origin": ["LGA", "ORD"], "hour": [7, None]})).values
    array([[ 1.,  7.],
           [nan, nan]])
    """

    columns: tuple[ColumnEncoder, ...]
    categorical: NDArray[np.bool_] = field(compare=False)

    @classmethod
    def fit(cls, frame: pd.DataFrame, *, max_levels: int = MAX_LEVELS) -> Self:
        """Learn how to encode the columns of a frame.

        Raises
        ------
        DataError
            If a column can be no feature; `choose_features` drops such columns with a reason.
        """
        problems = [
            f"{name}: {_kind_problem(frame[name])}"
            for name in frame.columns
            if kind_of(frame[name]) is None
        ]
        if problems:
            raise DataError(f"columns that cannot be features: {'; '.join(problems)}")
        columns = tuple(
            ColumnEncoder.fit(frame[name], max_levels=max_levels) for name in frame.columns
        )
        categorical = np.array([column.kind == "category" for column in columns], dtype=bool)
        return cls(columns=columns, categorical=categorical)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the raw features, in the order of the matrix."""
        return tuple(column.name for column in self.columns)

    def transform(self, frame: pd.DataFrame) -> Encoded:
        """Encode rows. Columns that were not there in training are ignored.

        Raises
        ------
        DataError
            If a feature is missing.
        """
        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            raise DataError(_missing_message(missing, frame.columns, expected=len(self.names)))
        values = np.empty((len(frame), len(self.columns)), dtype=np.float64, order="C")
        for position, column in enumerate(self.columns):
            values[:, position] = column.transform(frame[column.name])
        return Encoded(values, self.categorical)


def _kind_of_objects(column: pd.Series) -> Kind | None:
    inferred = types.infer_dtype(column, skipna=True)
    if inferred in {"integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"}:
        return "number"
    return "category" if inferred in {"string", "mixed-integer", "categorical"} else None


def _kind_problem(column: pd.Series) -> str:
    return why_unusable(column) or f"type {column.dtype}"


def _missing_message(missing: Sequence[str], found: pd.Index, *, expected: int) -> str:
    names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    return (
        f"{len(missing)} of {expected} features are missing: {names}; found {len(found)} columns; "
        "give the features that the model was trained on"
    )
