"""Reading a Delta table of row versions: conditions, partition filters, one order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder

from lamplighter.data.versions import EVENT_DAY, KNOWN_AT
from lamplighter.spec.data import Table


def select_versions(stored: DeltaTable, conditions: Sequence[str]) -> pa.Table:
    """Read the rows that meet every condition, in no particular order."""
    found = (
        QueryBuilder()
        .register("versions", stored)
        .execute(f"SELECT * FROM versions WHERE {' AND '.join(conditions)}")
        .read_all()
    )
    return pa.table(found).cast(stored_schema(stored))


def stored_schema(stored: DeltaTable) -> pa.Schema:
    """Return the columns of a Delta table as Arrow types."""
    return pa.schema(stored.schema().to_arrow())


def known_by(instant: datetime) -> str:
    """Keep the versions that were known at an instant."""
    return f'"{KNOWN_AT}" <= {_instant(instant)}'


def on_days(days: pd.Series) -> str:
    """Keep the events of some days; the files of other days are not opened."""
    listed = ", ".join(_text(day) for day in sorted(days.unique()))
    return f'"{EVENT_DAY}" IN ({listed})' if listed else "1 = 0"


def between_events(
    table: Table, event_from: datetime | None, event_until: datetime | None
) -> list[str]:
    """Keep events in ``[event_from, event_until)``; the files of other days are not opened."""
    conditions = []
    for instant, day_test, test in ((event_from, ">=", ">="), (event_until, "<=", "<")):
        if instant is not None and table.event_time is not None:
            day = _text(instant.astimezone(UTC).date().isoformat())
            conditions.append(f'"{EVENT_DAY}" {day_test} {day}')
            conditions.append(f"{_quoted(table.event_time)} {test} {_instant(instant)}")
    return conditions


def in_order(rows: pa.Table, table: Table) -> pa.Table:
    """Sort by known time, `available_at`, event time and key; equals by all their columns."""
    named = (KNOWN_AT, table.available_at, table.event_time, *table.key)
    order = list(dict.fromkeys(name for name in named if name is not None))
    rows = rows.sort_by([(name, "ascending") for name in order])
    if not _has_equal_neighbours(rows.select(order)):
        return rows
    rest = sorted(set(rows.column_names) - set(order))
    return rows.sort_by([(name, "ascending") for name in (*order, *rest)])


def _has_equal_neighbours(rows: pa.Table) -> bool:
    """Say whether two rows in succession are equal, missing values to each other."""
    equal = pa.scalar(True)
    for column in rows.columns:
        column = column.combine_chunks()
        before, after = column[:-1], column[1:]
        missing = pc.is_null(column, nan_is_null=True)
        both = pc.and_(missing[:-1], missing[1:])
        equal = pc.and_(equal, pc.or_kleene(pc.equal(before, after), both).fill_null(False))
    return bool(pc.any(equal).as_py())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _instant(value: datetime) -> str:
    text = value.astimezone(UTC).isoformat(timespec="microseconds")
    return f"arrow_cast({_text(text)}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
