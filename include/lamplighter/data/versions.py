"""Which rows of an ingest are new versions, and from when each of them counts as known."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.spec.data import Table

KNOWN_AT = "_known_at"
EVENT_DAY = "_event_day"
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a row counts as known that came with the first ingest and has no time at all."""


def new_versions(
    rows: pd.DataFrame,
    stored: pd.DataFrame,
    *,
    table: Table,
    until: datetime,
    ingested_until: datetime | None,
) -> pd.DataFrame:
    """Pick the rows that the table does not hold yet, and say since when they are known.

    A row is known since its `available_at`. Without that column, a row of the first ingest is
    known since its event plus the table's lag (always, without an event time), and a later row
    since the `until` of the ingest that first saw it. So is a row for a time that was already
    ingested: a correction, or one that came late. Had it counted as known earlier, yesterday's
    results would change.

    A row is not new if the same content is stored. Without `available_at`, only the newest
    version of a key counts: a value that changes and later changes back is two corrections.
    A version that came after one with a later `available_at` was superseded before it was
    known, and is left out.

    Parameters
    ----------
    rows : DataFrame
        What the source said, as `conform` returns it.
    stored : DataFrame
        The versions already stored for the days of `rows`, with `_known_at`.
    table : Table
        The declaration.
    until : datetime
        The end of the time that was read.
    ingested_until : datetime or None
        The end of the time read before; None before the first ingest.

    Returns
    -------
    DataFrame
        The new rows in their order, with `_known_at`. The index is a part of that of `rows`.
    """
    fresh = ~_already_stored(rows, stored, table, replay=_is_replay(until, ingested_until))
    if ingested_until is not None and table.available_at is not None:
        fresh &= ~_superseded_on_arrival(rows, stored, list(table.key), table.available_at)
    return rows[fresh].assign(
        **{KNOWN_AT: _known_at(rows[fresh], table, until=until, ingested_until=ingested_until)}
    )


def event_days(rows: pd.DataFrame, table: Table) -> pd.Series:
    """Name each row's UTC day of event, the partition it is stored in; "none" without one."""
    if table.event_time is None:
        return pd.Series("none", index=rows.index, dtype="str")
    codes, days = pd.factorize(rows[table.event_time].dt.floor("D"))
    names = np.array([*(day.strftime("%Y-%m-%d") for day in days), "none"], dtype=object)
    return pd.Series(names[codes], index=rows.index, dtype="str")  # code -1, a NaT, is the last


def _is_replay(until: datetime, ingested_until: datetime | None) -> bool:
    return ingested_until is not None and until <= ingested_until


def _already_stored(
    rows: pd.DataFrame, stored: pd.DataFrame, table: Table, *, replay: bool
) -> npt.NDArray[np.bool_]:
    if stored.empty:
        repeated = rows.duplicated(list(table.key), keep=False)
        if not repeated.any():
            return np.zeros(len(rows), dtype=bool)
        return np.asarray(rows.duplicated())
    versions = pd.concat([stored[[c for c in rows if c in stored]], rows], ignore_index=True)
    content = pd.util.hash_pandas_object(versions, index=False).to_numpy()
    before, now = content[: len(stored)], content[len(stored) :]
    if table.available_at is None and not replay:
        before = before[_newest(stored, table)]
    return np.isin(now, before) | pd.Series(now).duplicated().to_numpy()


def _newest(stored: pd.DataFrame, table: Table) -> npt.NDArray[np.bool_]:
    newest = stored.groupby(list(table.key), dropna=False)[KNOWN_AT].transform("max")
    return np.asarray(stored[KNOWN_AT] == newest)


def _superseded_on_arrival(
    rows: pd.DataFrame, stored: pd.DataFrame, key: list[str], available_at: str
) -> npt.NDArray[np.bool_]:
    newest = stored.groupby(key, dropna=False)[available_at].max().rename("newest").reset_index()
    joined = rows[[*key, available_at]].merge(newest, on=key, how="left")
    return np.asarray(joined["newest"] > joined[available_at])


def _known_at(
    rows: pd.DataFrame, table: Table, *, until: datetime, ingested_until: datetime | None
) -> pd.Series:
    if ingested_until is None:
        if table.available_at is not None:
            return rows[table.available_at]
        if table.event_time is not None:
            return rows[table.event_time] + table.lag
        return _constant(ALWAYS, rows)
    seen = _constant(max(until, ingested_until), rows)
    if table.available_at is None:
        return seen
    declared = rows[table.available_at]
    return declared.where(declared > ingested_until, seen)


def _constant(instant: datetime, rows: pd.DataFrame) -> pd.Series:
    return pd.Series(
        pd.Timestamp(instant).as_unit("us"), index=rows.index, dtype="datetime64[us, UTC]"
    )
