"""A world that has seen some nights, made once and copied for each test that wants one."""

from __future__ import annotations

import copy
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.registry.relocation import files_of, relocate
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
    world = copy.copy(seasoned_once)
    world.document = copy.deepcopy(seasoned_once.document)
    world.folder, world.home = tmp_path / "world", tmp_path / "world" / "home"
    shutil.copytree(seasoned_once.folder, world.folder)
    world.spec_path = world.folder / seasoned_once.spec_path.name
    relocate(
        world.home / "mlflow.db",
        old_root=files_of(seasoned_once.home / "mlflow.db").as_uri(),
        new_root=files_of(world.home / "mlflow.db").as_uri(),
    )
    world.paths = replace(
        seasoned_once.paths,
        home=str(world.home),
        lake=str(world.home / "lake"),
        artifacts=str(world.home / "lake" / "artifacts"),
        ledger=f"sqlite:///{world.home / 'ledger.db'}",
        mlflow=f"sqlite:///{world.home / 'mlflow.db'}",
    )
    return world
