"""Nights of one model at the same time: under Airflow, and from the command line beside it."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from real_airflow import RealAirflow, assert_healthy

from lamplighter.spec import load_spec
from world import World, day

pytestmark = pytest.mark.scheduler


def begin_beside_airflow(world: World, as_of: datetime) -> subprocess.Popen[str]:
    """Start `lamplighter run` on Airflow's stores."""
    paths = world.paths
    home = str(Path(paths.lake).parent)
    words = ["run", str(world.spec_path), "--as-of", as_of.isoformat(), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "lamplighter.cli.main", *words],
        env={"LAMPLIGHTER_HOME": home, "MLFLOW_TRACKING_URI": paths.mlflow, "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_nights_that_overlap_corrupt_nothing(
    airflow: RealAirflow, worlds: dict[str, World]
) -> None:
    order = airflow.hold("crowded__train", "release_model")
    run = airflow.start("crowded__train", as_of=day(50).isoformat())
    beside = [begin_beside_airflow(worlds["crowded"], day(51)) for _ in range(2)]
    for process in beside:
        said = process.communicate(timeout=240)[1]
        assert process.returncode == 0, said
    order.wait_until_held()
    order.take_back()
    assert run.wait() == "success"
    assert "was judged against no champion" in run.handed("release_model")["reason"]
    assert_nothing_is_there_twice(airflow, worlds["crowded"], versions=2)
    (release,) = airflow.stores.ledger.releases("crowded")
    assert release.as_of == day(51)


@pytest.mark.long
def test_many_nights_that_start_together_corrupt_nothing(
    airflow: RealAirflow, worlds: dict[str, World]
) -> None:
    world = worlds["crowded_long"]
    run = airflow.start("crowded_long__train", as_of=day(50).isoformat())
    beside = [begin_beside_airflow(world, day(number)) for number in (50, 50, 51, 51, 52)]
    for process in beside:
        said = process.communicate(timeout=480)[1]
        assert process.returncode == 0, said
    assert run.wait() == "success"
    assert_nothing_is_there_twice(airflow, world, versions=3)
    releases = airflow.stores.ledger.releases("crowded_long")
    assert [r.predecessor for r in releases] == [0, *(r.id for r in releases[:-1])]


def assert_nothing_is_there_twice(airflow: RealAirflow, world: World, *, versions: int) -> None:
    model, stores = world.document["model"], airflow.stores
    registered = stores.ledger.versions(model)
    assert len({version.key for version in registered}) == len(registered) == versions
    assert len(stores.registry.versions(model)) == versions
    head = stores.ledger.champion(model)
    assert stores.registry.alias(model, "champion") == head.version
    assert_healthy(stores, model)
    spec_tables = load_spec(world.spec_path).data.tables
    for name, table in spec_tables.items():
        rows = stores.lake.history(model, name, table, known_by=day(50))
        assert rows["visit_id"].is_unique, name
    visits = stores.lake.history(model, "visits", spec_tables["visits"], known_by=day(50))
    assert len(visits) == (world.visits["seen_at"] <= day(50)).sum()
