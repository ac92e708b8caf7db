"""Rows of a Delta table that somebody else keeps."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from lamplighter.data.column_types import exact_frame
from lamplighter.data.sources.location import located
from lamplighter.data.sources.request import Request
from lamplighter.errors import DataError, SourceUnavailableError


def read_delta(request: Request) -> pd.DataFrame:
    """Read a Delta table's newest version, only the interval where its time is a timestamp.

    Raises
    ------
    SourceUnavailableError
        If there is no Delta table, or its store does not answer.
    DataError
        If it cannot be read.
    """
    path = located(str(request.table.source.delta), request.base)
    try:
        stored = DeltaTable(path)
        condition = _condition(request, pa.schema(stored.schema().to_arrow()))
        query = QueryBuilder().register("source", stored)
        found = pa.table(query.execute(f"SELECT * FROM source WHERE {condition}").read_all())
    except (TableNotFoundError, OSError) as error:
        raise SourceUnavailableError(
            f"there is no Delta table at {path} ({error}); correct the path, or wait until it is "
            "there"
        ) from error
    except DeltaError as error:
        raise DataError(f"the Delta table at {path} cannot be read ({error})") from error
    return exact_frame(found.replace_schema_metadata(None))


def _condition(request: Request, schema: pa.Schema) -> str:
    column = request.time_column
    if column is None or column not in schema.names:
        return "TRUE"
    kind = schema.field(column).type
    if not pa.types.is_timestamp(kind):
        return "TRUE"
    zone = "None" if kind.tz is None else f'Some("{kind.tz}")'
    name = '"' + column.replace('"', '""') + '"'
    since, until = request.whole_seconds
    limits = [(test, t) for test, t in ((">=", since), ("<=", until)) if t is not None]
    inside = [
        f"{name} {test} arrow_cast('{_text(t.isoformat(), kind.tz)}', "
        f"'Timestamp(Microsecond, {zone})')"
        for test, t in limits
    ]
    return f"({' AND '.join(inside)}) OR {name} IS NULL"


def _text(instant: str, zone: str | None) -> str:
    return instant if zone else instant.removesuffix("+00:00")
