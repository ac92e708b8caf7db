"""The five column types: recognising them, casting to them, their Arrow and pandas forms."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types as pandas_types

from lamplighter.spec.values import ColumnType

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_EXACT_IN_FLOAT = 2**53
_INFERRED: dict[str, ColumnType] = {
    "boolean": "bool",
    "date": "timestamp",
    "datetime": "timestamp",
    "datetime64": "timestamp",
    "decimal": "float",
    "empty": "float",  # nothing but nulls says nothing: the type that holds NaN
    "floating": "float",
    "integer": "int",
    "mixed-integer-float": "float",
    "string": "string",
}


def type_of(column: pd.Series) -> ColumnType | None:
    """Recognise the type of a column, whatever its pandas dtype; None if it is none of the five.

    Examples
    --------
    >>> type_of(pd.Series([1, None], dtype="Int64")), type_of(pd.Series(["a", None]))
    ('int', 'string')
    >>> type_of(pd.Series([b"a", 1])) is None
    True
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return type_of(pd.Series(column.cat.categories))
    tests: tuple[tuple[ColumnType, bool], ...] = (
        ("bool", pandas_types.is_bool_dtype(dtype)),
        ("int", pandas_types.is_integer_dtype(dtype)),
        ("float", pandas_types.is_float_dtype(dtype)),
        ("timestamp", pandas_types.is_datetime64_any_dtype(dtype)),
        ("string", isinstance(dtype, pd.StringDtype)),
    )
    for name, holds in tests:
        if holds:
            return name
    return _INFERRED.get(pandas_types.infer_dtype(column, skipna=True))


def cast_column(column: pd.Series, wanted: ColumnType) -> pd.Series:
    """Cast without changing a value: nulls stay nulls, a time without a zone is UTC.

    Ints and bools become numpy's dtypes when there are no nulls, and pandas' nullable ones when
    there are. An int may become a float, whole floats may become ints (pandas turns ints with
    nulls into floats), 0 and 1 may become bools (SQLite has no bool), ISO 8601 text and dates may
    become timestamps. Nothing else changes its type.

    Raises
    ------
    ValueError
        If the values are of another type; the message says which, with one of them.
    """
    found = type_of(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if column.isna().all():
        return _all_null(column, wanted)
    if wanted == "timestamp" and found in ("timestamp", "string"):
        return _timestamps(column)
    if found == wanted or (found, wanted) == ("int", "float"):
        return _same_kind(column, wanted)
    if wanted == "int" and found == "float" and _whole(column):
        return _same_kind(column, wanted)
    if wanted == "bool" and found in ("int", "float") and column.dropna().isin((0, 1)).all():
        return _same_kind(column, wanted)
    raise ValueError(f"found {_words(_offenders(column, found, wanted), found)}, expected {wanted}")


def arrow_table(rows: pd.DataFrame) -> pa.Table:
    """Lay a frame of the five types out in Arrow, each column in the one form of its type.

    Raises
    ------
    ValueError
        If a column is of none of the five types.
    """
    columns = {}
    for name in rows.columns:
        wanted = type_of(rows[name])
        if wanted is None:
            raise ValueError(f"column {name!r}: {_words(rows[name], None)} cannot be stored")
        values = cast_column(rows[name], wanted)
        if wanted == "timestamp":  # microseconds since 1970, as Arrow keeps them too
            values = values.dt.tz_convert(None)
        columns[name] = pa.array(values, from_pandas=True).cast(ARROW_TYPES[wanted])
    return pa.table(columns)


def logical_types(schema: pa.Schema) -> dict[str, ColumnType]:
    """Name the type of every column of an Arrow schema that `arrow_table` made."""
    names = {
        pa.types.is_integer: "int",
        pa.types.is_floating: "float",
        pa.types.is_boolean: "bool",
        pa.types.is_timestamp: "timestamp",
    }
    return {
        field.name: cast(
            ColumnType, next((n for test, n in names.items() if test(field.type)), "string")
        )
        for field in schema
    }


def exact_frame(table: pa.Table) -> pd.DataFrame:
    """Turn Arrow into a frame whose ints and bools with nulls keep their type (Int64, boolean)."""
    nullable = {
        table.schema.field(i).type for i in range(table.num_columns) if table.column(i).null_count
    }
    mapping = {
        kind: dtype
        for kind, dtype in ((pa.int64(), pd.Int64Dtype()), (pa.bool_(), pd.BooleanDtype()))
        if kind in nullable
    }
    frame: pd.DataFrame = table.to_pandas(types_mapper=mapping.get)
    for name in frame.columns:  # the mapper knows types only, so it also met columns without nulls
        if frame[name].dtype in (pd.Int64Dtype(), pd.BooleanDtype()) and frame[name].notna().all():
            frame[name] = frame[name].astype("int64" if frame[name].dtype == "Int64" else "bool")
    return frame


def modelling_frame(table: pa.Table) -> pd.DataFrame:
    """Turn Arrow into a frame as models like it: ints with nulls are floats with NaN.

    Only ints too large for a float stay exact (Int64). Bools with nulls are pandas' boolean.
    """
    frame = exact_frame(table)
    for name in frame.columns:
        column = frame[name]
        if column.dtype == "Int64" and column.abs().max() <= _EXACT_IN_FLOAT:
            frame[name] = column.astype("float64")
    return frame


def _all_null(column: pd.Series, wanted: ColumnType) -> pd.Series:
    dtype = {
        "int": "Int64",
        "float": "float64",
        "string": "str",
        "bool": "boolean",
        "timestamp": "datetime64[us, UTC]",
    }[wanted]
    if column.empty and wanted in ("int", "bool"):
        dtype = {"int": "int64", "bool": "bool"}[wanted]
    return pd.Series([None] * len(column), index=column.index, name=column.name, dtype=dtype)


def _same_kind(column: pd.Series, wanted: ColumnType) -> pd.Series:
    if wanted == "int":
        if column.max() > np.iinfo("int64").max:
            raise ValueError(f"found {column.max()}, expected an int of 64 bits")
        return column.astype("Int64" if column.isna().any() else "int64")
    if wanted == "bool":
        return column.astype("boolean" if column.isna().any() else "bool")
    return column.astype("float64") if wanted == "float" else column.astype("str")


def _timestamps(column: pd.Series) -> pd.Series:
    times = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    unread = times.isna() & column.notna()
    if unread.any():
        raise ValueError(f"found {column[unread].iloc[0]!r}, expected a timestamp in ISO 8601")
    return times.dt.as_unit("us")


def _whole(column: pd.Series) -> bool:
    values = column.dropna().to_numpy(dtype="float64")
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


def _offenders(column: pd.Series, found: ColumnType | None, wanted: ColumnType) -> pd.Series:
    """Pick the values that are in the way, where not all of them are."""
    if found == "string" and wanted in ("int", "float"):
        offending = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
    elif found == "float" and wanted == "int":
        values = column.astype("float64")
        offending = column[~(np.isfinite(values) & (values == np.floor(values))) & column.notna()]
    elif wanted == "bool" and found in ("int", "float"):
        offending = column[~column.isin((0, 1)) & column.notna()]
    else:
        return column
    return column if offending.empty else offending


def _words(column: pd.Series, found: ColumnType | None) -> str:
    sample = column.dropna().iloc[0]
    sample = sample.item() if isinstance(sample, np.generic) else sample
    kind = found or pandas_types.infer_dtype(column, skipna=True)
    return f"{kind} (for example {sample!r})"
