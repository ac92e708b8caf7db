"""Trainings that are done ahead of a replay's nights: which, and that they come to the same."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lamplighter.contracts import Actor
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.replay import enact
from lamplighter.steps.replay.beginning import Beginning
from lamplighter.steps.replay.foreseen import nights_that_train
from lamplighter.steps.replay.plan import Play
from lamplighter.steps.replay.replay import replay
from world import World, day

ME = Actor(name="tester", kind="os_user")
NIGHTS = [day(number, hour=3) for number in range(40, 55)]  # day 40 is a Saturday


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("ingested"))
    world.document["search"] = {"algorithms": ["xgboost", "linear"], "trials": 2, "budget_s": None}
    world.document["schedule"] = {"cron": "0 3 * * *"}
    world.document["gate"] = {"mode": "off"}
    world.write()
    world.ingest(day(58))
    return world


def foreseen(world: World, *, since: datetime | None = None, **retrain: Any) -> list[datetime]:
    document = load_spec(world.spec_path).document()
    gate = retrain.pop("gate", "off")
    document["retrain"] |= retrain
    document["gate"]["mode"] = gate
    spec = ModelSpec.model_validate(document)
    play = Play(spec.retrain.policy, gate, spec, "simulated:it", None, Beginning())
    return nights_that_train(play, NIGHTS, champion_since=since)


def test_the_calendar_and_what_damps_it_say_which_nights_train(ingested: World) -> None:
    weekly = [NIGHTS[0], NIGHTS[1], NIGHTS[8]]  # the first without a champion, then Sundays
    assert foreseen(ingested, policy="weekly") == weekly
    assert foreseen(ingested, policy="weekly", since=day(39)) == weekly[1:]
    assert foreseen(ingested, policy="nightly") == NIGHTS
    assert foreseen(ingested, policy="nightly", cool_down="2d") == NIGHTS[::2]
    frozen = {"start": "2024-02-12", "end": "2024-02-14", "reason": "peak"}
    assert foreseen(ingested, policy="nightly", freeze=[frozen]) == NIGHTS[:2] + NIGHTS[5:]


@pytest.mark.parametrize(
    "retrain",
    [
        {"policy": "nightly", "gate": "enforce"},
        {"policy": "on_loss"},
        {"policy": "never"},
        {"policy": "weekly", "refit": "after_promotion"},
    ],
)
def test_nothing_is_foreseen_where_it_depends_on_what_the_nights_come_to(
    ingested: World, retrain: dict[str, Any]
) -> None:
    assert set(foreseen(ingested, since=day(39), **retrain)) <= {NIGHTS[0]}


def asked(world: World, home: Path, **more: Any) -> dict[str, Any]:
    found = replay(
        load_spec(world.spec_path),
        world.stores,
        home=home,
        start=day(40),
        end=day(43),
        policies=("nightly",),
        actor=ME,
        paths=world.paths,
        **more,
    )
    for nights in found["played"].values():
        for night in nights:
            night.pop("training_s")
    for account in found["accounts"]:
        account.pop("compute_s")
    return {**found, "seconds": 0}


@pytest.mark.long  # it starts processes that load every library
def test_trainings_side_by_side_come_to_those_one_after_the_other(
    ingested: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    alone = asked(ingested, tmp_path / "alone", processes=1)
    assert sum(night["trained"] is not None for night in next(iter(alone["played"].values()))) == 3

    here = os.getpid()
    really = enact.run_night

    def trained_elsewhere(*args: Any, stores: Any, **kwargs: Any) -> Any:
        known = stores.ledger.searches_of("returns", timeline=args[1].timeline, as_of=args[1].as_of)
        assert [stores.ledger.finished_search(key) is not None for key in known] == [True]
        return really(*args, stores=stores, **kwargs)

    monkeypatch.setattr(enact, "run_night", trained_elsewhere)
    assert asked(ingested, tmp_path / "two", processes=2) == alone
    left = subprocess.run(
        ["pgrep", "-P", str(here), "-f", "multiprocessing.spawn"], capture_output=True, check=False
    )
    assert left.stdout == b""
