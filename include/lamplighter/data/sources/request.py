"""What is asked of a source: rows of a table that became known in an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from lamplighter.spec.data import Table


@dataclass(frozen=True)
class Request:
    """Rows of `table` whose time lies in ``(since, until]``; `since` None is the beginning."""

    table: Table
    since: datetime | None
    until: datetime
    base: Path | None = None
    known_columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def time_column(self) -> str | None:
        """The column that says when a row became known, or else when its event was."""
        return self.table.available_at or self.table.event_time

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """Columns without which the rows are of no use."""
        named = (self.table.event_time, self.table.available_at, self.table.deleted)
        columns = (*self.table.key, *named, *self.table.columns, *self.known_columns)
        return tuple(dict.fromkeys(column for column in columns if column is not None))

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns that are text, also where all of them look like numbers ("007")."""
        types = {**self.known_columns, **self.table.columns}
        return tuple(column for column, kind in types.items() if kind == "string")

    @property
    def whole_seconds(self) -> tuple[datetime | None, datetime]:
        """The interval widened to whole seconds (UTC), for filters of less precision."""
        since = None if self.since is None else self.since.astimezone(UTC).replace(microsecond=0)
        until = self.until.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        return since, until


def within(rows: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Keep the rows of the interval, and those whose time cannot be read: they are a finding."""
    column = request.time_column
    if column is None or column not in rows.columns or rows.columns.duplicated().any():
        return rows
    if pd.api.types.is_numeric_dtype(rows[column]):
        return rows
    times = pd.to_datetime(rows[column], utc=True, errors="coerce", format="ISO8601")
    outside = times > pd.Timestamp(request.until)
    if request.since is not None:
        outside |= times <= pd.Timestamp(request.since)
    return rows[~outside].reset_index(drop=True)
