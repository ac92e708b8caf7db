"""A Parquet file as an Arrow table, only the row groups that may hold rows of the interval."""

from __future__ import annotations

import re
from datetime import datetime
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.data.sources.request import Request

_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet(file: IO[bytes], request: Request) -> pa.Table:
    """Read a file; an index that pandas stored with it is a column if it has a name.

    Raises
    ------
    pyarrow.ArrowInvalid
        If the file is not Parquet.
    """
    schema = pq.ParquetFile(file).schema_arrow
    columns = [name for name in schema.names if not _UNNAMED_INDEX.fullmatch(name)]
    counted = _counted_index(schema)
    file.seek(0)
    if counted is not None:  # its values follow from the place in the file: no row may be left out
        name, values = counted
        table = pq.read_table(file, columns=columns).append_column(name, values)
    else:
        table = pq.read_table(file, columns=columns, filters=_condition(request, schema))
    return table.replace_schema_metadata(None)  # what pandas stored there would hide index columns


def _counted_index(schema: pa.Schema) -> tuple[str, pa.Array] | None:
    for index in (schema.pandas_metadata or {}).get("index_columns", ()):
        if isinstance(index, dict) and index.get("name") is not None:
            return index["name"], pa.array(range(index["start"], index["stop"], index["step"]))
    return None


def _condition(request: Request, schema: pa.Schema) -> pc.Expression | None:
    column = request.time_column
    if column is None or column not in schema.names:
        return None
    kind = schema.field(column).type
    if not pa.types.is_timestamp(kind):
        return None
    since, until = request.whole_seconds
    inside = pc.field(column) <= _scalar(until, kind)
    if since is not None:
        inside &= pc.field(column) >= _scalar(since, kind)
    return inside | pc.field(column).is_null()


def _scalar(instant: datetime, kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(instant if kind.tz else instant.replace(tzinfo=None), type=kind)
