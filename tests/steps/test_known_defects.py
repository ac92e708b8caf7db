"""A known defect is shown wherever its version is, and MLflow follows the ledger."""

from __future__ import annotations

import pytest

from lamplighter.contracts import Actor
from lamplighter.errors import RegistryUnavailableError
from lamplighter.registry.mlflow_registry import Registry
from lamplighter.steps.act_of_person import promote_version, roll_back
from lamplighter.steps.known_defects import mend_defect, report_defect
from lamplighter.steps.maintain_stores import DUTIES
from lamplighter.steps.upkeep.round import Round
from world import World, day

ANNA = Actor(name="anna", kind="os_user")
WORDS = "too sure of itself in Lima"


def tag(world: World, version: str) -> str:
    return world.stores.registry.noted_defects("returns", version)


def test_a_defect_warns_whoever_promotes_and_stands_in_the_report_and_in_mlflow(
    seasoned: World,
) -> None:
    stores = seasoned.stores
    ledger, registry = stores.ledger, stores.registry
    first, warning = report_defect(ledger, registry, "returns", "1", WORDS, actor=ANNA)
    assert (warning, tag(seasoned, "1")) == (None, f"{first.id}: {WORDS}")
    report_defect(ledger, registry, "returns", "1", "slow", actor=ANNA)
    _, said = roll_back(stores, "returns", reason="complaints", actor=ANNA)
    assert said == f"version 1 has 2 known defects: {WORDS}; slow"
    sentences = " ".join(seasoned.run(day(53)).sentences)
    assert f"The champion, version 1 has 2 known defects: {WORDS}; slow." in sentences

    for defect in ledger.defects("returns"):
        mend_defect(ledger, registry, "returns", defect.id, reason="retrained", actor=ANNA)
    assert tag(seasoned, "1") == ""
    _, said = promote_version(stores, "returns", "1", reason="again", actor=ANNA)
    assert said is None


def test_a_defect_is_in_the_ledger_while_mlflow_is_away_and_upkeep_shows_it_later(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise RegistryUnavailableError("MLflow does not answer")

    stores = seasoned.stores
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "note_defects", away)
        defect, warning = report_defect(
            stores.ledger, stores.registry, "returns", "1", WORDS, actor=ANNA
        )
    assert warning is not None
    assert "it is in the ledger; MLflow shows it after 'lamplighter maintain'" in warning
    assert [d.id for d in stores.ledger.defects("returns", "1")] == [defect.id]
    assert tag(seasoned, "1") == ""
    upkeep = Round(stores=stores, actor=ANNA)
    done = DUTIES["reconcile_registrations"](upkeep).done
    assert done == ("let MLflow show the known defects of version 1 of returns",)
    assert tag(seasoned, "1") == f"{defect.id}: {WORDS}"
    assert DUTIES["reconcile_registrations"](upkeep).done == ()
