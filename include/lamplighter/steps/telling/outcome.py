"""What came of a decision: a question, an answer, a version, a release, or nothing."""

from __future__ import annotations

from datetime import timedelta

from lamplighter.ledger import ApprovalAct, Decision, Ledger, Release
from lamplighter.ledger.records import Challenge
from lamplighter.steps.refused_release import refusals_of
from lamplighter.steps.telling.told import UNKNOWN, moment, sentence


def release_of(ledger: Ledger, decision: Decision) -> Release | None:
    """Return the release that carried a decision out."""
    releases = ledger.releases(decision.model, timeline=decision.timeline)
    return next((r for r in releases if r.decision_key == decision.key), None)


def answers_to(ledger: Ledger, decision: Decision) -> list[ApprovalAct]:
    """Return the answers about a decision, the first first."""
    about = [a for a in ledger.approvals(decision.model) if a.decision_key == decision.key]
    return about[::-1]


def outcome_sentences(ledger: Ledger, decision: Decision) -> list[str]:
    """Tell what came of a promotion decision, as far as the ledger knows."""
    said = [approval_sentence(answer) for answer in answers_to(ledger, decision)]
    said += [
        f"At {moment(refused.recorded_at)} it was not released: {refused.reason}."
        for refused in refusals_of(ledger, decision)
    ]
    release = release_of(ledger, decision)
    if release is not None:
        return [*said, release_sentence(release)]
    if decision.evidence.get("release") is not True:
        return [*said, "Nothing was released by it."]
    return said or [
        _asked(ledger, decision)
        or "It was to be released, and the ledger holds neither a release by it nor a refusal, nor "
        "a question to a person: the night ended before, or is at work; what came of it is unknown."
    ]


def _asked(ledger: Ledger, decision: Decision) -> str | None:
    """Tell how the question about a decision stands that nobody has answered, if there is one."""
    questions = ledger.decisions(decision.model, timeline=decision.timeline, kind="approval")
    about = (q for q in questions if q.evidence.get("decision", {}).get("key") == decision.key)
    question = next(about, None)
    if question is None:
        return None
    champion, asked = ledger.champion(decision.model), question.evidence["decision"]
    version = f"version {question.candidate_version or UNKNOWN}"
    if (champion.id if champion else 0) != (asked.get("champion_release") or 0):
        return sentence(f"{version} waited for an answer until another champion came, and is moot")
    until = question.recorded_at + timedelta(seconds=question.evidence["deadline_s"])
    then = "released" if question.evidence["on_deadline"] == "release" else "rejected"
    return sentence(
        f"{version} waits for a person's answer until {moment(until)} by the wall clock; without "
        f"one it is {then}"
    )


def approval_sentence(answer: ApprovalAct) -> str:
    """Tell who answered what, and when, or that nobody did."""
    asked = f"asked at {moment(answer.asked_at)} by the wall clock"
    if answer.answer == "expired":
        return f"Approval of version {answer.version}: {asked}, and nobody answered in time."
    return (
        f"Approval of version {answer.version}: {asked}, {answer.actor} answered {answer.answer} "
        f"at {moment(answer.answered_at)}: {answer.reason or 'no reason given'}."
    )


def challenge_sentence(act: Challenge) -> str:
    """Tell that a version took the challenger's place, or left it."""
    verb = "took" if act.act == "enter" else "left"
    return (
        f"Version {act.version} {verb} the challenger's place as of {moment(act.as_of)}, by "
        f"{act.actor}: {act.reason}."
    )


def release_sentence(release: Release) -> str:
    """Tell from when until when a version was champion by a release, and by whom."""
    until = f"until {moment(release.valid_to)}" if release.valid_to else "and still is"
    where = "" if release.timeline == "live" else f" on the timeline {release.timeline}"
    return (
        f"Version {release.version} became champion{where} at {moment(release.valid_from)} by "
        f"{_ACTS[release.kind]} {release.actor}, {until}: {release.reason}."
    )


_ACTS = {
    "release": "the release of",
    "rollback": "a rollback of",
    "promote": "a promotion by hand of",
    "adopt": "an adoption of",
}
