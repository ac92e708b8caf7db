"""The types of a frame's columns, in the words of the spec, as a frame of its own."""

from __future__ import annotations

import pandas as pd
from pandas.api import types as pandas_types

_INFERRED = {
    "boolean": "bool",
    "floating": "float",
    "integer": "int",
    "mixed-integer-float": "float",
    "string": "string",
    "empty": None,
}


def column_kinds(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row that holds, in each column, what type `frame` has there.

    A column without any value could be of every type; its type is missing.

    Examples
    --------
    >>> column_kinds(pd.DataFrame({"origin": ["EWR"], "delay": [4.0]})).loc[0].to_dict()
    {'origin': 'string', 'delay': 'float'}
    """
    kinds = {str(name): [_kind(frame[name])] for name in frame.columns}
    return pd.DataFrame(kinds, index=pd.RangeIndex(1), dtype=object)


def _kind(column: pd.Series) -> str | None:
    if column.isna().all():
        return None
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind(pd.Series(column.cat.categories))
    if pandas_types.is_datetime64_any_dtype(dtype):
        return "timestamp" if isinstance(dtype, pd.DatetimeTZDtype) else "timestamp without a zone"
    for kind, holds in (
        ("bool", pandas_types.is_bool_dtype),
        ("int", pandas_types.is_integer_dtype),
        ("float", pandas_types.is_float_dtype),
    ):
        if holds(dtype):
            return kind
    inferred = pandas_types.infer_dtype(column, skipna=True)
    return _INFERRED.get(inferred, inferred)
