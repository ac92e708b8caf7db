"""Conforming what a source said to what the spec promises, or saying all that is wrong at once."""

from __future__ import annotations

import difflib
import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import cast

import pandas as pd

from lamplighter.data.column_types import cast_column, type_of
from lamplighter.data.row_key import add_row_key
from lamplighter.errors import DataError
from lamplighter.spec.data import ROW_KEY, Table
from lamplighter.spec.values import ColumnType

log = logging.getLogger(__name__)

_RESERVED = ("_known_at", "_event_day", "_event_time", "_deleted", ROW_KEY)


def conform(
    rows: pd.DataFrame,
    name: str,
    table: Table,
    *,
    known_columns: Mapping[str, str] | None,
    dispensable: Collection[str] = (),
) -> pd.DataFrame:
    """Give the rows of a source the types of their table; rows are neither dropped nor merged.

    Parameters
    ----------
    rows : DataFrame
        What `read_source` returned.
    name : str
        The table's name in the spec, for messages.
    table : Table
        Its declaration. Key and time columns and `columns` must be there.
    known_columns : mapping of str to str, or None
        Columns and types as the lake holds them, which must be there too. A column that is
        neither known nor declared is then left out, so that a source may grow without changing
        a model; before the first ingest every column is taken.
    dispensable : collection of str, optional
        Columns that may be missing and are then null.

    Returns
    -------
    DataFrame
        The same rows in the same order: ints (int64, or Int64 with nulls), float64, str, bools
        (bool, or boolean with nulls) and timestamps (microseconds, UTC; a time without a zone is
        UTC). Of a table without a key of its own, with `_row` besides.

    Raises
    ------
    DataError
        With every missing, renamed, retyped, doubled or reserved column, and with rows whose
        availability is unknown.
    """
    expected = expected_columns(table, known_columns or {})
    if rows.columns.empty and rows.empty:
        rows = pd.DataFrame(columns=list(expected), dtype=object)
    problems = [
        *_name_problems(rows),
        *_missing(rows, [c for c in expected if c not in dispensable], name, table, known_columns),
        *_declared_otherwise(table, known_columns or {}),
        *_other_rows(table, known_columns or {}),
    ]
    doubled = set(rows.columns[rows.columns.duplicated()])
    kept = [c for c in rows.columns if c in expected or not known_columns]
    _log_left_out(name, [c for c in rows.columns if c not in kept])
    columns: dict[str, pd.Series] = {}
    for column in (*kept, *(c for c in dispensable if c not in kept)):
        if column not in doubled and column not in _RESERVED:
            try:
                values = rows.get(column, pd.Series(None, index=rows.index, dtype=object))
                columns[column] = _typed(values, expected.get(column))
            except ValueError as error:
                problems.append(f"column {column!r}: {error}")
    problems += _without_time(columns, table)
    if problems:
        raise DataError(_message(name, problems))
    conformed = pd.DataFrame(columns).reset_index(drop=True)
    return add_row_key(conformed) if table.keyless else conformed


def expected_columns(table: Table, known: Mapping[str, str]) -> dict[str, ColumnType | None]:
    """Name the columns that a table has or must have, with the types that are known."""
    expected: dict[str, ColumnType | None] = dict.fromkeys(table.key)
    expected.update({column: cast(ColumnType, kind) for column, kind in known.items()})
    expected.update(table.columns)
    roles: tuple[tuple[str | None, ColumnType], ...] = (
        (table.event_time, "timestamp"),
        (table.available_at, "timestamp"),
        (table.deleted, "bool"),
    )
    expected.update({column: kind for column, kind in roles if column is not None})
    expected.pop(ROW_KEY, None)
    return expected


def _name_problems(rows: pd.DataFrame) -> Iterator[str]:
    for column, times in Counter(rows.columns).items():
        if times > 1:
            yield f"column {column!r} appears {times} times; give each column a name of its own"
        if column in _RESERVED:
            yield f"column {column!r} has a name that Lamplighter uses itself; rename it"
        if not isinstance(column, str):
            yield f"column {column!r} is named by a {type(column).__name__}, expected text"


def _missing(
    rows: pd.DataFrame,
    expected: Collection[str],
    name: str,
    table: Table,
    known: Mapping[str, str] | None,
) -> Iterator[str]:
    found = [str(column) for column in rows.columns]
    strangers = [column for column in found if column not in expected]
    for column in (c for c in expected if c not in rows.columns):
        near = difflib.get_close_matches(column, strangers, n=1, cutoff=0.5)
        if known is None or column not in known:
            # Nothing was ever read under this name, so the spec may be what is wrong.
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            yield (
                f"the source has no column {column!r}{hint}, which the spec names as "
                f"{_role(column, table)} of {name}; it has {_listed(found)}. Correct the spec, or "
                "add the column at the source"
            )
        elif near:
            yield (
                f"column {column!r} is missing, and there is a new one {near[0]!r}: if it was "
                "renamed, rename it back in the source"
            )
        else:
            yield (
                f"column {column!r}, which earlier nights have read, is missing; the source has "
                f"{_listed(found)}. Bring it back at the source"
            )


def _role(column: str, table: Table) -> str:
    roles = {
        "event_time": table.event_time,
        "available_at": table.available_at,
        "deleted": table.deleted,
    }
    named = (
        *(("key",) if column in table.key else ()),
        *(role for role, held in roles.items() if held == column),
    )
    return " and ".join(named) or "one of the columns"


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - 10} more" if len(columns) > 10 else ""
    return f"{', '.join(columns[:10])}{more}" if columns else "no column at all"


def _declared_otherwise(table: Table, known: Mapping[str, str]) -> Iterator[str]:
    for column, declared in table.columns.items():
        if known.get(column, declared) != declared:
            yield (
                f"column {column!r} is declared as {declared} and was ingested as "
                f"{known[column]}; declare {known[column]}, or give the table a new name to "
                "ingest it afresh"
            )


def _other_rows(table: Table, known: Mapping[str, str]) -> Iterator[str]:
    if not table.keyless or not known:
        return
    new = [column for column in table.columns if column not in known]
    if new:
        yield (
            f"column {new[0]!r} is new, and the rows are known by their content ({ROW_KEY}), so "
            "every row would count as another one; give the table a new name to ingest it afresh"
        )


def _typed(column: pd.Series, wanted: ColumnType | None) -> pd.Series:
    found = wanted or type_of(column)
    if found is None:
        kind = pd.api.types.infer_dtype(column, skipna=True)
        sample = repr(column.dropna().iloc[0])
        raise ValueError(
            f"found {kind} (for example {sample[:60]}), expected int, float, string, bool or "
            "timestamp; leave the column out in the source"
        )
    return cast_column(column, found)


def _without_time(columns: Mapping[str, pd.Series], table: Table) -> Iterator[str]:
    name = table.available_at or table.event_time
    if name is not None and name in columns:
        missing = int(columns[name].isna().sum())
        if missing:
            yield (
                f"column {name!r}: {missing:,} of {len(columns[name]):,} rows have no time, so "
                "when they became known cannot be told; fill it in the source"
            )


def _message(name: str, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"table {name!r}: {problems[0]}"
    return "\n".join(
        [f"table {name!r} has {len(problems)} problems:", *(f"  {p}" for p in problems)]
    )


def _log_left_out(name: str, columns: list[object]) -> None:
    if columns:
        log.warning(
            "%s: left out %s, which the table does not have; declare them under `columns` to take "
            "them in",
            name,
            ", ".join(map(str, columns)),
        )
