"""Digests of frames: the same content gives the same digest, whatever it lies in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.data.column_types import arrow_table, logical_types


def frame_digest(frame: pd.DataFrame, *, sort_by: Sequence[str] = ()) -> str:
    """Digest the content of a frame: its column names, their types and every value.

    Neither the index, nor the files the frame came from, nor the way pandas happens to hold a
    column (int64 or Int64, object or str, seconds or nanoseconds) make a difference. All missing
    values are equal, and so are 0.0 and -0.0.

    Parameters
    ----------
    frame : DataFrame
        Columns of ints, floats, strings, bools and timestamps. Times without a zone are UTC.
    sort_by : sequence of str, optional
        Sort by these columns first, equal rows by all others, so that the order of the rows makes
        no difference. Without it the order counts.

    Returns
    -------
    str
        SHA-256, 64 hex digits.

    Raises
    ------
    ValueError
        If a column is of another type.

    Examples
    --------
    >>> one = pd.DataFrame({"id": [1, 2], "late": [True, None]})
    >>> other = one.iloc[::-1]
    >>> frame_digest(one) == frame_digest(other)
    False
    >>> frame_digest(one, sort_by=["id"]) == frame_digest(other, sort_by=["id"])
    True
    """
    table = arrow_table(frame)
    if sort_by:
        rest = sorted(set(table.column_names) - set(sort_by))
        table = table.sort_by([(name, "ascending") for name in (*sort_by, *rest)])
    digest = hashlib.sha256()
    for name, kind in logical_types(table.schema).items():
        digest.update(f"{name!r}:{kind}:{table.num_rows};".encode())
        _add(digest, table.column(name).combine_chunks())
    return digest.hexdigest()


def _add(digest: hashlib._Hash, column: pa.Array) -> None:
    digest.update(np.packbits(column.is_null().to_numpy(zero_copy_only=False)))
    if pa.types.is_string(column.type):
        filled = column.fill_null("")
        digest.update(pc.binary_length(filled).to_numpy().astype("<i8"))
        digest.update(_bytes_of(filled))
        return
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values = column.fill_null(False if pa.types.is_boolean(column.type) else 0)
    numbers = values.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind == "f":
        numbers = numbers + 0.0  # -0.0 becomes 0.0
    digest.update(np.ascontiguousarray(numbers).astype(numbers.dtype.newbyteorder("<")))


def _bytes_of(text: pa.Array) -> bytes:
    _, offsets, data = text.buffers()
    if data is None:
        return b""
    bounds = np.frombuffer(offsets, dtype=np.int32)[text.offset : text.offset + len(text) + 1]
    return bytes(memoryview(data)[int(bounds[0]) : int(bounds[-1])])
