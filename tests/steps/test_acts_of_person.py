"""What a person does to the champion, and what a stranger does to the alias."""

from __future__ import annotations

import pytest

from lamplighter.contracts import Actor
from lamplighter.errors import UsageError
from lamplighter.steps.act_of_person import adopt_alias, promote_version, restore_alias, roll_back
from lamplighter.steps.examine_stores import examine_stores
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


@pytest.fixture
def two_versions(world: World) -> World:
    world.run(day(50))
    world.run(day(51))
    return world


def wrong(world: World) -> list[str]:
    return [f.check for f in examine_stores(world.stores) if not f.right]


def test_a_promoted_version_is_champion_in_ledger_and_alias(two_versions: World) -> None:
    stores = two_versions.stores
    release, warning = promote_version(stores, "returns", "2", reason="I know why", actor=ANNA)
    assert (release.version, release.kind, release.actor, warning) == ("2", "promote", ANNA, None)
    assert stores.registry.alias("returns", "champion") == "2"
    assert release.valid_from > day(51)
    assert wrong(two_versions) == []


def test_promoting_the_champion_again_is_no_act(two_versions: World) -> None:
    stores = two_versions.stores
    promote_version(stores, "returns", "1", reason="again", actor=ANNA)
    assert len(stores.ledger.releases("returns")) == 1


def test_a_rollback_brings_the_former_champion_back(two_versions: World) -> None:
    stores = two_versions.stores
    promote_version(stores, "returns", "2", reason="try it", actor=ANNA)
    release, _ = roll_back(stores, "returns", reason="complaints", actor=ANNA)
    assert (release.version, release.kind) == ("1", "rollback")
    assert stores.registry.alias("returns", "champion") == "1"


def test_a_second_rollback_goes_further_back_and_not_forward_again(two_versions: World) -> None:
    two_versions.run(day(52), force_retrain=True)
    stores = two_versions.stores
    for version in ("2", "3"):
        promote_version(stores, "returns", version, reason="try it", actor=ANNA)
    back = [roll_back(stores, "returns", reason="bad", actor=ANNA)[0].version for _ in range(2)]
    assert back == ["2", "1"]
    with pytest.raises(UsageError, match="none before it to roll back to"):
        roll_back(stores, "returns", reason="bad", actor=ANNA)


def test_scoring_an_old_day_does_not_turn_the_datas_clock_back(two_versions: World) -> None:
    two_versions.run(day(40))
    release, _ = promote_version(
        two_versions.stores, "returns", "2", reason="I know why", actor=ANNA
    )
    assert release.valid_from > day(51)


def test_there_is_nothing_to_roll_back_to_from_the_first_champion(world: World) -> None:
    world.run(day(50))
    with pytest.raises(UsageError, match="none before it to roll back to"):
        roll_back(world.stores, "returns", reason="x", actor=ANNA)


def test_an_unknown_version_names_the_known_ones(two_versions: World) -> None:
    with pytest.raises(UsageError, match=r"no version '7'; the ledger knows 1, 2"):
        promote_version(two_versions.stores, "returns", "7", reason="x", actor=ANNA)


def test_an_act_without_a_reason_is_refused(two_versions: World) -> None:
    with pytest.raises(UsageError, match="a reason is needed"):
        promote_version(two_versions.stores, "returns", "2", reason=" ", actor=ANNA)


def test_a_strangers_alias_is_found_and_not_silently_repaired(two_versions: World) -> None:
    stores = two_versions.stores
    stores.registry.set_alias("returns", "champion", "2")
    assert wrong(two_versions) == ["alias"]
    two_versions.run(day(52))
    assert stores.registry.alias("returns", "champion") == "2"
    assert restore_alias(stores, "returns") == "1"
    assert wrong(two_versions) == []


def test_a_strangers_alias_can_be_adopted(two_versions: World) -> None:
    stores = two_versions.stores
    stores.registry.set_alias("returns", "champion", "2")
    adopt_alias(stores, "returns", reason="the stranger was right", actor=ANNA)
    assert stores.ledger.champion("returns").version == "2"
    assert wrong(two_versions) == []


def test_a_changed_file_is_found(two_versions: World) -> None:
    champion = two_versions.stores.ledger.champion("returns")
    path = two_versions.stores.artifacts.uri(champion.artifact)
    with open(path, "ab") as file:
        file.write(b"!")
    assert "champion" in wrong(two_versions)


def test_a_model_nobody_knows_is_said(world: World) -> None:
    found = examine_stores(world.stores, ["nobody"])
    assert [f.message for f in found if not f.right] == [
        "nobody is not in the ledger; it knows no model"
    ]
