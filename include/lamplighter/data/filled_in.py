"""Columns that are filled in later than their row: when each value of them became known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from pandas.api import types

from lamplighter.data.asof_versions import FOREVER, Ints, microseconds, microseconds_of
from lamplighter.errors import DataError
from lamplighter.spec.data import Table


def fill_times(table: Table, frame: pd.DataFrame, event: Ints) -> dict[str, Ints]:
    """Return, per column that the table declares as filled in later, since when it is known.

    Parameters
    ----------
    table : Table
        Its `filled_in` names a column of times, or a duration after the event, per column.
    frame : DataFrame
        Rows of the table.
    event : ndarray of int, shape (n_rows,)
        When they happened, in microseconds.

    Returns
    -------
    dict of str to ndarray of int, shape (n_rows,)
        Microseconds. Where the time is missing, the value is never known.

    Raises
    ------
    DataError
        If a column that `filled_in` names is not there, or holds no times.
    """
    found = {}
    for column in table.filled_in:
        if column not in frame.columns:
            there = ", ".join(str(c) for c in frame.columns if not str(c).startswith("_"))
            raise DataError(
                f"filled_in names the column {column!r}, which is not there; found {there}; "
                "correct the spec"
            )
        after = table.filled_in_after(column)
        if after is not None:
            found[column] = event + microseconds_of(after)
            continue
        source = table.filled_in[column]
        if source not in frame.columns or not types.is_datetime64_any_dtype(frame[source].dtype):
            kind = frame[source].dtype if source in frame.columns else "not there"
            raise DataError(
                f"filled_in says that {column!r} is known at the time in column {source!r}, which "
                f"is {kind}, expected timestamps; correct the spec, or the source"
            )
        times = frame[source]
        found[column] = np.where(times.isna().to_numpy(), FOREVER, microseconds(times))
    return found


def known_from(known: Ints, filled: Mapping[str, Ints], columns: Iterable[str]) -> Ints:
    """Return since when rows are known together with some of their columns."""
    for column in columns:
        if column in filled:
            known = np.maximum(known, filled[column])
    return known


def masked(frame: pd.DataFrame, filled: Mapping[str, Ints], times: Ints | int) -> pd.DataFrame:
    """Empty the values that were not known at a time, or at a time for each row.

    A whole number or a boolean becomes a type that can be missing, whether or not a value is.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
    filled : mapping of str to ndarray of int, shape (n_rows,)
        As `fill_times` returns them, for these rows.
    times : int or ndarray of int, shape (n_rows,)
        Microseconds.
    """
    changed = {}
    for column in frame.columns:
        if column in filled:
            values = frame[column]
            if types.is_bool_dtype(values.dtype):
                values = values.astype("boolean")
            elif types.is_integer_dtype(values.dtype):
                values = values.astype("float64")
            changed[column] = values.mask(filled[column] > times)
    return frame.assign(**changed)
