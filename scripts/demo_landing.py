"""The demo's landing zone: one Parquet file a day and table, as a feed would deliver them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

from lamplighter.examples.flights import source

if TYPE_CHECKING:
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")
DELIVERED_AT = time(4)
"""Local time at which the feed delivers what became known since the day before."""

_FEEDS = {
    "schedule": (source.schedule, "published_at"),
    "departures": (source.departures, "departed_at"),
    "arrivals": (source.arrivals, "known_at"),
    "weather": (source.weather, "reported_at"),
}


def deliver(landing: Path, *, until: datetime) -> int:
    """Write every table's files of the time up to `until`. Return how many there are.

    The file of a day holds what became known from 04:00 of that day to 04:00 of the next, New
    York time: just what the night that begins then has not read yet.
    """
    files = 0
    for table, (feed, known_at) in _FEEDS.items():
        (landing / table).mkdir(parents=True, exist_ok=True)
        rows = feed(since=None, until=until)
        for day, delivered in rows.groupby(_delivery_day(rows[known_at])):
            delivered.to_parquet(landing / table / f"{day}.parquet", index=False)
            files += 1
    return files


def deliver_twice(landing: Path, table: str, day: date) -> int:
    """Spoil a day's file as a feed does that sends it a second time. Return the rows too many."""
    path = landing / table / f"{day}.parquet"
    once = pd.read_parquet(path)
    pd.concat([once, once], ignore_index=True).to_parquet(path, index=False)
    return len(once)


def remove_duplicates(landing: Path, table: str, day: date) -> int:
    """Repair a file that was delivered twice. Return how many rows were taken out."""
    path = landing / table / f"{day}.parquet"
    twice = pd.read_parquet(path)
    once = twice.drop_duplicates(ignore_index=True)
    once.to_parquet(path, index=False)
    return len(twice) - len(once)


def delivery(day: date) -> datetime:
    """Return when the feed delivers on a day: 04:00 in New York, as UTC."""
    return datetime.combine(day, DELIVERED_AT, tzinfo=NEW_YORK).astimezone(UTC)


def _delivery_day(known_at: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    # What became known at 04:00 sharp is in the delivery of that moment, the end of a day's file.
    shift = timedelta(hours=DELIVERED_AT.hour, microseconds=1)
    local = known_at.dt.tz_convert(NEW_YORK).dt.tz_localize(None) - shift
    return local.dt.strftime("%Y-%m-%d")
