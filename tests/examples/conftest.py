"""A lake that holds the flights of half a year, as one night would have ingested them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lamplighter.data.ingest import conform
from lamplighter.data.lake import Lake
from lamplighter.data.sources import read_source
from lamplighter.spec import ModelSpec, load_spec

PROJECT = Path(__file__).parents[2]
INGESTED_UNTIL = datetime(2013, 7, 3, 4, tzinfo=ZoneInfo("America/New_York"))


@pytest.fixture(scope="session")
def flights_spec() -> ModelSpec:
    return load_spec(PROJECT / "include" / "models" / "flights.yaml")


@pytest.fixture(scope="session")
def flights_lake(flights_spec, tmp_path_factory) -> Lake:
    lake = Lake(str(tmp_path_factory.mktemp("flights_lake")))
    for name, table in flights_spec.data.tables.items():
        rows = read_source(table, since=None, until=INGESTED_UNTIL)
        lake.publish(
            flights_spec.model,
            name,
            table,
            conform(rows, name, table, known_columns=None),
            until=INGESTED_UNTIL,
            start=flights_spec.time.start,
        )
    return lake
