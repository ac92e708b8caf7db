"""Refits where the gate is off, in a replay, and where something holds them back."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from lamplighter.contracts import Actor
from lamplighter.ledger import Ledger
from lamplighter.spec import load_spec
from lamplighter.steps.replay.replay import replay
from steps.refit.conftest import asking_for_refits
from world import World, day

ME = Actor(name="tester", kind="os_user")
NIGHTS = [day(number, hour=3) for number in (40, 41)]


@pytest.fixture(scope="module")
def ungated(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two nights without a gate, and a lake that knows more."""
    world = asking_for_refits(tmp_path_factory.mktemp("ungated"))
    world.document["search"] = {"algorithms": ["linear"], "trials": 1, "budget_s": None}
    world.document["gate"] = {"mode": "off"}
    world.write()
    for as_of in NIGHTS:
        world.run(as_of)
    world.ingest(day(58))
    return world


def decided(ledger: Ledger, kind: str, timeline: str = "live") -> list[tuple[Any, str]]:
    found = ledger.decisions("returns", timeline=timeline, kind=kind)
    return [(decision.as_of, decision.verdict) for decision in reversed(found)]


def played(world: World, home: Path, **asked: Any) -> tuple[Ledger, list[str]]:
    found = replay(
        load_spec(world.spec_path), world.stores, home=home, actor=ME,
        **{"start": day(40), "end": day(42), "policies": ("nightly",), **asked},
    )  # fmt: skip
    (path,) = home.glob("replays/returns/*/ledger.db")
    return Ledger.open(f"sqlite:///{path}"), [a["timeline"] for a in found["accounts"]]


def test_without_a_gate_a_refit_is_released_at_once(ungated: World) -> None:
    ledger = ungated.stores.ledger
    assert [verdict for _, verdict in decided(ledger, "retraining")] == ["retrain", "refit"]
    assert [v.details.get("refit_of") for v in ledger.versions("returns")] == [None, "1"]
    assert [r.version for r in ledger.releases("returns")] == ["1", "2"]
    assert ledger.challenges("returns") == []
    reason = ledger.releases("returns")[1].reason
    assert "holds nothing out" in reason
    assert reason.endswith("released all the same, because gate.mode is off")


def test_a_replay_of_the_policy_that_ran_makes_the_same_refits(
    ungated: World, tmp_path: Path
) -> None:
    live = ungated.stores.ledger
    again, (timeline,) = played(ungated, tmp_path)
    for kind in ("retraining", "promotion"):
        assert decided(again, kind, timeline) == decided(live, kind)
    then, now = live.releases("returns"), again.releases("returns", timeline=timeline)
    assert [r.artifact.digest for r in now] == [r.artifact.digest for r in then]


@pytest.mark.long
def test_a_replay_may_begin_with_the_refit_of_the_champion_that_it_inherits(
    ungated: World, tmp_path: Path
) -> None:
    live = ungated.stores.ledger
    again, timelines = played(
        ungated, tmp_path, start=day(41), policies=("nightly", "weekly", "never")
    )
    digest = live.version("returns", "2").artifact.digest
    for timeline, verdict in zip(timelines, ("refit", "refit", "skip"), strict=True):
        assert decided(again, "retraining", timeline)[-1] == (NIGHTS[1], verdict)
        released = again.releases("returns", timeline=timeline)
        assert (released[-1].artifact.digest == digest) == (verdict == "refit")


@pytest.mark.long
def test_a_refit_waits_until_the_cool_down_is_over(tmp_path: Path) -> None:
    world = asking_for_refits(tmp_path, cool_down="3d")
    world.document["search"] = {"algorithms": ["linear"], "trials": 1, "budget_s": None}
    world.write()
    for number in (45, 46, 48):
        world.run(day(number))
    ledger = world.stores.ledger
    assert [verdict for _, verdict in decided(ledger, "retraining")] == ["retrain", "skip", "refit"]
    waited = ledger.decisions("returns", kind="retraining")[1]
    assert "a refit of version 1 is due, but the last training was 1 days ago" in waited.reason
    assert waited.evidence["refit_of"] == "1"


@pytest.mark.long
def test_a_refit_that_came_to_nothing_is_not_tried_again(tmp_path: Path) -> None:
    world = asking_for_refits(tmp_path)
    world.document["search"] = {"algorithms": ["linear"], "trials": 1, "budget_s": None}
    world.write()
    world.run(day(45))
    whole = copy.deepcopy(world.document)
    world.document["gate"] |= {"max_size_mb": 1e-6}  # no model is as small
    world.write()
    assert world.run(day(46)).outcome == "reject"
    world.document = whole
    world.write()
    world.run(day(47))
    ledger = world.stores.ledger
    assert [verdict for _, verdict in decided(ledger, "retraining")] == [
        "retrain", "refit", "retrain",
    ]  # fmt: skip
    assert "the refit of version 1 that the night as of 2024-02-16 decided on came to no" in (
        ledger.decisions("returns", kind="retraining")[0].reason
    )
    assert [v.details.get("refit_of") for v in ledger.versions("returns")] == [None, None]
