"""Kinds of columns: what a column of a frame is, read from its type and its values."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from pandas.api import types

Kind = Literal["number", "category", "date", "text"]

_LOOKED_AT = 1_000
_WORDS = 5.0
_DISTINCT = 0.5
_FEWEST_TEXTS = 20
_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"

_OBJECTS: dict[str, Kind] = {
    **dict.fromkeys(
        ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"), "number"
    ),
    **dict.fromkeys(("string", "mixed-integer", "categorical"), "category"),
    **dict.fromkeys(("datetime", "datetime64", "date"), "date"),
}


def kind_of(column: pd.Series) -> Kind | None:
    """Return what a column's type says it is, None when it can be no feature.

    Examples
    --------
    >>> kind_of(pd.Series([1.5, None])), kind_of(pd.Series(["JFK", None]))
    ('number', 'category')
    >>> kind_of(pd.Series([[1], [2]])) is None
    True
    """
    dtype = column.dtype
    if types.is_object_dtype(dtype):
        return _OBJECTS.get(types.infer_dtype(column, skipna=True))
    if isinstance(dtype, pd.CategoricalDtype) or types.is_string_dtype(dtype):
        return "category"
    if types.is_datetime64_any_dtype(dtype):
        return "date"
    if types.is_bool_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return "number"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return "number"
    return None


def read_kind(column: pd.Series) -> Kind | None:
    """Return what a column's values say it is: a category may turn out to be dates or free text.

    Dates are written as ISO 8601 has them, all of them. Free text has five words a value or more,
    and says something else in at least half of the rows.

    Examples
    --------
    >>> read_kind(pd.Series(["2013-07-01", "2013-07-02 10:30"]))
    'date'
    """
    kind = kind_of(column)
    if kind != "category" or isinstance(column.dtype, pd.CategoricalDtype):
        return kind
    known = column.dropna()
    # Rows from everywhere: the first ones may all be of one day or one customer.
    step = max(1, len(known) // _LOOKED_AT)
    sample = known.iloc[::step].head(_LOOKED_AT).astype(str)
    if not len(sample):
        return kind
    if sample.str.fullmatch(_DATE).all() and _parses(sample):
        return "date"
    return "text" if _is_free_text(sample) else kind


def why_unusable(column: pd.Series) -> str | None:
    """Return why a column cannot be a feature, None when it can."""
    if column.isna().all():
        return "no value in the training rows"
    if kind_of(column) is None:
        return f"type {column.dtype} holds no numbers, categories, dates or text"
    return None


def _is_free_text(sample: pd.Series) -> bool:
    if len(sample) < _FEWEST_TEXTS or sample.nunique() < _DISTINCT * len(sample):
        return False
    return float(np.mean([len(text.split()) for text in sample])) >= _WORDS


def _parses(sample: pd.Series) -> bool:
    parsed = pd.to_datetime(sample, errors="coerce", utc=True, format="ISO8601")
    return bool(parsed.notna().all())
