"""Numbers, booleans and spans of time: as they are, NaN for what is missing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from lamplighter.features.column import Floats

_LARGEST = float(np.finfo(np.float32).max)
"""XGBoost reads single precision; what does not fit is infinite there, and so missing here."""

_TRUTHS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0"), 0.0),
}
_ALIKE = {
    "string", "integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty",
}  # fmt: skip


@dataclass(frozen=True)
class NumberColumn:
    """A number, or a truth as 0 and 1.

    A column that was `empty` in training is 0 for ever: nothing was learnt of it, and the histogram
    trees of scikit-learn refuse a column of NaN only.
    """

    name: str
    truth: bool = False
    empty: bool = False

    @classmethod
    def fit(cls, column: pd.Series, *, truth: bool = False) -> Self:
        """Learn whether there is a number at all."""
        read = as_truths(column) if truth else as_numbers(column)
        # Interned, so that equal encoders pickle to equal bytes wherever their strings came from.
        return cls(sys.intern(str(column.name)), truth, bool(np.isnan(read).all()))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The name of the feature."""
        return (self.name,)

    @property
    def categorical(self) -> tuple[bool, ...]:
        """No code of a category."""
        return (False,)

    @property
    def terms(self) -> int:
        """No text."""
        return 0

    def encode(self, column: pd.Series) -> tuple[Floats, None]:
        """Return the numbers; what is none is missing."""
        if self.empty:
            return np.zeros((len(column), 1)), None
        return (as_truths(column) if self.truth else as_numbers(column))[:, None], None


def as_numbers(column: pd.Series) -> Floats:
    """Return a column as numbers; NaN for what is missing, infinite or no number.

    Examples
    --------
    >>> as_numbers(pd.Series(["7", " 1.5 ", "many", None])).tolist()
    [7.0, 1.5, nan, nan]
    """
    dtype = column.dtype
    if types.is_timedelta64_dtype(dtype):
        return np.asarray(column.dt.total_seconds().to_numpy(dtype=np.float64))
    if types.is_numeric_dtype(dtype):
        return finite(column.to_numpy(dtype=np.float64, na_value=np.nan))
    if types.is_datetime64_any_dtype(dtype):
        return np.full(len(column), np.nan)
    # A column that was a number in training and now comes as text, or as nothing at all.
    coerced = pd.to_numeric(as_scalars(column), errors="coerce")
    return finite(coerced.to_numpy(dtype=np.float64, na_value=np.nan))


def as_truths(column: pd.Series) -> Floats:
    """Return 1 for what is true, 0 for what is false, NaN for what says neither.

    Examples
    --------
    >>> as_truths(pd.Series(["yes", "FALSE", "perhaps", None])).tolist()
    [1.0, 0.0, nan, nan]
    """
    if types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype):
        numbers = as_numbers(column)
        return np.where(np.isnan(numbers), np.nan, (numbers != 0).astype(np.float64))
    codes, known = pd.factorize(as_scalars(column))
    read = [_TRUTHS.get(str(value).strip().lower(), np.nan) for value in known]
    return np.array([*read, np.nan])[codes]


def as_scalars(column: pd.Series) -> pd.Series:
    """Return objects of many types as texts, so that each has a hash and none is a list."""
    if not types.is_object_dtype(column.dtype):
        return column.astype(object)
    return (
        column
        if types.infer_dtype(column, skipna=True) in _ALIKE
        else column.map(str, na_action="ignore")
    )


def finite(numbers: NDArray[np.float64]) -> Floats:
    """Return numbers with NaN where one is infinite, or would be in single precision."""
    too_large = np.abs(numbers) > _LARGEST
    return np.where(too_large, np.nan, numbers) if too_large.any() else np.asarray(numbers)
