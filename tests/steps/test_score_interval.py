"""Scoring an interval: by the champion of each moment, the same rows however often."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from lamplighter.contracts import Actor, RunRequest, ScoredInterval
from lamplighter.data.predictions import example_names, prediction_ids
from lamplighter.errors import DataError
from lamplighter.steps.act_of_person import promote_version
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import score_interval
from lamplighter.steps.validate_data import validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def score(world: World, number: int, run_id: str = "score") -> ScoredInterval:
    stores, end = world.stores, day(number)
    run_id = f"{run_id}/{number}"
    request = RunRequest(as_of=end)
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    night = open_night(run_id, stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    return score_interval(night, snapshot, start=end - timedelta(days=1), end=end)


def test_every_example_of_the_interval_is_scored_once(world: World) -> None:
    world.run(day(50))
    scored = score(world, 51)
    rows = world.stores.predictions.read("returns", start=day(50), end=day(51))
    expected = world.visits["seen_at"].between(day(50), day(51), inclusive="left").sum()
    assert len(rows) == scored.rows == expected
    assert rows["prediction"].between(0, 1).all()
    assert rows["prediction_id"].is_unique


def test_scoring_again_leaves_the_same_rows(world: World) -> None:
    world.run(day(50))
    first = score(world, 51)
    again = score(world, 51, run_id="again")
    rows = world.stores.predictions.read("returns", start=day(50), end=day(51))
    assert again.digest == first.digest
    assert len(rows) == first.rows


def test_each_example_is_scored_by_the_champion_of_its_moment(world: World) -> None:
    world.run(day(50))
    world.run(day(51))
    promote_version(world.stores, "returns", "2", reason="try", actor=ANNA)
    began = world.stores.ledger.champion("returns").valid_from
    score(world, 52)
    rows = world.stores.predictions.read("returns", start=day(51), end=day(52))
    assert (rows["model_version"] == "2").equals(rows["prediction_time"] >= began)


def test_an_interval_without_examples_is_scored_as_no_rows(world: World) -> None:
    world.visits = world.visits[~world.visits["seen_at"].between(day(50, 1), day(50, 9))]
    world.write()
    world.run(day(51))
    world.run(day(52))
    run_id, end = "score/empty", day(52)
    request = RunRequest(as_of=end)
    stores = world.stores
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    night = open_night(run_id, stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    empty = day(51) + timedelta(microseconds=1), day(51) + timedelta(microseconds=2)
    assert score_interval(night, snapshot, start=empty[0], end=empty[1]).rows == 0


def test_an_examples_name_does_not_depend_on_its_neighbours() -> None:
    times = pd.to_datetime(["2024-01-01T10:00:00Z", "2024-01-01T10:00:00.5Z"], format="ISO8601")
    keys = pd.DataFrame({"seen_at": times, "city": ["a|b", "c"]})
    together = prediction_ids("returns", example_names(keys), keys["seen_at"])
    alone = prediction_ids("returns", example_names(keys[:1]), keys["seen_at"][:1])
    assert together[:1] == alone


def test_a_day_before_the_first_champion_is_refused(world: World) -> None:
    world.run(day(50))
    with pytest.raises(DataError, match="no champion before"):
        score(world, 49)
