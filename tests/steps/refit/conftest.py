"""A world whose first champion was fitted again the night after, made once, and copies of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lamplighter.steps import whole_night
from world import World, day

EASY: dict[str, Any] = {
    # That a model is surely no worse needs many days; let the year's budget be large instead.
    "gate": {"test": "non_inferiority", "margin": 0.5},
    "evidence": {"false_promotions_per_year": 0.999, "patience_days": 12},
}


def asking_for_refits(folder: Path, **retrain: Any) -> World:
    """Return a world that asks for refits; members of two kinds, one of them grown in rounds."""
    world = World(folder)
    world.document |= EASY
    world.document["retrain"] = {"refit": "after_promotion", **retrain}
    world.document["explain"] = {"enabled": False}
    world.write()
    return world


@pytest.fixture(scope="session")
def refitted_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = asking_for_refits(tmp_path_factory.mktemp("refitted"))
    world.run(day(45), run_id="searched")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_night, "evaluate_candidate", _killed)
        with pytest.raises(Killed):
            world.run(day(46), run_id="killed")
    world.run(day(46), run_id="fitted-again")
    return world


class Killed(BaseException):
    """What no step catches."""


def _killed(*arguments: Any, **named: Any) -> None:
    raise Killed


@pytest.fixture
def refitted(refitted_once: World, tmp_path: Path) -> World:
    """Version 1 is champion from day 45, and its refit, version 2 of day 46, is challenger.

    The night of the refit was killed once, between its fit and its registration.
    """
    return refitted_once.copied(tmp_path / "world")


@pytest.fixture(scope="session")
def promoted_once(refitted_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = refitted_once.copied(tmp_path_factory.mktemp("promoted") / "world")
    assert world.run(day(58)).outcome == "promote"
    return world


@pytest.fixture
def promoted(promoted_once: World, tmp_path: Path) -> World:
    """The same, and the night of day 58 made the refit champion."""
    return promoted_once.copied(tmp_path / "world")
