"""A replay under the gate that really judged comes to the same, look by look."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lamplighter.contracts import Actor
from lamplighter.ledger import Ledger
from lamplighter.spec import load_spec
from lamplighter.steps.replay.page import render_replay
from lamplighter.steps.replay.replay import replay
from world import World, day

ME = Actor(name="tester", kind="os_user")
FIRST, LAST = 48, 56
SPENT = ("look", "looks", "spent", "accrued_days", "held_days", "distance", "bound", "release")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Eight live nights with challengers, one of which is promoted after several looks."""
    world = World(tmp_path_factory.mktemp("lived"))
    world.document["search"] = {"algorithms": ["linear"], "trials": 1, "budget_s": None}
    world.document["gate"] = {"test": "non_inferiority", "margin": 0.005}
    world.document["evidence"] = {"false_promotions_per_year": 0.999, "patience_days": 12}
    world.document["explain"] = {"enabled": False}
    world.write()
    for number in range(FIRST, LAST):
        world.run(day(number, hour=3))
    return world


def replayed(world: World, home: Path, **asked: Any) -> tuple[dict[str, Any], Ledger]:
    found = replay(
        load_spec(world.spec_path),
        world.stores,
        home=home,
        **{
            "start": day(FIRST),
            "end": day(LAST - 1, hour=3),
            "policies": ("nightly",),
            "actor": ME,
            "processes": 1,
            **asked,
        },
    )
    (path,) = home.glob("replays/returns/*/ledger.db")
    return found, Ledger.open(f"sqlite:///{path}")


def judged(ledger: Ledger, timeline: str, *, since: datetime, until: datetime) -> list[Any]:
    """Say what was decided each night, on whom, and what that spent; models by their files."""
    found = ledger.decisions("returns", timeline=timeline, limit=1000)
    files = {version.version: version.artifact.digest for version in ledger.versions("returns")}
    return [
        (
            decision.as_of,
            decision.kind,
            decision.verdict,
            files.get(decision.champion_version or ""),
            decision.evidence.get("artifact"),
            files.get(decision.evidence.get("challenger") or ""),
            {name: decision.evidence.get(name) for name in SPENT},
            (decision.evidence.get("evidence") or {}).get("gain"),
        )
        for decision in reversed(found)
        if decision.kind in ("retraining", "promotion") and since <= decision.as_of < until
    ]


def contests(ledger: Ledger, timeline: str, *, since: datetime, until: datetime) -> list[Any]:
    files = {version.version: version.artifact.digest for version in ledger.versions("returns")}
    return [
        (act.as_of, act.act, files[act.version])
        for act in ledger.challenges("returns", timeline=timeline)
        if since <= act.as_of < until
    ]


def reigns(ledger: Ledger, timeline: str, *, since: datetime, until: datetime) -> list[Any]:
    return [
        (release.as_of, release.valid_from, release.artifact.digest)
        for release in ledger.releases("returns", timeline=timeline)
        if since <= release.as_of < until
    ]


def test_the_lived_nights_show_challengers_looks_and_a_promotion(lived: World) -> None:
    ledger = lived.stores.ledger
    acts = [act.act for act in ledger.challenges("returns")]
    assert acts.count("enter") >= 2
    assert "leave" in acts
    assert len(ledger.releases("returns")) >= 2
    assert max(d.evidence["looks"] for d in ledger.decisions("returns", kind="promotion")) >= 3


@pytest.mark.parametrize(
    "first", [FIRST, FIRST + 3, pytest.param(LAST - 3, marks=pytest.mark.long)]
)
def test_every_decision_look_and_spending_is_what_really_was_wherever_the_replay_begins(
    lived: World, tmp_path: Path, first: int
) -> None:
    between = {"since": day(first), "until": day(LAST - 1, hour=3)}
    found, again = replayed(lived, tmp_path, start=day(first))
    (timeline,) = found["played"]
    live = lived.stores.ledger
    for what in (judged, contests, reigns):
        assert what(again, timeline, **between) == what(live, "live", **between)
    assert len(judged(again, timeline, **between)) >= LAST - 1 - first


def test_a_replay_begins_with_what_stood_or_with_nothing_and_says_which(
    lived: World, tmp_path: Path
) -> None:
    at, live = day(FIRST + 3), lived.stores.ledger
    between = {"start": at, "end": day(FIRST + 5)}
    stood, _ = replayed(lived, tmp_path / "stood", **between, policies=("never",))
    champion, challenger = live.champion("returns", at=at), live.challenger("returns", at=at)
    assert stood["begins_with"]["champion"] == champion.version
    assert stood["begins_with"]["challenger"] == challenger.version
    said = f"champion version {champion.version}"
    assert said in render_replay(stood)

    nothing, ledger = replayed(lived, tmp_path / "nothing", **between, from_nothing=True)
    (nights,) = nothing["played"].values()
    assert nothing["begins_with"]["champion"] is None
    assert nights[0]["replaced"] is None
    assert nights[0]["reason"] == "returns has no champion yet"
    assert all(version.as_of >= at for version in ledger.versions("returns"))
    assert "begins with nothing" in render_replay(nothing)
