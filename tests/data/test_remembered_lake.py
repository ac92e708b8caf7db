"""A lake that is read once gives the very frames that reading it each time gives."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from lamplighter.data.examples import known_examples
from lamplighter.data.remembered_lake import RememberedLake
from lamplighter.errors import DataError
from lamplighter.spec import load_spec
from world import World, day


@pytest.fixture
def ingested(world: World) -> World:
    world.ingest(day(30), day(52))
    return world


def test_what_was_known_by_any_time_is_the_same_frame(ingested: World) -> None:
    spec, lake = load_spec(ingested.spec_path), ingested.stores.lake
    remembered = RememberedLake(ingested.paths.lake)
    for name, table in spec.data.tables.items():
        for known_by in (day(3), day(30, hour=7), day(50), day(200)):
            for event_from in (None, day(20)):
                for event_until in (None, day(25, hour=3)):
                    asked = {"event_from": event_from, "event_until": event_until}
                    pd.testing.assert_frame_equal(
                        remembered.history("returns", name, table, known_by=known_by, **asked),
                        lake.history("returns", name, table, known_by=known_by, **asked),
                    )
        assert remembered.ingested_until("returns", name) == lake.ingested_until("returns", name)
        assert remembered.columns("returns", name) == lake.columns("returns", name)


def corrected(world: World) -> World:
    """Let some visits be told again, changed, and others be taken back, at various times."""
    spec, lake = load_spec(world.spec_path), world.stores.lake
    table = spec.data.tables["outcomes"]
    for number in (53, 54, 56):
        again = world.visits.iloc[number::7].head(400)
        rows = again[["visit_id", "seen_at"]].assign(
            returned=number % 2, known_at=day(number, hour=number % 5)
        )
        lake.publish("returns", "outcomes", table, rows, until=day(number, hour=6), start=None)
    return world


def test_versions_at_random_times_are_those_of_the_table_as_it_was_known_then(
    ingested: World,
) -> None:
    corrected(ingested)
    spec, lake = load_spec(ingested.spec_path), ingested.stores.lake
    remembered = RememberedLake(ingested.paths.lake)
    random = np.random.default_rng(5)
    times = [day(0) + timedelta(days=float(days)) for days in random.uniform(0, 58, 12)]
    for known_by in [*times, day(53, hour=3), day(54, hour=4)]:
        for name, table in spec.data.tables.items():
            asked = remembered.versions("returns", name, table, known_by=known_by)
            known = lake.versions("returns", name, table, known_by=known_by)
            pd.testing.assert_frame_equal(asked.frame, known.frame)
            assert asked.key == known.key
            for part in ("entity", "known", "event", "superseded", "deleted"):
                np.testing.assert_array_equal(getattr(asked, part), getattr(known, part))
        examples = [
            known_examples(spec, store, as_of=known_by, knowledge_time=known_by)
            for store in (remembered, lake, remembered)
        ]
        pd.testing.assert_frame_equal(examples[0], examples[1])
        pd.testing.assert_frame_equal(examples[2], examples[1])


def test_a_frame_that_a_step_changes_is_not_what_the_next_one_gets(ingested: World) -> None:
    table = load_spec(ingested.spec_path).data.tables["visits"]
    lake = RememberedLake(ingested.paths.lake)
    first = lake.history("returns", "visits", table, known_by=day(30))
    first["age"] = 0.0
    assert lake.history("returns", "visits", table, known_by=day(30))["age"].max() > 0


def test_nothing_is_written_into_it(ingested: World) -> None:
    table = load_spec(ingested.spec_path).data.tables["visits"]
    with pytest.raises(DataError, match="only read"):
        RememberedLake(ingested.paths.lake).publish(
            "returns", "visits", table, pd.DataFrame(), until=day(60) + timedelta(1), start=None
        )
