"""A night in sentences: who asked for it, what it decided on which numbers, what came of it."""

from __future__ import annotations

from typing import Any

from lamplighter.contracts import RunRef
from lamplighter.ledger import Decision, Ledger, StoredRun
from lamplighter.ledger.records import Challenge
from lamplighter.steps.refused_release import KIND as REFUSAL
from lamplighter.steps.telling.outcome import (
    answers_to,
    challenge_sentence,
    outcome_sentences,
    release_of,
)
from lamplighter.steps.telling.promotion import evidence_sentences, judged_words
from lamplighter.steps.telling.told import Told, moment, sentence


def tell_night(ledger: Ledger, *, run_key: str, model: str, timeline: str) -> Told:
    """Tell a night by the key that all its runs share."""
    runs = ledger.runs_by_key(run_key)
    decisions = ledger.decisions(model, timeline=timeline, run_key=run_key)[::-1]
    versions = [v for v in ledger.versions(model) if v.run_key == run_key]
    sentences = [*_asked_for(runs, decisions)]
    for decision in decisions:
        sentences += _decided(ledger, decision)
    if not decisions:
        sentences.append(
            "What came of it is unknown: the ledger holds no decision of it, so it is at work, or "
            "it ended before it decided anything."
        )
    for version in versions:
        sentences.append(
            f"Registered as version {version.version} (MLflow run {version.mlflow_run_id})."
        )
    moved = _moved(ledger, model, timeline, runs)
    sentences += [challenge_sentence(act) for act in moved]
    return Told(
        tuple(sentences),
        {
            "kind": "night",
            "model": model,
            "timeline": timeline,
            "run_key": run_key,
            "runs": [_run_document(stored) for stored in runs],
            "decisions": [decision_document(ledger, decision) for decision in decisions],
            "versions": [version.version for version in versions],
            "challenger": [{"act": act.act, "version": act.version} for act in moved],
        },
    )


def decision_document(ledger: Ledger, decision: Decision) -> dict[str, Any]:
    """Return a decision, and what came of it, as plain JSON values."""
    release = release_of(ledger, decision)
    return {
        "kind": decision.kind,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "as_of": decision.as_of.isoformat(),
        "recorded_at": decision.recorded_at.isoformat(),
        "actor": decision.actor.model_dump(mode="json"),
        "champion_version": decision.champion_version,
        "judged_version": decision.candidate_version or decision.evidence.get("challenger"),
        "evidence": decision.evidence,
        "approvals": [
            {
                "version": answer.version,
                "answer": answer.answer,
                "reason": answer.reason,
                "actor": answer.actor.model_dump(mode="json"),
                "asked_at": answer.asked_at.isoformat(),
                "answered_at": answer.answered_at.isoformat(),
            }
            for answer in answers_to(ledger, decision)
        ],
        "released_as": {"version": release.version, "release": release.id} if release else None,
    }


def _moved(ledger: Ledger, model: str, timeline: str, runs: list[StoredRun]) -> list[Challenge]:
    """Return who took or left the challenger's place in this night; a rehearsal moves nobody."""
    if not runs or runs[0].run.dry_run:
        return []
    as_of = runs[0].run.as_of
    return [act for act in ledger.challenges(model, timeline=timeline) if act.as_of == as_of]


def _asked_for(runs: list[StoredRun], decisions: list[Decision]) -> list[str]:
    if not runs:
        as_of = decisions[0].as_of if decisions else None
        return [f"The night as of {moment(as_of)}: which run it was is unknown."]
    first, run = runs[0], runs[0].run
    kinds = [f"timeline {run.timeline}"] * (run.timeline != "live") + ["dry run"] * run.dry_run
    said = [
        f"The night of {run.model} as of {moment(run.as_of)}"
        f"{f' ({", ".join(kinds)})' if kinds else ''} was started by {run.actor} at "
        f"{moment(first.recorded_at)} by the wall clock, as run {first.run_id}.",
        sentence(_parameters(run)),
    ]
    if len(runs) > 1:
        again = ", ".join(stored.run_id for stored in runs[1:])
        said.append(f"The same night was started again as {again}.")
    return said


def _parameters(run: RunRef) -> str:
    parts = [f"labels as known at {moment(run.knowledge_time)}", f"spec {run.spec_digest[:12]}"]
    if run.trials is not None:
        parts.append(f"at most {run.trials} trials")
    if run.budget_s is not None:
        parts.append(f"a budget of {run.budget_s:g} s")
    if run.force_retrain:
        parts.append("training asked for")
    if run.reason:
        parts.append(f"reason given: {run.reason}")
    return "; ".join(parts)


def _decided(ledger: Ledger, decision: Decision) -> list[str]:
    if decision.kind == "promotion":
        return [
            f"The gate judged {judged_words(decision)}.",
            f"It said {decision.verdict} at {moment(decision.recorded_at)}: {decision.reason}.",
            *evidence_sentences(decision),
            *outcome_sentences(ledger, decision),
        ]
    if decision.kind == REFUSAL:
        return []  # it is told with the decision that it did not carry out
    return [_WORDS.get(decision.kind, _OTHER).format(d=decision, reason=decision.reason)]


_OTHER = "The decision {d.kind}: {d.verdict}, {reason}."
_WORDS = {
    "retraining": "To train or not: {d.verdict}, because {reason}.",
    "stop": "{d.verdict} stopped the night: {reason}.",
    "approval": "A person was asked whether to release it, because {reason}.",
}


def _run_document(stored: StoredRun) -> dict[str, Any]:
    return {
        "run_id": stored.run_id,
        "recorded_at": stored.recorded_at.isoformat(),
        **stored.run.model_dump(mode="json"),
    }
