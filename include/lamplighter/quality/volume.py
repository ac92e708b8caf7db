"""Rows per whole calendar day, and the time of the newest row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from lamplighter.spec.data import Table


@dataclass(frozen=True)
class Reading:
    """What was read: rows of the time after `since` up to `until`; all before it if None."""

    since: datetime | None
    until: datetime
    zone: ZoneInfo


@dataclass(frozen=True)
class Stored:
    """What earlier nights brought: the newest time, and rows per local day of their event."""

    newest: datetime | None = None
    rows_per_day: Mapping[date, int] = field(default_factory=dict)


def completed_days(reading: Reading) -> list[date]:
    """Return the local days that ended within the reading, oldest first; none without `since`.

    Examples
    --------
    >>> new_york = ZoneInfo("America/New_York")
    >>> nights = [datetime(2013, 7, day, 4, tzinfo=new_york) for day in (1, 2)]
    >>> completed_days(Reading(since=nights[0], until=nights[1], zone=new_york))
    [datetime.date(2013, 7, 1)]
    """
    if reading.since is None:
        return []
    first = reading.since.astimezone(reading.zone).date()
    return _days(first, _last_whole_day(reading))


def rows_per_day(
    rows: pd.DataFrame, table: Table, reading: Reading, stored: Stored, *, is_examples: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count rows on each whole day: those that this reading completed, and those before.

    Examples count on the day of their event, together with those stored earlier. Other rows count
    on the day they became known, so that a source which fell silent shows at once.

    Returns
    -------
    newest, earlier : pandas.DataFrame
        Columns ``day`` (date) and ``rows`` (int). `earlier` is empty but for a first reading,
        whose last whole day alone is `newest`.
    """
    clock = table.event_time if is_examples else table.available_at or table.event_time
    local = rows[clock].dropna().dt.tz_convert(reading.zone).dt.tz_localize(None)
    known = {day.date(): int(n) for day, n in local.dt.floor("D").value_counts().items()}
    days = completed_days(reading)
    earlier: list[date] = []
    if reading.since is None and known:
        # The first day may have begun before the data does.
        everything = _days(min(known) + timedelta(days=1), _last_whole_day(reading))
        earlier, days = everything[:-1], everything[-1:]
    before = stored.rows_per_day if is_examples else {}

    def frame(of: list[date]) -> pd.DataFrame:
        counts = [known.get(day, 0) + before.get(day, 0) for day in of]
        return pd.DataFrame({"day": of, "rows": pd.Series(counts, dtype="int64")})

    return frame(days), frame(earlier)


def newest_row(rows: pd.DataFrame, table: Table, stored: Stored) -> pd.DataFrame:
    """Return the time of the newest row, read or stored, as column ``newest``; no row if none."""
    columns = [c for c in (table.event_time, table.available_at) if c]
    times = [rows[c].max() for c in columns if rows[c].notna().any()]
    if stored.newest is not None:
        times.append(pd.Timestamp(stored.newest))
    newest = [max(times).tz_convert(UTC)] if times else []
    return pd.DataFrame({"newest": pd.Series(newest, dtype="datetime64[us, UTC]")})


def _last_whole_day(reading: Reading) -> date:
    return reading.until.astimezone(reading.zone).date() - timedelta(days=1)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
