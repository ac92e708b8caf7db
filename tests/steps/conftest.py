"""A world that has seen some nights, made once and copied for each test that wants one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lamplighter.contracts import Actor
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
    return seasoned_once.copied(tmp_path / "world")


@pytest.fixture(scope="session")
def asked_once(seasoned_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = seasoned_once.copied(tmp_path_factory.mktemp("asked") / "world")
    free_the_challengers_place(world)
    world.document["gate"] = {"approval": {"when": "always", "assignees": ["anna", "bob"]}}
    world.write()
    world.run(day(53), run_id="asking", gate_mode="off")
    return world


@pytest.fixture
def asked(asked_once: World, tmp_path: Path) -> World:
    """The same, and version 4, of day 53, waits for the approval of anna or bob."""
    return asked_once.copied(tmp_path / "world")


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
