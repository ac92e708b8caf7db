"""A person's answer to a question whether a version may be released, and what lapses unanswered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lamplighter.contracts import Actor, ApprovalRef, PromotionDecision, ReleaseRef, VersionRef
from lamplighter.errors import RETRYABLE, FrozenError, LamplighterError, LedgerError, UsageError
from lamplighter.ledger import Decision, Ledger
from lamplighter.ledger.book import utc_now
from lamplighter.ledger.records import ApprovalAnswer
from lamplighter.steps.approve_promotion import QUESTION, question_ref, record_answer
from lamplighter.steps.freeze_window import why_frozen
from lamplighter.steps.judged_version import tonights_version
from lamplighter.steps.night import Night, Stores, open_night
from lamplighter.steps.release_model import release_model


@dataclass(frozen=True)
class Answered:
    """The answer that stands, what was released by it, and whether it is the caller's."""

    approval: ApprovalRef
    release: ReleaseRef | None
    mine: bool


def answer_approval(
    stores: Stores,
    model: str,
    *,
    answer: ApprovalAnswer,
    reason: str,
    actor: Actor,
    version: str | None = None,
    now: datetime | None = None,
) -> Answered:
    """Approve or reject what waits, and release it at once if it is approved.

    The first answer stands, whoever gives it and by whatever way. Where the deadline has passed,
    that is the answer. An approval whose release was interrupted is completed.

    Parameters
    ----------
    version : str, optional
        Which version is meant; needed where several wait.
    now : datetime, optional
        The wall clock's time; now unless given.

    Raises
    ------
    UsageError
        If nothing waits, more than one does, no reason is given, or others were asked.
    FrozenError
        If the model is frozen, so that an approval would release nothing.
    """
    if not reason.strip():
        raise UsageError("a reason is needed; it stands in the ledger for good")
    question = waiting_question(stores, model, version)
    night = night_of(stores, question)
    frozen = why_frozen(stores.ledger, night.spec, night.run)
    if answer == "approve" and frozen:
        raise FrozenError(
            f"{model} is {frozen}; nothing was answered, lift it with 'lamplighter unfreeze "
            f"{model}' (or --all), or reject"
        )
    _refuse_others(question_ref(stores.ledger, question), actor)
    if not _lapse(stores.ledger, question, actor, now or utc_now()):
        record_answer(stores.ledger, question, answer=answer, reason=reason, actor=actor)
    approval = question_ref(stores.ledger, question)
    mine = (approval.answer, approval.actor, approval.reason) == (answer, actor, reason)
    return Answered(approval, _carry_out(night, question, approval), mine)


def settle_overdue(night: Night, *, now: datetime | None = None) -> list[ApprovalRef]:
    """Let questions of the night's model lapse whose deadline has passed, and do what follows.

    The deadline has also passed where this night is later than it on the data's own clock.
    """
    if night.run.timeline != "live" or night.run.dry_run:
        return []
    settled = []
    for question in open_questions(night.ledger, night.run.model):
        if not _lapse(night.ledger, question, night.run.actor, now or utc_now()):
            continue
        approval = question_ref(night.ledger, question)
        night.say(f"version {approval.version}, judged as of {question.as_of}: {approval}")
        settled.append(approval)
        try:
            _carry_out(night_of(night.stores, question), question, approval)
        except LamplighterError as error:  # of an earlier night; it must not stop this one
            if isinstance(error, RETRYABLE):
                raise
            night.say(f"version {approval.version} was not released: {error}")
    return settled


def open_questions(ledger: Ledger, model: str) -> list[Decision]:
    """Return what still waits for an answer or for its release, the newest first.

    A question is moot once another champion than the one that it is about has come.
    """
    champion = ledger.champion(model)
    head = champion.id if champion else 0
    return [
        question
        for question in ledger.decisions(model, kind=QUESTION)
        if (question.evidence["decision"]["champion_release"] or 0) == head
        and _is_unfinished(ledger, question)
    ]


def _is_unfinished(ledger: Ledger, question: Decision) -> bool:
    """Whether it has no answer, or one whose release was interrupted, and by no freeze."""
    approval = question_ref(ledger, question)
    if approval.answered_at is None:
        return True
    frozen_since = any(
        act.recorded_at > approval.answered_at for act in ledger.freeze_acts(question.model)
    )
    return approval.granted and not frozen_since


def waiting_question(stores: Stores, model: str, version: str | None) -> Decision:
    """Return the one question that waits, or the one about a version.

    Raises
    ------
    UsageError
        If there is none, or if there are several and no version is said.
    """
    waiting = open_questions(stores.ledger, model)
    found = [q for q in waiting if version in (None, q.candidate_version)]
    if len({q.candidate_version for q in found}) == 1:
        return found[0]
    known = ", ".join(f"version {q.candidate_version} as of {q.as_of:%Y-%m-%d}" for q in waiting)
    if found:
        raise UsageError(f"several versions of {model} wait for approval ({known}); say --version")
    raise UsageError(
        f"nothing of {model} waits for approval as version {version}; what waits: {known}"
        if version and known
        else f"nothing of {model} waits for approval; 'lamplighter promote' makes any registered "
        "version champion"
    )


def night_of(stores: Stores, question: Decision) -> Night:
    """Open the night that asked."""
    for stored in stores.ledger.runs(question.model, live=True, limit=1_000):
        if stored.run.run_key == question.run_key:
            return open_night(stored.run_id, stores)
    raise LedgerError(
        f"the run {question.run_key} that asked about version {question.candidate_version} is not "
        "in the ledger; make the version champion with 'lamplighter promote'"
    )


def _carry_out(night: Night, question: Decision, approval: ApprovalRef) -> ReleaseRef | None:
    decision = PromotionDecision.model_validate(question.evidence["decision"])
    if not approval.granted and decision.challenger_version is None:
        return None
    if decision.challenger_version is not None:
        return release_model(night, decision, tonights_version(night, decision))
    return release_model(night, decision, VersionRef.model_validate(question.evidence["version"]))


def _refuse_others(approval: ApprovalRef, actor: Actor) -> None:
    if approval.assignees and actor.name not in approval.assignees:
        raise UsageError(
            f"{actor.name} was not asked about version {approval.version}; "
            f"{', '.join(approval.assignees)} may answer (gate.approval.assignees)"
        )


def _lapse(ledger: Ledger, question: Decision, actor: Actor, now: datetime) -> bool:
    """Record that nobody answered in time, if so; True if the question has an answer by then."""
    approval = question_ref(ledger, question)
    if approval.answer is not None:
        return True
    assert approval.until is not None
    assert approval.asked_at is not None
    due = question.as_of + (approval.until - approval.asked_at)
    later = any(run.run.as_of >= due for run in ledger.runs(question.model, live=True))
    if now < approval.until and not later:
        return False
    record_answer(
        ledger,
        question,
        answer="expired",
        reason="",
        actor=actor,
        answered_at=approval.until,
    )
    return True
