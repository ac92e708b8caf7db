"""A world with one trained version, made once, and copies of it for tests that change it."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from world import World, day


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Version 1, of day 50, by three trials. Tests only read it."""
    world = World(tmp_path_factory.mktemp("trained"))
    world.run(day(50))
    return world


@pytest.fixture
def copied(trained: World, tmp_path: Path) -> World:
    """The same world at another place, to be changed; MLflow stays where it was."""
    return copy_of(trained, tmp_path / "world")


def copy_of(world: World, folder: Path) -> World:
    shutil.copytree(world.folder, folder)
    other = copy.copy(world)
    other.document = copy.deepcopy(world.document)
    other.folder, other.home = folder, folder / "home"
    tables = other.document["data"]["tables"]
    tables["visits"]["source"] = {"parquet": str(folder / "visits.parquet")}
    tables["outcomes"]["source"] = {"csv": str(folder / "outcomes.csv")}
    other.visits = world.visits.copy()
    other.spec_path = folder / world.spec_path.name
    other.paths = replace(
        world.paths,
        home=str(other.home),
        lake=str(other.home / "lake"),
        artifacts=str(other.home / "lake" / "artifacts"),
        ledger=f"sqlite:///{other.home / 'ledger.db'}",
    )
    return other


@pytest.fixture
def another_seed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let fits come out otherwise, as another library or another line of code would."""
    from lamplighter.steps import train_ensemble

    def change() -> None:
        monkeypatch.setattr(train_ensemble, "search_seed", lambda night: 4711)

    return change
