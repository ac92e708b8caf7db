"""A challenger while people act on the champion, and while a store does not answer."""

from __future__ import annotations

import pytest

from lamplighter.contracts import Actor, NightsLook
from lamplighter.errors import RegistryUnavailableError
from lamplighter.steps import collect_evidence as step
from lamplighter.steps.act_of_person import promote_version, roll_back
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def test_a_challenger_that_a_person_made_champion_leaves_and_the_night_trains(
    seasoned: World,
) -> None:
    promote_version(seasoned.stores, "returns", "3", reason="I know why", actor=ANNA)
    seasoned.run(day(54), dry_run=True)
    ledger = seasoned.stores.ledger
    assert ledger.challenger("returns").version == "3"
    report = seasoned.run(day(55))
    why = "version 3 became champion by anna (OS user): I know why"
    assert f"Version 3 leaves the challenger's place: {why}." in report.sentences
    left = next(act for act in ledger.challenges("returns") if act.act == "leave")
    assert (left.version, left.as_of) == ("3", day(55))
    assert left.reason == why
    assert ledger.versions("returns")[-1].as_of == day(55)
    seasoned.run(day(55), run_id="again")
    assert [act.version for act in ledger.challenges("returns") if act.act == "leave"] == ["3"]


def test_against_another_champion_the_comparison_starts_again_with_what_is_left_to_spend(
    seasoned: World,
) -> None:
    ledger = seasoned.stores.ledger
    seasoned.run(day(53))
    seasoned.run(day(54))
    before = ledger.decisions("returns", kind="promotion")[0].evidence
    roll_back(seasoned.stores, "returns", reason="it hurts", actor=ANNA)
    back = ledger.champion("returns")
    seasoned.run(day(55))
    after = ledger.decisions("returns", kind="promotion")[0].evidence
    assert (after["champion_release"], after["looks"]) == (back.id, 1)
    a_day = 0.05 / 365
    whole = before["accrued_days"] + before["held_days"] + 1 - before["spent"] / a_day
    assert after["accrued_days"] + after["held_days"] == pytest.approx(whole)
    assert before["spent"] + after["spent"] < (whole + before["spent"] / a_day) * a_day
    assert NightsLook(**after["look"]).spent == after["spent"]


def test_a_store_that_does_not_answer_costs_no_challenger_its_place(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(*_args, **_kwargs):
        raise RegistryUnavailableError("http://mlflow:5000 does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(step, "load_version", no_answer)
        with pytest.raises(RegistryUnavailableError):
            seasoned.run(day(54), run_id="first-try")
    assert seasoned.stores.ledger.challenger("returns").version == "3"
