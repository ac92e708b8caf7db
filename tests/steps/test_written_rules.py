"""Nights whose champion is no measure any more: what they do instead of comparing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.contracts import Actor
from lamplighter.steps.answer_approval import answer_approval
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def test_a_champion_whose_file_is_gone_is_replaced_by_a_persons_approval(seasoned: World) -> None:
    stores = seasoned.stores
    Path(stores.artifacts.uri(stores.ledger.champion("returns").artifact)).unlink()
    report = seasoned.run(day(53))
    said = " ".join(report.sentences)
    assert report.outcome == "waits", said
    assert "Trained: the champion cannot be used any more: champion version 2 does not load" in said
    assert "the champion's was" in said
    assert stores.ledger.challenger("returns") is None, "its evidence was against that champion"
    assert stores.ledger.champion("returns").version == "2"

    answered = answer_approval(
        stores, "returns", answer="approve", reason="we need one", actor=ANNA
    )
    assert answered.release.released
    assert stores.ledger.champion("returns").version == "4"


@pytest.mark.long
def test_a_changed_target_promotes_by_itself_where_the_spec_says_so(seasoned: World) -> None:
    seasoned.document["data"]["positive"] = 0
    seasoned.document["gate"] = {"on_changed_target": "promote"}
    seasoned.write()
    report = seasoned.run(day(53))
    assert report.outcome == "promote", report.sentences
    assert seasoned.stores.ledger.champion("returns").version == "4"
    assert seasoned.stores.ledger.challenger("returns") is None


@pytest.mark.long
@pytest.mark.parametrize(("mode", "champion"), [("off", "4"), ("dry_run", "2")])
def test_the_gates_mode_holds_for_a_broken_champion_too(
    seasoned: World, mode: str, champion: str
) -> None:
    stores = seasoned.stores
    Path(stores.artifacts.uri(stores.ledger.champion("returns").artifact)).unlink()
    report = seasoned.run(day(53), gate_mode=mode)
    assert report.outcome == "promote", report.sentences
    assert "a model was found to replace a champion that is no measure." in report.sentences[0]
    assert stores.ledger.champion("returns").version == champion
    assert stores.ledger.decisions("returns", kind="approval") == []
    judged = stores.ledger.decisions("returns", kind="promotion")[0]
    assert "champion version 2 does not load" in judged.reason
    assert ("gate.mode is dry_run, so nothing is released" in judged.reason) is (mode == "dry_run")
