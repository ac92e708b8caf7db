"""Rows of a database: a table or a query, with the interval's bounds as parameters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    NoSuchTableError,
    OperationalError,
    SQLAlchemyError,
)

from lamplighter.data.sources.connections import described
from lamplighter.data.sources.request import Request
from lamplighter.errors import DataError, SourceUnavailableError, SpecError

_BEGINNING = datetime(1, 1, 1)
_CONNECT_TIMEOUT_S = 10


def read_sql(request: Request, resolve: Callable[[str], str]) -> pd.DataFrame:
    """Read a table, or a query that may use ``:since`` and ``:until``, as objects.

    The bounds are given as times in UTC without a zone, and a Postgres session is set to UTC.
    A table is filtered by its time column where that has a time type.

    Raises
    ------
    SourceUnavailableError
        If the database does not answer.
    DataError
        If it answers that there is no such table or column.
    """
    url = resolve(str(request.table.source.sql))
    _check_sqlite_file(url)
    engine = _engine(url, str(request.table.source.sql))
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("SET TIME ZONE 'UTC'"))
            result = connection.execute(*_statement(request, connection))
            names, rows = list(result.keys()), [tuple(row) for row in result]
    except NoSuchTableError as error:
        raise DataError(
            f"{described(url)} has no table {error}; correct the table's name in the spec"
        ) from error
    except (OperationalError, InterfaceError, OSError) as error:
        raise _unavailable_or_wrong(error, url) from error
    except SQLAlchemyError as error:
        raise DataError(_said(error, url, "cannot answer the query; correct it")) from error
    finally:
        engine.dispose()
    return _frame(names, rows)


def _engine(url: str, name: str) -> sa.Engine:
    networked = make_url(url).get_backend_name() in ("postgresql", "mysql", "mariadb")
    options = {"connect_timeout": _CONNECT_TIMEOUT_S} if networked else {}
    try:
        return sa.create_engine(url, connect_args=options, poolclass=sa.NullPool)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SpecError(
            f"sql source {name!r}: the driver of {make_url(url).drivername} is not installed "
            f"({error}); install it where Lamplighter runs"
        ) from None


def _check_sqlite_file(url: str) -> None:
    parsed = make_url(url)
    file = parsed.database
    if parsed.get_backend_name() != "sqlite" or not file or file.startswith((":", "file:")):
        return
    if not Path(file).exists():  # SQLite would make an empty database of it
        raise SourceUnavailableError(
            f"there is no database file {file}; correct the path, or wait until it is there"
        )


def _statement(request: Request, connection: sa.Connection) -> tuple[Any, dict[str, Any]]:
    bounds = {
        "since": _BEGINNING if request.since is None else _plain(request.since),
        "until": _plain(request.until),
    }
    source = request.table.source
    if source.query is not None:
        query = sa.text(source.query)
        used = {name: bounds[name] for name in bounds if name in query._bindparams}
        return query.bindparams(*(sa.bindparam(n, type_=sa.DateTime()) for n in used)), used
    schema, _, name = str(source.table).rpartition(".")
    table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection)
    column = table.columns.get(request.time_column) if request.time_column else None
    if column is None or not isinstance(column.type, sa.DateTime):
        return sa.select(table), {}
    # Widened to whole seconds: some databases keep times as text, or with less precision.
    since, until = request.whole_seconds
    inside = column <= _plain(until)
    if since is not None:
        inside &= column >= _plain(since)
    return sa.select(table).where(inside | column.is_(None)), {}


def _plain(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _unavailable_or_wrong(error: Exception, url: str) -> Exception:
    # SQLite calls a missing table or column, and a file that is no database, operational too.
    if isinstance(error, DBAPIError) and make_url(url).get_backend_name() == "sqlite":
        if "locked" not in str(error.orig) and "unable to open" not in str(error.orig):
            return DataError(_said(error, url, "cannot answer the query; correct it"))
    return SourceUnavailableError(_said(error, url, "does not answer; check that it is up"))


def _said(error: Exception, url: str, what: str) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    said = " ".join(str(origin).split())
    password = make_url(url).password
    if password:
        said = said.replace(str(password), "***")
    return f"{described(url)} {what} ({said[:300]})"


def _frame(names: list[str], rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = [
        pd.Series([_value(row[i]) for row in rows], name=name, dtype=object)
        for i, name in enumerate(names)
    ]
    return pd.concat(columns, axis=1) if columns else pd.DataFrame()


def _value(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
