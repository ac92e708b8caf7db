"""Reading a table's source, whichever of the five kinds it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd

from lamplighter.data.sources.connections import resolve_url, url_from_airflow
from lamplighter.data.sources.delta import read_delta
from lamplighter.data.sources.files import read_files
from lamplighter.data.sources.python import read_python
from lamplighter.data.sources.request import Request, within
from lamplighter.data.sources.sql import read_sql
from lamplighter.spec.data import Table

__all__ = ["read_source", "resolve_url", "url_from_airflow"]


def read_source(
    table: Table,
    *,
    since: datetime | None,
    until: datetime,
    base: Path | None = None,
    known_columns: Mapping[str, str] | None = None,
    resolve: Callable[[str], str] = resolve_url,
) -> pd.DataFrame:
    """Read the rows that became known in an interval.

    A row's time is its `available_at`, or its event time where the table has none. A table with
    neither is read whole. A time without a zone is UTC. Rows without a time are returned too, for
    `conform` to find.

    Parameters
    ----------
    table : Table
        The declaration, with its source.
    since, until : datetime
        The interval ``(since, until]``; None for `since` is from the beginning.
    base : Path, optional
        Where relative paths begin; else the working directory.
    known_columns : mapping of str to str, optional
        Columns with types as the lake holds them. A CSV file needs them, to read ids that look
        like numbers as the text they are.
    resolve : callable, default `resolve_url`
        Turns the name that an sql source gives into an SQLAlchemy URL.

    Returns
    -------
    DataFrame
        The rows as the source has them. Without any column when there is no file for the
        interval.

    Raises
    ------
    DataError
        If what the source holds cannot be read as what it is declared to be.
    SourceUnavailableError
        If there is no such file or table, or nothing answers.
    SpecError
        If the spec names a function or a connection that cannot be used.
    """
    request = Request(
        table=table, since=since, until=until, base=base, known_columns=known_columns or {}
    )
    match table.source.kind:
        case "delta":
            rows = read_delta(request)
        case "sql":
            rows = read_sql(request, resolve)
        case "python":
            rows = read_python(request)
        case _:
            rows = read_files(request)
    return within(rows, request)
