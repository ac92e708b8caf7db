"""Rows of Parquet and CSV files: one, many by a glob, or one a day."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, Any

import fsspec
import pandas as pd
import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem

from lamplighter.data.column_types import exact_frame
from lamplighter.data.sources.csv import read_csv
from lamplighter.data.sources.location import located
from lamplighter.data.sources.parquet import read_parquet
from lamplighter.data.sources.request import Request
from lamplighter.errors import DataError, LamplighterError, SourceUnavailableError, SpecError

_DAY = "{day}"
_READERS: dict[str, Callable[[IO[bytes], Request], pa.Table]] = {
    "csv": read_csv,
    "parquet": read_parquet,
}


def read_files(request: Request) -> pd.DataFrame:
    """Read every file of the pattern that may hold rows of the interval.

    With ``{day}`` in the pattern (as 2013-07-01) a file holds what became known on that day, of
    UTC or of a local calendar: the files of the days next to the interval are read too, and
    their rows filtered. A day without a file is an empty day.

    Raises
    ------
    SourceUnavailableError
        If there is no file at all, or its store does not answer.
    DataError
        If a file is empty, is not what it is declared to be, or lacks a column that the other
        files have.
    SpecError
        If the path's protocol needs a package that is not installed, or the path names an
        environment variable that is not set.
    """
    kind = request.table.source.kind
    pattern = located(str(getattr(request.table.source, kind)), request.base)
    try:
        filesystem, path = fsspec.core.url_to_fs(pattern)
        tables = {
            file: _read(filesystem, file, kind, request)
            for file in _files(filesystem, path, request)
        }
    except LamplighterError:
        raise
    except FileNotFoundError as error:
        said = f" ({error.__cause__})" if error.__cause__ else ""
        raise SourceUnavailableError(
            f"there is no file {pattern}{said}; correct the path, or wait until it is there"
        ) from error
    except ImportError as error:
        raise SpecError(f"{pattern} needs a package that is not installed ({error})") from error
    except (OSError, ValueError) as error:
        raise SourceUnavailableError(
            f"{pattern} cannot be read ({type(error).__name__}: {error}); check that it is there, "
            "answers and may be read"
        ) from error
    return exact_frame(_together(tables, request)) if tables else pd.DataFrame()


def _files(filesystem: Any, path: str, request: Request) -> list[str]:
    glob = path.replace(_DAY, "*")
    if "*" in glob or "?" in glob:
        found = sorted(filesystem.glob(glob))
    elif isinstance(filesystem, LocalFileSystem) and filesystem.isdir(path):
        raise DataError(f"{path} is a folder; name its files, as in {path}/*.parquet")
    else:
        return [path]
    if not found:
        raise FileNotFoundError(path)
    if _DAY not in path:
        return found
    days = {file: _day_of(file, path) for file in found}
    return [file for file, day in days.items() if day is not None and _may_hold(day, request)]


def _day_of(file: str, pattern: str) -> date | None:
    expression = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    expression = expression.replace(re.escape(_DAY), r"(\d{4}-\d{2}-\d{2})")
    match = re.fullmatch(expression, file)
    try:
        return None if match is None else date.fromisoformat(match[1])
    except ValueError:
        return None


def _may_hold(day: date, request: Request) -> bool:
    # Of a table without times a file's day is all there is to go by: exactly the UTC day.
    margin = timedelta(days=1 if request.time_column else 0)
    begin = datetime.combine(day, time(), tzinfo=UTC) - margin
    end = datetime.combine(day, time(), tzinfo=UTC) + timedelta(days=1) + margin
    return begin <= request.until and (request.since is None or end > request.since)


def _read(filesystem: Any, file: str, kind: str, request: Request) -> pa.Table:
    if filesystem.size(file) == 0:
        raise DataError(f"{file} is empty (0 bytes), expected {kind} with a header; write it again")
    compression = "infer" if kind == "csv" else None
    with filesystem.open(file, "rb", compression=compression) as handle:
        try:
            return _READERS[kind](handle, request)
        except (
            pa.ArrowInvalid,
            pa.ArrowNotImplementedError,
            UnicodeDecodeError,
            EOFError,
        ) as error:
            said = " ".join(str(error).split())[:200]
            raise DataError(
                f"{file} cannot be read as {kind} ({said}); write it again, or correct its kind in "
                "the spec"
            ) from error


def _together(tables: Mapping[str, pa.Table], request: Request) -> pa.Table:
    _check_columns(tables, request.needed_columns)
    try:
        return pa.concat_tables(tables.values(), promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(_differing_types(tables, str(error))) from error


def _check_columns(tables: Mapping[str, pa.Table], needed: tuple[str, ...]) -> None:
    """Refuse files that disagree: a column may appear in a later file, but not vanish again.

    Put together as they are, the rows of such a file would be null where the column is renamed.
    """
    first = next(iter(tables))
    anywhere = {name for table in tables.values() for name in table.column_names}
    required = [*tables[first].column_names, *(name for name in needed if name in anywhere)]
    for file, table in tables.items():
        missing = [name for name in dict.fromkeys(required) if name not in table.column_names]
        if missing:
            instead = [name for name in table.column_names if name not in required]
            raise DataError(
                f"{file} has no column {', '.join(missing)}, which other files of the source have"
                + (f", but {', '.join(instead)}" if instead else "")
                + "; write it with the same columns"
            )
        required += table.column_names


def _differing_types(tables: Mapping[str, pa.Table], said: str) -> str:
    seen: dict[str, tuple[str, pa.DataType]] = {}
    for file, table in tables.items():
        for field in table.schema:
            before, kind = seen.setdefault(field.name, (file, field.type))
            try:
                pa.unify_schemas(
                    [pa.schema([(field.name, kind)]), pa.schema([field])],
                    promote_options="permissive",
                )
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                return (
                    f"column {field.name!r} is {kind} in {before} and {field.type} in {file}; "
                    "write it with one type (of CSV, declaring it as string under `columns` helps)"
                )
    return f"the files of the source have columns of different types ({said})"
