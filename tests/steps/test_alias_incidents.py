"""An alias that a stranger moved is one incident, from being found to being put right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lamplighter.contracts import Actor
from lamplighter.ledger import Release
from lamplighter.steps.act_of_person import adopt_alias, promote_version, restore_alias
from lamplighter.steps.champion_alias import alias_state
from lamplighter.steps.examine_stores import examine_stores
from lamplighter.steps.maintain_stores import DUTIES
from lamplighter.steps.night import Stores
from lamplighter.steps.upkeep.round import Round
from world import World, day

ANNA = Actor(name="anna", kind="os_user")
SCHEDULER = Actor(name="scheduler", kind="airflow")


@pytest.fixture
def moved(seasoned: World) -> World:
    """The champion is version 2, and a stranger moved the alias to version 1."""
    seasoned.stores.registry.set_alias("returns", "champion", "1")
    return seasoned


def look_as_doctor(stores: Stores) -> None:
    examine_stores(stores, ["returns"], actor=ANNA)


def look_as_upkeep(stores: Stores) -> None:
    DUTIES["reconcile_registrations"](Round(stores=stores, actor=SCHEDULER))


def test_whoever_finds_the_move_first_opens_one_incident_and_restoring_closes_it(
    moved: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter.steps.upkeep.reconcile_registrations._IN_HAND_HOURS", 0)
    stores = moved.stores
    look_as_upkeep(stores)
    look_as_doctor(stores)
    (incident,) = stores.ledger.incidents("returns")
    assert (incident.kind, incident.actor, incident.standing) == ("alias", SCHEDULER, True)
    assert incident.details == {"registered_name": "returns", "points_to": "1", "expected": "2"}
    assert "who moved it, and when, is unknown" in incident.message
    sentences = " ".join(moved.run(day(53)).sentences)
    assert "An incident is open since " in sentences
    assert "of returns was moved to version 1" in sentences

    restore_alias(stores, "returns", actor=ANNA)
    (incident,) = stores.ledger.incidents("returns")
    assert (incident.closed_by, incident.closed_how) == (
        ANNA, "restored: the alias names version 2 again",
    )  # fmt: skip
    stores.registry.set_alias("returns", "champion", "1")
    look_as_doctor(stores)
    assert [i.standing for i in stores.ledger.incidents("returns")] == [False, True]


def test_an_act_of_a_person_finds_the_move_and_adopting_closes_it(moved: World) -> None:
    stores = moved.stores
    _, said = promote_version(stores, "returns", "2", reason="again", actor=ANNA)
    assert said is not None
    assert "somebody else moved it" in said
    assert [i.standing for i in stores.ledger.incidents("returns")] == [True]
    adopt_alias(stores, "returns", reason="the stranger was right", actor=ANNA)
    (incident,) = stores.ledger.incidents("returns")
    assert incident.closed_how == "adopt of version 1: the stranger was right"


def test_a_stranger_who_puts_it_back_ends_the_incident_when_somebody_looks(moved: World) -> None:
    look_as_doctor(moved.stores)
    moved.stores.registry.set_alias("returns", "champion", "2")
    look_as_doctor(moved.stores)
    (incident,) = moved.stores.ledger.incidents("returns")
    assert "found to name the ledger's champion, version 2, again" == incident.closed_how


def test_two_releases_whose_aliases_were_not_moved_yet_are_late_and_not_foreign(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    stores = seasoned.stores
    with monkeypatch.context() as patch:
        patch.setattr(stores.registry, "set_alias", killed)
        for version in ("1", "3"):
            with pytest.raises(KeyboardInterrupt):
                promote_version(stores, "returns", version, reason="twice", actor=ANNA)
    assert stores.registry.alias("returns", "champion") == "2"
    assert promote_version(stores, "returns", "1", reason="thrice", actor=ANNA)[1] is None
    assert stores.registry.alias("returns", "champion") == "1"
    assert stores.ledger.incidents("returns") == []


def test_a_release_between_two_reads_is_not_a_strangers_move(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores, other = seasoned.stores, seasoned.stores
    read: Callable[[str, str], str | None] = stores.registry.alias
    acts: list[Release] = []

    def alias(name: str, which: str) -> str | None:
        if not acts:  # the ledger was read, the registry was not
            acts.append(promote_version(other, "returns", "3", reason="quick", actor=ANNA)[0])
        return read(name, which)

    monkeypatch.setattr(stores.registry, "alias", alias)
    state = alias_state(stores.ledger, stores.registry, model="returns", name="returns")
    assert state.right
    assert state.expected == "3"
