"""A Parquet file as an Arrow table, only the row groups that may hold rows of the interval."""

from __future__ import annotations

import re
from datetime import datetime
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.data.sources.request import Request

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet(file: IO[bytes], request: Request) -> pa.Table:
    """Read a file; an index that pandas stored under a name of its own is left out.

    Raises
    ------
    pyarrow.ArrowInvalid
        If the file is not Parquet.
    """
    stored = pq.ParquetFile(file)
    condition = _condition(request, stored.schema_arrow)
    columns = [name for name in stored.schema_arrow.names if not _PANDAS_INDEX.fullmatch(name)]
    file.seek(0)
    table = pq.read_table(file, columns=columns, filters=condition)
    return table.replace_schema_metadata(None)  # what pandas stored there would hide index columns


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
