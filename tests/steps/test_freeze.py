"""Nights and people under a freeze: judged and written down, but nobody becomes champion."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lamplighter.contracts import Actor
from lamplighter.errors import FrozenError
from lamplighter.spec.operations import Schedule
from lamplighter.spec.retrain import Retrain
from lamplighter.steps.act_of_person import adopt_alias, promote_version, restore_alias, roll_back
from lamplighter.steps.examine_stores import examine_stores
from lamplighter.steps.freeze_window import freeze_window
from world import World, day

ANNA = Actor(name="anna", kind="os_user")
PEAK = {"freeze": [{"start": "2024-02-20", "end": "2024-02-20", "reason": "peak season"}]}


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two versions, the first of them champion again after the second was tried."""
    world = World(tmp_path_factory.mktemp("frozen"))
    world.run(day(50))
    world.run(day(51))
    promote_version(world.stores, "returns", "2", reason="try it", actor=ANNA)
    promote_version(world.stores, "returns", "1", reason="no, back", actor=ANNA)
    return world


@pytest.fixture
def frozen(two_versions: World) -> Iterator[World]:
    ledger = two_versions.stores.ledger
    ledger.freeze("returns", reason="stocktaking", actor=ANNA)
    yield two_versions
    ledger.unfreeze("returns", reason="done", actor=ANNA)
    restore_alias(two_versions.stores, "returns")


def test_a_night_under_a_freeze_judges_and_releases_nothing_and_the_next_one_does(
    world: World,
) -> None:
    ledger = world.stores.ledger
    # Long after the day that the night is about: a freeze is about when things are done.
    ledger.freeze("*", reason="stocktaking", actor=ANNA)
    report = world.run(day(50))
    assert report.outcome == "promote"
    (decision,) = ledger.decisions("returns", kind="promotion")
    assert decision.verdict == "promote"
    assert [version.version for version in ledger.versions("returns")] == ["1"]
    assert ledger.champion("returns") is None
    said = " ".join(report.sentences)
    assert "Not released: returns is frozen with all models by anna (OS user) since " in said
    assert "stocktaking" in said

    ledger.unfreeze("*", reason="done", actor=ANNA)
    assert world.run(day(51)).outcome == "promote"
    assert ledger.champion("returns").version == "2"
    assert world.stores.registry.alias("returns", "champion") == "2"


def test_a_window_of_the_spec_freezes_its_days_for_nights_and_people_and_no_others(
    world: World,
) -> None:
    world.document["retrain"] = PEAK
    world.write()
    report = world.run(day(50))
    assert "Not released: returns is frozen by retrain.freeze in the spec from 2024-02-20" in (
        " ".join(report.sentences)
    )
    with pytest.raises(FrozenError, match="2024-02-20: peak season; nothing was changed, take the"):
        promote_version(world.stores, "returns", "1", reason="x", actor=ANNA)
    assert world.stores.ledger.champion("returns") is None
    world.run(day(51))
    assert world.stores.ledger.champion("returns").version == "2"


def test_the_days_of_a_window_are_those_of_the_schedules_zone() -> None:
    window = Retrain.model_validate(PEAK)
    after_midnight = day(51, hour=3)  # still the evening of the 20th in New York
    assert freeze_window(window, Schedule(timezone="America/New_York"), after_midnight)
    assert freeze_window(window, Schedule(timezone="UTC"), after_midnight) is None


def test_a_backfill_judges_as_if_nothing_were_frozen(frozen: World) -> None:
    report = frozen.run(day(50), timeline="simulated:x", dry_run=True)
    assert "frozen" not in " ".join(report.sentences)


@pytest.mark.parametrize(
    "act",
    [
        lambda stores: promote_version(stores, "returns", "2", reason="x", actor=ANNA),
        lambda stores: adopt_alias(stores, "returns", reason="x", actor=ANNA),
        lambda stores: roll_back(stores, "returns", reason="x", actor=ANNA),
    ],
    ids=["promote", "adopt", "rollback"],
)
def test_nobody_becomes_champion_by_a_person_either(frozen: World, act) -> None:
    frozen.stores.registry.set_alias("returns", "champion", "2")
    with pytest.raises(
        FrozenError, match=r"frozen by anna \(OS user\) since .*: stocktaking; nothing was change"
    ):
        act(frozen.stores)
    assert frozen.stores.ledger.champion("returns").version == "1"


def test_the_alias_may_be_put_back_under_a_freeze(frozen: World) -> None:
    frozen.stores.registry.set_alias("returns", "champion", "2")
    assert restore_alias(frozen.stores, "returns") == "1"


def test_the_doctor_says_what_is_frozen_and_finds_it_right(frozen: World) -> None:
    (found,) = [f for f in examine_stores(frozen.stores) if f.check == "freeze"]
    assert found.right
    assert "frozen by anna (OS user) since " in found.message


def test_an_emergency_may_roll_back_when_it_says_so(frozen: World) -> None:
    stores = frozen.stores
    with pytest.raises(FrozenError, match="in an emergency roll back with --even-if-frozen"):
        roll_back(stores, "returns", reason="complaints", actor=ANNA)
    release, _ = roll_back(stores, "returns", reason="complaints", actor=ANNA, even_if_frozen=True)
    assert (release.version, release.kind) == ("2", "rollback")
    stores.ledger.unfreeze("returns", reason="over", actor=ANNA)
    promote_version(stores, "returns", "1", reason="as before", actor=ANNA)
