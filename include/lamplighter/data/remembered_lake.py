"""A lake that is read once and remembered: for many nights over the same tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.data.asof_versions import FOREVER, Versions
from lamplighter.data.column_types import modelling_frame
from lamplighter.data.lake import Lake, with_roles
from lamplighter.data.versions import EVENT_DAY, KNOWN_AT
from lamplighter.errors import DataError
from lamplighter.spec.data import Table
from lamplighter.spec.values import ColumnType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FRAMES = 16


class RememberedLake(Lake):
    """The lake as it is now, each table read once and held in memory; nothing can be written.

    `history` gives the very frames that `Lake.history` gives: a table's versions are in the order
    in which they became known, so that what was known by a time is their beginning.
    """

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self._answers: dict[tuple[str, str, str], Any] = {}
        self._frames: dict[tuple[object, ...], pd.DataFrame] = {}

    def ingested_until(self, model: str, table: str) -> datetime | None:
        """Say up to which instant the table has been ingested; None before the first time."""
        ask = super().ingested_until
        found: datetime | None = self._once("until", model, table, lambda: ask(model, table))
        return found

    def columns(self, model: str, table: str) -> dict[str, ColumnType] | None:
        """Name the source's columns as stored, with their types."""
        ask = super().columns
        found: dict[str, ColumnType] | None = self._once(
            "columns", model, table, lambda: ask(model, table)
        )
        return found

    def history(
        self,
        model: str,
        name: str,
        table: Table,
        *,
        known_by: datetime,
        event_from: datetime | None = None,
        event_until: datetime | None = None,
    ) -> pd.DataFrame:
        """Give every version of every row that was known by an instant, as `Lake.history`."""

        def read() -> pd.DataFrame:
            rows, known = self._rows(model, name, table)
            until = (known_by - _EPOCH) // _MICROSECOND
            found = rows.slice(0, int(np.searchsorted(known, until, side="right")))
            return with_roles(
                modelling_frame(_between(found, table, event_from, event_until)), table
            )

        return self._framed((model, name, known_by, event_from, event_until), read)

    def versions(self, model: str, name: str, table: Table, *, known_by: datetime) -> Versions:
        """Tell versions from those that superseded them, as `Lake.versions` does.

        What was known by an instant is the beginning of all versions, and entities are numbered in
        the order in which they became known. So only what superseded a version is looked at again.
        """
        every: Versions = self._once(
            "versions",
            model,
            name,
            lambda: Versions.of(table, self._everything(model, name, table)),
        )
        frame = self.history(model, name, table, known_by=known_by)
        first = slice(0, len(frame))
        superseded = every.superseded[first]
        later = superseded > (known_by - _EPOCH) // _MICROSECOND
        return Versions(
            frame=frame,
            key=table.key,
            entity=every.entity[first],
            known=every.known[first],
            event=every.event[first],
            superseded=np.where(later, FOREVER, superseded),
            deleted=every.deleted[first],
        )

    def made_once(self, what: tuple[object, ...], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Make a frame of the tables, unless it was made not long ago."""
        return self._framed(what, make)

    def publish(self, *_: object, **__: object) -> int:
        """Refuse: what is remembered would not be what is stored."""
        raise DataError("this lake is only read; ingest with a live night")

    def identity(self, model: str, tables: tuple[str, ...]) -> list[str]:
        """Return what tells these stored tables from others that were made anew in their place."""
        return [self.table_id(model, name) or "" for name in tables]

    def _framed(self, what: tuple[object, ...], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if what not in self._frames:
            made = make()
            while len(self._frames) >= _FRAMES:
                del self._frames[next(iter(self._frames))]
            self._frames[what] = made
        return self._frames[what].copy(deep=False)

    def _rows(self, model: str, name: str, table: Table) -> tuple[pa.Table, np.ndarray]:
        found: tuple[pa.Table, np.ndarray] = self._once(
            "rows", model, name, lambda: self._read_all(model, name, table)
        )
        return found

    def _everything(self, model: str, name: str, table: Table) -> pd.DataFrame:
        return with_roles(modelling_frame(self._rows(model, name, table)[0]), table)

    def _read_all(self, model: str, name: str, table: Table) -> tuple[pa.Table, np.ndarray]:
        rows = self.ordered_versions(model, name, table).drop_columns([EVENT_DAY])
        known = rows.column(KNOWN_AT).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        return rows, known.to_numpy()

    def _once(self, what: str, model: str, name: str, ask: Callable[[], Any]) -> Any:
        key = (what, model, name)
        if key not in self._answers:
            self._answers[key] = ask()
        return self._answers[key]


def _between(
    rows: pa.Table, table: Table, event_from: datetime | None, event_until: datetime | None
) -> pa.Table:
    if table.event_time is None:
        return rows
    event = rows.column(table.event_time)
    if event_from is not None:
        rows = rows.filter(pc.greater_equal(event, pa.scalar(event_from, event.type)))
        event = rows.column(table.event_time)
    if event_until is not None:
        rows = rows.filter(pc.less(event, pa.scalar(event_until, event.type)))
    return rows
