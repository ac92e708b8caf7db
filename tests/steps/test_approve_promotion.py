"""A release that a person has to approve: asked once, answered once, champion from then on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lamplighter.contracts import (
    Actor,
    ApprovalRef,
    PromotionDecision,
    RunRequest,
    VersionRef,
)
from lamplighter.errors import FrozenError, LedgerError, UsageError
from lamplighter.ledger import Decision, Ledger
from lamplighter.steps.act_of_person import promote_version
from lamplighter.steps.answer_approval import (
    Answered,
    answer_approval,
    settle_overdue,
    waiting_question,
)
from lamplighter.steps.approval_words import question_subject, question_text
from lamplighter.steps.approve_promotion import approve_promotion, question_ref
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.release_model import release_model
from lamplighter.steps.resolve_spec import resolve_spec
from world import World, day

ANNA = Actor(name="anna", kind="os_user")
BOB = Actor(name="bob", kind="os_user")


def ask(world: World, **approval: Any) -> World:
    world.document["gate"] = {"approval": {"when": "always", **approval}}
    world.write()
    return world


def answer(world: World, what: str = "approve", actor: Actor = ANNA, **more: Any) -> Answered:
    return answer_approval(
        world.stores, "returns", answer=what, reason="looks right", actor=actor, **more
    )  # type: ignore[arg-type]


def champion(world: World) -> str | None:
    release = world.stores.ledger.champion("returns")
    return release.version if release else None


def night(world: World, number: int, **asked: Any) -> Night:
    """Open a night without running it."""
    run_id = f"look/{number}/{asked}"
    request, stores = RunRequest(as_of=day(number), **asked), world.stores
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    return open_night(run_id, stores, threads=1)


def what_waits(world: World) -> tuple[PromotionDecision, VersionRef]:
    evidence = waiting_question(world.stores, "returns", None).evidence
    return (
        PromotionDecision.model_validate(evidence["decision"]),
        VersionRef.model_validate(evidence["version"]),
    )


@pytest.mark.long
def test_a_night_that_asks_ends_waiting_and_leaves_the_champion(asked: World) -> None:
    report = asked.run(day(53), gate_mode="off")  # the same night again asks nothing new
    assert report.outcome == "waits"
    said = " ".join(report.sentences)
    assert "a new model waits for a person's approval." in said
    assert "Not released: version 4 waits for approval until" in said
    assert "`lamplighter approve returns --reason ...` releases it" in said
    assert "Without an answer it is rejected." in said
    assert champion(asked) == "2"
    assert len(asked.stores.ledger.decisions("returns", kind="approval")) == 1


def test_an_approved_version_is_champion_from_the_approval_on(asked: World) -> None:
    answered = answer(asked)
    assert answered.mine
    release = asked.stores.ledger.champion("returns")
    assert release is not None
    approval = asked.stores.ledger.approval(answered.approval.key)
    assert approval is not None
    assert (release.version, release.actor) == ("4", ANNA)
    assert (release.as_of, release.valid_from) == (day(53), day(53) + approval.took)
    assert release.valid_from > day(53)
    assert release.reason.endswith("; approved by anna (OS user): looks right")
    assert asked.stores.registry.alias("returns", "champion") == "4"


def test_a_rejected_version_stays_what_it_is(asked: World) -> None:
    answered = answer(asked, "reject", BOB)
    assert (answered.approval.answer, answered.release, champion(asked)) == ("reject", None, "2")
    with pytest.raises(UsageError, match="nothing of returns waits for approval"):
        answer(asked)


def test_what_a_person_rejected_is_not_asked_about_again_while_the_champion_stays(
    asked: World,
) -> None:
    decision, version = what_waits(asked)
    answer(asked, "reject", BOB)
    again = decision.model_copy(update={"key": "of-a-later-night"})
    held = approve_promotion(night(asked, 54), again, version)
    assert (held.answer, held.actor, held.waits) == ("reject", BOB, False)
    assert len(asked.stores.ledger.decisions("returns", kind="approval")) == 1
    assert not release_model(night(asked, 54), again, version).released
    refused = asked.stores.ledger.decisions("returns", kind="release")[0]
    assert refused.evidence["decision"] == again.key
    assert refused.reason == "not released: rejected by bob (OS user): looks right"
    promote_version(asked.stores, "returns", "3", reason="I know why", actor=BOB)
    other = asked.stores.ledger.champion("returns").id
    anew = again.model_copy(update={"champion_release": other})
    assert approve_promotion(night(asked, 55), anew, version).waits


def test_a_question_that_another_releases_spec_asked_holds_up_no_later_night(
    asked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = night(asked, 54)
    stored = Ledger.spec

    def of_then(ledger: Ledger, digest: str) -> dict[str, Any]:
        return {**stored(ledger, digest), "ensemble": {"members_per_algorithm": 1}}

    monkeypatch.setattr(Ledger, "spec", of_then)
    said = r"as of 2024-02-23 .* this release does not read \(ensemble.members_per_algorithm: extra"
    with pytest.raises(LedgerError, match=said):
        answer(asked)
    assert [settled.answer for settled in settle_overdue(later)] == ["expired"]


@pytest.mark.long
def test_the_first_answer_stands_and_a_night_run_again_follows_it(asked: World) -> None:
    answer(asked, "reject", BOB)
    report = asked.run(day(53), gate_mode="off")
    assert "rejected by bob (OS user): looks right" in " ".join(report.sentences)
    assert champion(asked) == "2"


def ask_about_the_challenger(world: World, **asked: Any) -> None:
    ask(world)
    # That a challenger is surely no worse needs many days; let the year's budget be large instead.
    world.document["gate"] |= {"test": "non_inferiority", "margin": 0.5}
    world.document["evidence"] = {"false_promotions_per_year": 0.999, "patience_days": 10}
    world.write()
    assert world.run(day(56), **asked).outcome == "waits"
    assert world.stores.ledger.challenger("returns").version == "3"


def test_a_challenger_that_a_person_rejects_leaves_its_place_when_he_does(seasoned: World) -> None:
    ask_about_the_challenger(seasoned)
    answered = answer(seasoned, "reject")
    ledger = seasoned.stores.ledger
    assert answered.approval.version == "3"
    assert ledger.challenger("returns") is None
    assert champion(seasoned) == "2"
    left = ledger.challenges("returns")[-1]
    assert (left.act, left.as_of) == ("leave", day(56) + answered.approval.took)
    assert ledger.challenger("returns", at=day(56)).version == "3", "a night in between met it"


def test_a_candidate_takes_the_place_that_an_approved_challenger_leaves(seasoned: World) -> None:
    ask_about_the_challenger(seasoned, force_retrain=True)
    answered = answer(seasoned)
    ledger = seasoned.stores.ledger
    assert (answered.approval.version, champion(seasoned)) == ("3", "3")
    left, entered = ledger.challenges("returns")[-2:]
    assert [(left.act, left.version), (entered.act, entered.version)] == [
        ("leave", "3"),
        ("enter", "4"),
    ]
    assert left.as_of == entered.as_of == ledger.champion("returns").valid_from


def test_only_who_was_asked_may_answer(asked: World) -> None:
    with pytest.raises(UsageError, match="carl was not asked about version 4; anna, bob may"):
        answer(asked, actor=Actor(name="carl", kind="os_user"))
    assert asked.stores.ledger.approvals("returns") == []


def test_an_approval_after_somebody_promoted_another_is_moot(asked: World) -> None:
    promote_version(asked.stores, "returns", "3", reason="I know why", actor=BOB)
    with pytest.raises(UsageError, match="nothing of returns waits for approval"):
        answer(asked)
    assert champion(asked) == "3"


def test_a_promotion_while_an_approval_is_being_carried_out_makes_one_champion(
    asked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lamplighter.steps import answer_approval as module

    carry_out = module.release_model

    def after_bob(*arguments: Any) -> Any:
        promote_version(asked.stores, "returns", "3", reason="I know why", actor=BOB)
        return carry_out(*arguments)

    monkeypatch.setattr(module, "release_model", after_bob)
    answered = answer(asked)
    assert answered.release is not None
    assert not answered.release.released
    assert "was judged against release 2, but on live release 3" in answered.release.reason
    assert champion(asked) == "3"


def test_a_frozen_model_is_not_approved_and_may_be_rejected(asked: World) -> None:
    asked.stores.ledger.freeze("returns", reason="stocktaking", actor=BOB)
    with pytest.raises(FrozenError, match=r"frozen by bob.*nothing was answered"):
        answer(asked)
    assert answer(asked, "reject").approval.answer == "reject"


@pytest.mark.long
def test_while_a_model_is_frozen_nobody_is_asked(seasoned: World) -> None:
    ask(seasoned).stores.ledger.freeze("returns", reason="stocktaking", actor=BOB)
    report = seasoned.run(day(53), gate_mode="off")
    assert "Not released: returns is frozen by bob" in " ".join(report.sentences)
    assert seasoned.stores.ledger.decisions("returns", kind="approval") == []


@pytest.mark.parametrize(("then", "expected"), [("reject", "2"), ("release", "4")])
def test_the_next_night_after_the_deadline_does_what_the_spec_says(
    asked: World, monkeypatch: pytest.MonkeyPatch, then: str, expected: str
) -> None:
    from lamplighter.steps import answer_approval as module

    def ref(ledger: Ledger, question: Decision) -> ApprovalRef:
        return question_ref(ledger, question).model_copy(update={"on_deadline": then})

    monkeypatch.setattr(module, "question_ref", ref)
    monkeypatch.setattr("lamplighter.steps.approve_promotion.question_ref", ref)
    assert settle_overdue(night(asked, 54, dry_run=True)) == []
    assert settle_overdue(night(asked, 53)) == []
    assert len(settle_overdue(night(asked, 54))) == 1
    assert settle_overdue(night(asked, 54)) == []
    (told,) = asked.stores.ledger.approvals("returns")
    assert (told.answer, told.took) == ("expired", timedelta(hours=20))
    release = asked.stores.ledger.champion("returns")
    assert release.version == expected
    if then == "release":
        assert release.valid_from == day(53) + timedelta(hours=20)
        assert "nobody answered until" in release.reason


def test_an_answer_after_the_deadline_comes_too_late(asked: World) -> None:
    question = waiting_question(asked.stores, "returns", None)
    late = question.recorded_at + timedelta(hours=21)
    answered = answer(asked, now=late)
    assert (answered.approval.answer, answered.mine, champion(asked)) == ("expired", False, "2")


def test_an_approval_whose_release_was_interrupted_is_completed(
    asked: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lamplighter.steps import answer_approval as module

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "release_model", killed)
        with pytest.raises(KeyboardInterrupt):
            answer(asked)
    assert champion(asked) == "2"
    approved = asked.stores.ledger.approvals("returns")
    assert not answer(asked, actor=BOB).mine
    assert asked.stores.ledger.approvals("returns") == approved
    assert asked.stores.ledger.champion("returns").actor == ANNA


def test_of_several_that_wait_one_has_to_be_named(asked: World) -> None:
    decision, version = what_waits(asked)
    third = asked.stores.ledger.version("returns", "3")
    other = version.model_copy(
        update={"version": "3", "key": third.key, "artifact_digest": third.artifact.digest}
    )
    approve_promotion(open_night("asking", asked.stores), decision, other)
    with pytest.raises(UsageError, match=r"several versions .* wait for approval .*say --version"):
        answer(asked)
    assert answer(asked, version="4").release.released
    assert champion(asked) == "4"


def test_an_answer_without_a_reason_is_refused(asked: World) -> None:
    with pytest.raises(UsageError, match="a reason is needed"):
        answer_approval(asked.stores, "returns", answer="approve", reason=" ", actor=ANNA)


@pytest.mark.parametrize("how", [{"dry_run": True}, {"timeline": "simulated:what-if"}])
def test_nobody_is_asked_in_a_dry_run_or_on_a_simulated_timeline(
    asked: World, how: dict[str, Any]
) -> None:
    decision, version = what_waits(asked)
    said = approve_promotion(night(asked, 53, **how), decision, version)
    assert (said.needed, said.granted, said.key) == (False, True, None)
    assert len(asked.stores.ledger.decisions("returns", kind="approval")) == 1


@pytest.mark.long
def test_the_first_model_is_asked_about_too_where_every_release_is(world: World) -> None:
    assert ask(world).run(day(50)).outcome == "waits"
    assert champion(world) is None
    answer(world)
    assert champion(world) == "1"


@pytest.mark.long
def test_a_guard_near_its_limit_asks_and_one_far_from_it_does_not(
    make_world: Callable[..., World],
) -> None:
    for limit, expected in ((1.0, "promote"), (0.0, "waits")):
        world = make_world()
        world.run(day(50))
        world.document["gate"] = {
            "guards": {"roc_auc": limit},
            "approval": {"when": "close_guard", "close_fraction": 0.8},
        }
        world.write()
        report = world.run(day(50, 1), gate_mode="off")
        assert (report.outcome == "waits") is (expected == "waits"), report.sentences


def test_the_question_names_verdict_evidence_and_deadline(asked: World) -> None:
    stores = asked.stores
    question = waiting_question(stores, "returns", None)
    judged = stores.ledger.decision(question.evidence["decision"]["key"])
    approval = question_ref(stores.ledger, question)
    text = question_text(
        open_night("asking", stores), approval, judged, links={"Night report": "http://x/y"}
    )
    assert question_subject(approval, "returns") == "Promote version 4 of returns?"
    assert f"**{judged.verdict}**" in text
    assert "You are asked because gate.approval.when is always." in text
    assert "| replaces | version 2, champion since 2024-02-21 |" in text
    assert "hold-out log\\_loss" in text
    assert "| looks | 1 night looked at it and risked 0.000" in text
    assert "of the 0.05 false promotions that a year may see |" in text
    assert "that neither model saw" in text
    assert "[Night report](http://x/y)" in text
    assert "anna, bob may answer until" in text
    assert "without an answer the version is rejected" in text
