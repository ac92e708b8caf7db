"""The lake's tables: versions of rows with the time each became known, in Delta."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lamplighter.data import lake_query
from lamplighter.data.asof_versions import Versions
from lamplighter.data.column_types import (
    ARROW_TYPES,
    arrow_table,
    exact_frame,
    logical_types,
    modelling_frame,
)
from lamplighter.data.delta_upkeep import merge_small_files
from lamplighter.data.versions import EVENT_DAY, KNOWN_AT, event_days, new_versions
from lamplighter.errors import DataError, SourceUnavailableError, UsageError
from lamplighter.spec.data import Table
from lamplighter.spec.values import ColumnType

log = logging.getLogger(__name__)

_INGESTED_UNTIL = "lamplighter.ingested_until"
_ATTEMPTS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Lake:
    """Tables of row versions under one root, a local path or an object store's URL.

    A table lies at ``{root}/tables/{model}/{table}``, partitioned by the UTC day of the event.
    Rows are only ever added. How far a table has been ingested is part of the same Delta commit
    as the rows (an application transaction), so that the two cannot disagree, and a commit
    written meanwhile by another process is noticed.
    """

    def __init__(self, root: str) -> None:
        self._root = str(root).rstrip("/")

    @property
    def root(self) -> str:
        """The path or URL below which everything lies."""
        return self._root

    def ingested_until(self, model: str, table: str) -> datetime | None:
        """Say up to which instant the table has been ingested; None before the first time."""
        stored = self._open(model, table)
        return None if stored is None else _ingested_until(stored)

    def columns(self, model: str, table: str) -> dict[str, ColumnType] | None:
        """Name the source's columns as stored, with their types; None before the first ingest."""
        stored = self._open(model, table)
        if stored is None or _ingested_until(stored) is None:
            return None
        types = logical_types(lake_query.stored_schema(stored))
        return {name: kind for name, kind in types.items() if name not in (KNOWN_AT, EVENT_DAY)}

    def publish(
        self,
        model: str,
        name: str,
        table: Table,
        rows: pd.DataFrame,
        *,
        until: datetime,
        start: date | None,
    ) -> int:
        """Let rows that were read up to `until` into the table, all or none.

        What is stored already is not added again, so publishing twice, or in two processes at
        once, leaves one copy. See `new_versions` for which rows are new and when they count as
        known.

        Parameters
        ----------
        model, name : str
            Whose table, and its name in the spec.
        table : Table
            Its declaration.
        rows : DataFrame
            Validated rows, as `conform` returns them.
        until : datetime
            The end of the time that was read: the night's `as_of`.
        start : date or None
            First day of the data. Rows of events more than a day before are left out (a day,
            because `start` is a calendar day of the spec's zone).

        Returns
        -------
        int
            Row versions added.

        Raises
        ------
        SourceUnavailableError
            If the lake cannot be written, or other writers kept getting in the way.
        """
        rows = _from_start(rows, table, start)

        def publish_once() -> int:
            stored = self._open(model, name) or self._create(model, name, rows)
            return self._publish_once(stored, model, name, table, rows, until)

        return self._until_first(model, name, publish_once)

    def correct(
        self, model: str, name: str, table: Table, rows: pd.DataFrame, *, known_at: datetime
    ) -> int:
        """Let corrected rows of the past into the table, all known since `known_at`.

        How far the table is ingested does not change. What is stored already is not added again,
        and of a key with a later version stored, nothing is.

        Returns
        -------
        int
            Row versions added.

        Raises
        ------
        UsageError
            If a night has read the table as of `known_at` or later: its result would change.
        DataError
            If the table was never ingested.
        SourceUnavailableError
            If the lake cannot be written, or other writers kept getting in the way.
        """

        def correct_once() -> int:
            stored = self._open(model, name)
            previous = None if stored is None else _ingested_until(stored)
            if stored is None or previous is None:
                raise DataError(f"table {model}.{name} holds nothing yet; run a night first")
            if known_at <= previous:
                raise UsageError(
                    f"{model}.{name} was read as of {previous.isoformat()}, so a row that counts "
                    f"as known at {known_at.isoformat()} would change that night's result; choose "
                    "a later time"
                )
            days = event_days(rows, table)
            added = new_versions(
                rows, _stored_on(stored, days), table=table, until=known_at, ingested_until=previous
            )
            if added.empty:
                return 0
            known = pd.Timestamp(known_at).tz_convert("UTC").as_unit("us")
            self._append(stored, added.assign(**{KNOWN_AT: known}), days, previous)
            return len(added)

        return self._until_first(model, name, correct_once)

    def unseen(
        self, model: str, name: str, table: Table, rows: pd.DataFrame, *, until: datetime
    ) -> npt.NDArray[np.bool_]:
        """Say of each row whether the table does not hold it yet, so that it would be added."""
        stored = self._open(model, name)
        if stored is None or rows.empty:
            return np.ones(len(rows), dtype=bool)
        rows = rows.reset_index(drop=True)
        seen = _stored_on(stored, event_days(rows, table))
        added = new_versions(
            rows, seen, table=table, until=until, ingested_until=_ingested_until(stored)
        )
        return np.asarray(rows.index.isin(added.index))

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
        """Read every version of every row that was known by an instant.

        Parameters
        ----------
        model, name : str
            Whose table, and its name in the spec.
        table : Table
            Its declaration.
        known_by : datetime
            Versions that became known later are left out.
        event_from, event_until : datetime, optional
            Only events in ``[event_from, event_until)``; whole days outside are not even opened.

        Returns
        -------
        DataFrame
            The source's columns, `_known_at` (UTC), `_event_time` (UTC, NaT without one) and
            `_deleted` (bool). Sorted by known time, `available_at`, event time and key, so of a
            key's versions the last is the newest, also where several became known at once. The
            same rows give the same frame, whatever files they lie in. Ints with nulls are floats
            with NaN.

        Raises
        ------
        DataError
            If the table was never ingested, or lacks a column that the declaration needs.
        """
        stored = self._ingested(model, name, table)
        conditions = [lake_query.known_by(known_by)]
        conditions += lake_query.between_events(table, event_from, event_until)
        found = lake_query.select_versions(stored, conditions).drop_columns([EVENT_DAY])
        return with_roles(modelling_frame(lake_query.in_order(found, table)), table)

    def ordered_versions(self, model: str, name: str, table: Table) -> pa.Table:
        """Read every version of every row, in the order of `history`, as it is stored."""
        stored = self._ingested(model, name, table)
        return lake_query.in_order(lake_query.select_versions(stored, ["1 = 1"]), table)

    def versions(self, model: str, name: str, table: Table, *, known_by: datetime) -> Versions:
        """Tell every version that was known by an instant from the one that superseded it."""
        return Versions.of(table, self.history(model, name, table, known_by=known_by))

    def made_once(self, what: tuple[object, ...], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return what is made of the tables as they are; a lake that remembers makes it once."""
        return make()

    def table_id(self, model: str, table: str) -> str | None:
        """Return what tells a stored table from one that was made anew in its place."""
        stored = self._open(model, table)
        return None if stored is None else str(stored.metadata().id)

    def compact(self, model: str, table: str) -> int:
        """Merge the small files of each day; return how many files went. Nothing else changes."""
        stored = self._open(model, table)
        if stored is None:
            return 0
        return merge_small_files(stored)

    def _ingested(self, model: str, name: str, table: Table) -> DeltaTable:
        stored = self._open(model, name)
        if stored is None or _ingested_until(stored) is None:
            raise DataError(
                f"table {model}.{name} holds nothing yet; run a night first, which ingests it"
            )
        _check_columns(lake_query.stored_schema(stored).names, f"{model}.{name}", table)
        return stored

    def _publish_once(
        self,
        stored: DeltaTable,
        model: str,
        name: str,
        table: Table,
        rows: pd.DataFrame,
        until: datetime,
    ) -> int:
        previous = _ingested_until(stored)
        days = event_days(rows, table)
        seen = _stored_on(stored, days)
        added = new_versions(rows, seen, table=table, until=until, ingested_until=previous)
        if added.empty and previous is not None and previous >= until:
            return 0
        reached = until if previous is None else max(previous, until)
        self._append(stored, added, days, reached)
        log.info("%s.%s: %d row versions added, known until %s", model, name, len(added), reached)
        return len(added)

    def _append(
        self, stored: DeltaTable, added: pd.DataFrame, days: pd.Series, reached: datetime
    ) -> None:
        write_deltalake(
            stored,
            arrow_table(added.assign(**{EVENT_DAY: days.loc[added.index]})),
            mode="append",
            schema_mode="merge",
            commit_properties=CommitProperties(
                custom_metadata={_INGESTED_UNTIL: reached.isoformat()},
                app_transactions=[Transaction(_INGESTED_UNTIL, _microseconds(reached))],
            ),
        )

    def _until_first(self, model: str, name: str, write: Callable[[], int]) -> int:
        """Try to write until no other process gets in between."""
        for attempt in range(_ATTEMPTS):
            try:
                return write()
            except (DeltaError, OSError) as error:
                if not _lost_a_race(error):
                    raise _unavailable(
                        f"{self._path(model, name)} cannot be written", error
                    ) from error
                log.info("%s.%s: another writer was first (%s)", model, name, error)
                time.sleep(random.uniform(0, 0.05 * (attempt + 1)))
        raise SourceUnavailableError(
            f"table {model}.{name} was changed by others {_ATTEMPTS} times while it was being "
            "written; let the other nights end and try again"
        )

    def _create(self, model: str, name: str, rows: pd.DataFrame) -> DeltaTable:
        # Without rows: only a commit upon a commit notices that another process was faster.
        source = arrow_table(rows[:0]).schema
        schema = source.append(pa.field(KNOWN_AT, ARROW_TYPES["timestamp"]))
        schema = schema.append(pa.field(EVENT_DAY, ARROW_TYPES["string"]))
        return DeltaTable.create(
            self._path(model, name), schema, mode="error", partition_by=[EVENT_DAY]
        )

    def _path(self, model: str, name: str) -> str:
        return f"{self._root}/tables/{model}/{name}"

    def _open(self, model: str, name: str) -> DeltaTable | None:
        try:
            return DeltaTable(self._path(model, name))
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise _unavailable(f"{self._path(model, name)} cannot be opened", error) from error


def _ingested_until(stored: DeltaTable) -> datetime | None:
    microseconds = stored.transaction_version(_INGESTED_UNTIL)
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _stored_on(stored: DeltaTable, days: pd.Series) -> pd.DataFrame:
    return exact_frame(lake_query.select_versions(stored, [lake_query.on_days(days)]))


def _unavailable(what: str, error: Exception) -> SourceUnavailableError:
    said = " ".join(str(error).split())[:300]
    return SourceUnavailableError(
        f"the lake's table {what} ({said}); check the store and try again"
    )


def _lost_a_race(error: Exception) -> bool:
    # Two first publishes collide as "a table already exists", later ones as a failed commit.
    return isinstance(error, CommitFailedError) or "already exists" in str(error)


def _from_start(rows: pd.DataFrame, table: Table, start: date | None) -> pd.DataFrame:
    rows = rows.reset_index(drop=True)
    if start is None or table.event_time is None:
        return rows
    first = pd.Timestamp(start, tz="UTC") - timedelta(days=1)
    return rows[~(rows[table.event_time] < first)].reset_index(drop=True)


def _check_columns(stored: Sequence[str], where: str, table: Table) -> None:
    needed = (*table.key, table.event_time, table.available_at, table.deleted)
    missing = [name for name in needed if name is not None and name not in stored]
    if missing:
        raise DataError(
            f"table {where} has no column {', '.join(missing)}, which the spec now names; it was "
            "ingested without. Give the table a new name in the spec to ingest it afresh"
        )


def with_roles(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Add the event time and the mark of deletion to a table's own columns."""
    roles: dict[str, Any] = {
        "_event_time": frame[table.event_time]
        if table.event_time
        else pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]"),
        "_deleted": frame[table.deleted].fillna(False).astype(bool) if table.deleted else False,
    }
    return frame.assign(**roles)
