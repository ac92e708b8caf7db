"""Step approve_promotion: ask a person, where the spec or a written rule wants one to decide.

The question goes into the ledger as a decision of kind `approval`; its answer, the first that is
given, by whatever way, stands beside it. `release_model` reads both from the ledger again, so that
nobody gets past them by marking a task.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from lamplighter.contracts import Actor, ApprovalRef, Guard, PromotionDecision, VersionRef
from lamplighter.evaluation.approval import needs_approval
from lamplighter.ledger import ApprovalAct, Decision, Ledger
from lamplighter.ledger.records import ApprovalAnswer
from lamplighter.steps.freeze_window import why_frozen
from lamplighter.steps.judged_version import judged_version
from lamplighter.steps.night import Night

QUESTION: Final = "approval"


def approve_promotion(
    night: Night, decision: PromotionDecision, version: VersionRef | None
) -> ApprovalRef:
    """Ask whether a version may be released, once. Returns the answer too, if it is given.

    Nobody is asked about what is not released anyway: on a simulated timeline, in a dry run, or
    while the model is frozen.
    """
    version = judged_version(night, decision, version)
    standing = standing_approval(night, decision, version)
    if not standing.needed or standing.key is not None or version is None:
        return standing
    frozen = why_frozen(night.ledger, night.spec, night.run)
    if frozen:
        return ApprovalRef(needed=False, why=f"nobody is asked: {night.run.model} is {frozen}")
    asked = _ask(night, decision, version, standing.why)
    night.say(str(asked))
    return asked


def take_answer(
    night: Night,
    approval: ApprovalRef,
    *,
    answer: ApprovalAnswer,
    reason: str,
    actor: Actor,
    answered_at: datetime,
) -> ApprovalRef:
    """Write down what was answered in Airflow, and return what stands: the first answer.

    An answer that nobody gave came at the deadline.
    """
    assert approval.key is not None
    question = night.ledger.decision(approval.key)
    assert question is not None
    at = approval.until if answer == "expired" else answered_at
    return record_answer(
        night.ledger, question, answer=answer, reason=reason, actor=actor, answered_at=at
    )


def standing_approval(
    night: Night, decision: PromotionDecision, version: VersionRef | None
) -> ApprovalRef:
    """Return whether a release needs a person's approval, and what was asked and answered so far.

    What a person has rejected stays rejected as long as the champion stays: the same model is not
    asked about again, whichever night brings it. Writes nothing.
    """
    if not decision.release or version is None:
        return ApprovalRef(needed=False, why=f"there is nothing to approve: {decision.reason}")
    if night.run.timeline != "live" or night.run.dry_run:
        return ApprovalRef(needed=False, why=f"nobody is asked on {night.run.timeline}")
    judged = night.ledger.decision(decision.key)
    evidence = judged.evidence if judged else {}
    why = needs_approval(
        night.spec.gate.approval,
        guards=[Guard.model_validate(guard) for guard in evidence.get("guards", ())],
        asked_by=evidence.get("asked_by", ""),
    )
    if not why:
        return ApprovalRef(needed=False, why="neither the spec nor a rule asks for an approval")
    question = night.ledger.decision(_key(night, decision, version)) or _rejected(night, decision)
    if question is None:
        return ApprovalRef(needed=True, why=why)
    return question_ref(night.ledger, question)


def _rejected(night: Night, decision: PromotionDecision) -> Decision | None:
    """Return the question to which a person has said no to this model against this champion."""
    about = decision.artifact.digest, decision.champion_release
    for question in night.ledger.decisions(night.run.model, kind=QUESTION):
        asked = PromotionDecision.model_validate(question.evidence["decision"])
        if (asked.artifact.digest, asked.champion_release) == about:
            told = night.ledger.approval(question.key)
            if told is not None and told.answer == "reject":
                return question
    return None


def is_of_before(ledger: Ledger, approval: ApprovalRef, decision: PromotionDecision) -> bool:
    """Whether an approval is the answer to an earlier night's question about the same model."""
    told = ledger.approval(approval.key) if approval.key is not None else None
    return told is not None and told.decision_key != decision.key


def question_ref(ledger: Ledger, question: Decision) -> ApprovalRef:
    """Return a question of the ledger with its answer, if there is one."""
    told = ledger.approval(question.key)
    asked_at = question.recorded_at
    return ApprovalRef(
        needed=True,
        why=question.reason,
        key=question.key,
        version=question.candidate_version,
        asked_at=asked_at,
        until=asked_at + timedelta(seconds=question.evidence["deadline_s"]),
        on_deadline=question.evidence["on_deadline"],
        assignees=tuple(question.evidence["assignees"]),
        **(_answer(told) if told else {}),
    )


def record_answer(
    ledger: Ledger,
    question: Decision,
    *,
    answer: ApprovalAnswer,
    reason: str,
    actor: Actor,
    answered_at: datetime | None = None,
) -> ApprovalRef:
    """Write an answer down, unless there is one, and return the question with what stands."""
    ledger.record_approval(
        question.key,
        decision_key=question.evidence["decision"]["key"],
        version=question.evidence["version"]["version"],
        answer=answer,
        reason=reason,
        actor=actor,
        answered_at=answered_at,
    )
    return question_ref(ledger, question)


def _answer(told: ApprovalAct) -> dict[str, object]:
    return {
        "answer": told.answer,
        "answered_at": told.asked_at + told.took,
        "actor": told.actor,
        "reason": told.reason,
    }


def _ask(night: Night, decision: PromotionDecision, version: VersionRef, why: str) -> ApprovalRef:
    run, rule = night.run, night.spec.gate.approval
    question = night.ledger.record_decision(
        _key(night, decision, version),
        run_key=run.run_key,
        model=run.model,
        timeline=run.timeline,
        kind=QUESTION,
        verdict="ask",
        reason=why,
        evidence={
            "decision": decision.model_dump(mode="json"),
            "version": version.model_dump(mode="json"),
            "deadline_s": rule.deadline.total_seconds(),
            "on_deadline": rule.on_deadline,
            "assignees": list(rule.assignees),
        },
        as_of=run.as_of,
        champion_version=decision.champion_version,
        candidate_version=version.version,
        actor=run.actor,
    )
    return question_ref(night.ledger, question)


def _key(night: Night, decision: PromotionDecision, version: VersionRef) -> str:
    return night.key(QUESTION, decision.key, version.version)
