"""A world that has seen some nights, made once and copied for each test that wants one."""

from __future__ import annotations

import copy
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamplighter.contracts import Actor
from lamplighter.registry.relocation import files_of, relocate
from past_days import contents, evaluate, ingest, rows
from world import World, day

SCHEDULED = "returns__train/scheduled__2024-02-20"


@pytest.fixture(scope="session")
def seasoned_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("seasoned"))
    world.run(day(50), run_id=SCHEDULED)
    world.run(day(51), gate_mode="off")
    world.run(day(52))
    return world


@pytest.fixture
def seasoned(seasoned_once: World, tmp_path: Path) -> World:
    """Versions 1 and 2 were champions, 2 is; version 3, of day 52, is registered."""
    return _copied(seasoned_once, tmp_path / "world")


@pytest.fixture(scope="session")
def asked_once(seasoned_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = _copied(seasoned_once, tmp_path_factory.mktemp("asked") / "world")
    free_the_challengers_place(world)
    world.document["gate"] = {"approval": {"when": "always", "assignees": ["anna", "bob"]}}
    world.write()
    world.run(day(53), run_id="asking", gate_mode="off")
    return world


@pytest.fixture
def asked(asked_once: World, tmp_path: Path) -> World:
    """The same, and version 4, of day 53, waits for the approval of anna or bob."""
    return _copied(asked_once, tmp_path / "world")


def free_the_challengers_place(world: World) -> None:
    """Let version 3 leave the place, so that the next night judges its own candidate."""
    left = world.stores.ledger.leave_challenger(
        "returns",
        "3",
        timeline="live",
        as_of=day(52, 1),
        reason="for a test",
        actor=Actor(name="tester", kind="os_user"),
    )
    assert left is not None


def _copied(one: World, folder: Path) -> World:
    world = copy.copy(one)
    world.document = copy.deepcopy(one.document)
    world.folder, world.home = folder, folder / "home"
    shutil.copytree(one.folder, world.folder)
    world.spec_path = world.folder / one.spec_path.name
    relocate(
        world.home / "mlflow.db",
        old_root=files_of(one.home / "mlflow.db").as_uri(),
        new_root=files_of(world.home / "mlflow.db").as_uri(),
    )
    world.paths = replace(
        one.paths,
        home=str(world.home),
        lake=str(world.home / "lake"),
        artifacts=str(world.home / "lake" / "artifacts"),
        ledger=f"sqlite:///{world.home / 'ledger.db'}",
        mlflow=f"sqlite:///{world.home / 'mlflow.db'}",
    )
    return world


@pytest.fixture
def known(seasoned: World) -> World:
    """Version 1 is champion from day 50, version 2 from day 51; days go from midnight on."""
    seasoned.document["schedule"] = {"cron": None}
    tables = seasoned.document["data"]["tables"]
    tables["visits"]["source"] = {"parquet": str(seasoned.folder / "visits.parquet")}
    tables["outcomes"]["source"] = {"csv": str(seasoned.folder / "outcomes.csv")}
    seasoned.write()
    return seasoned


@pytest.fixture
def past(known: World) -> World:
    """The same, and the lake knows everything until day 56."""
    ingest(known, 56)
    return known


@pytest.fixture(scope="session")
def expected_once(seasoned_once: World, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Return the evaluations of days 47 to 54, each day for itself."""
    import shutil

    world = World(tmp_path_factory.mktemp("once"))
    shutil.copytree(seasoned_once.home, world.home, dirs_exist_ok=True)
    world.document["schedule"] = {"cron": None}
    world.write()
    ingest(world, 56)
    for number in (51, 48, 53, 50, 49, 55, 52, 54):
        evaluate(world, number)
    return contents(rows(world))
