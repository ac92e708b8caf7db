"""A version in sentences: how it was trained, judged and released, how it did, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamplighter.evaluation.wording import count
from lamplighter.ledger import Decision, Ledger, Release
from lamplighter.ledger.records import Challenge, Version
from lamplighter.steps.telling.history import history_document, history_sentences
from lamplighter.steps.telling.night import decision_document
from lamplighter.steps.telling.outcome import (
    challenge_sentence,
    outcome_sentences,
    release_of,
    release_sentence,
)
from lamplighter.steps.telling.promotion import evidence_sentences, judged_words
from lamplighter.steps.telling.told import UNKNOWN, Told, moment
from lamplighter.steps.version_facts import facts_of, judgement_of

ADOPTED = "adopted_digest"
"""A detail that only versions have which others registered."""


def tell_version(ledger: Ledger, version: Version) -> Told:
    """Tell all that the ledger knows of a version, and what it does not."""
    model, number = version.model, version.version
    judgements = _judgements(ledger, version)
    releases = [r for r in _releases(ledger, version) if r.version == number]
    facts = facts_of(ledger, model, number)
    candidate = _candidate(ledger, version)
    sentences = [
        *_trained(ledger, version, candidate),
        *(said for decision in judgements for said in _judged(ledger, decision)),
        *([] if judgements else [f"How it was judged is {UNKNOWN}: no decision is about it."]),
        *(challenge_sentence(act) for act in _places(ledger, version)),
        *_released(releases),
        *history_sentences(ledger, model, number),
        *_defects(ledger, version),
    ]
    return Told(
        tuple(sentences),
        {
            "kind": "version",
            "model": model,
            "version": number,
            "timeline": version.timeline,
            "as_of": version.as_of.isoformat(),
            "recorded_at": version.recorded_at.isoformat(),
            "run_key": version.run_key,
            "mlflow_run_id": version.mlflow_run_id,
            "artifact_digest": version.artifact.digest,
            "details": version.details,
            "trained": candidate,
            **facts.document(),
            "decisions": [decision_document(ledger, decision) for decision in judgements],
            "challenger": [
                {"act": act.act, "as_of": act.as_of.isoformat(), "reason": act.reason}
                for act in _places(ledger, version)
            ],
            "releases": [_release_document(release) for release in releases],
            "history": history_document(ledger, model, number),
        },
    )


def _judgements(ledger: Ledger, version: Version) -> list[Decision]:
    """Return the decisions about it: of the night it was trained in, and later as challenger."""
    own = judgement_of(ledger, version.model, version.version)
    later = [
        decision
        for decision in ledger.decisions(
            version.model, timeline=version.timeline, kind="promotion", limit=1_000
        )[::-1]
        if version.version in (decision.candidate_version, decision.evidence.get("challenger"))
        and (own is None or decision.key != own.key)
    ]
    return [*([own] if own else []), *later]


def _releases(ledger: Ledger, version: Version) -> list[Release]:
    own = ledger.releases(version.model)
    if version.timeline != "live":
        own += ledger.releases(version.model, timeline=version.timeline)
    return own


def _candidate(ledger: Ledger, version: Version) -> dict[str, Any] | None:
    """Return what the search that it came from ended with; None where that is not known."""
    finished = ledger.searches_of(version.model, timeline=version.timeline, as_of=version.as_of)
    for result in finished.values():
        candidate = result.get("candidate") or {}
        if (candidate.get("artifact") or {}).get("digest") == version.artifact.digest:
            return {
                "trials": result.get("trials"),
                "best_algorithm": result.get("best_algorithm"),
                "chosen": candidate.get("chosen"),
                "weights": candidate.get("weights"),
                "cutoff": candidate.get("cutoff"),
            }
    return None


def _trained(ledger: Ledger, version: Version, candidate: dict[str, Any] | None) -> Iterator[str]:
    model, number, details = version.model, version.version, version.details
    runs = ledger.runs_by_key(version.run_key)
    who = str(runs[0].run.actor) if runs else UNKNOWN
    run = runs[0].run_id if runs else UNKNOWN
    if ADOPTED in details:
        yield (
            f"Version {number} of {model} was registered by others, and adopted in the run {run} "
            f"by {who} at {moment(version.recorded_at)} by the wall clock."
        )
        yield (
            f"How it was trained is {UNKNOWN}. It may have learnt from rows until "
            f"{details.get('cutoff') or UNKNOWN}."
        )
        return
    where = "" if version.timeline == "live" else f" on the timeline {version.timeline}"
    yield (
        f"Version {number} of {model} was trained in the night as of {moment(version.as_of)}"
        f"{where}, which {who} started as run {run}, and registered at "
        f"{moment(version.recorded_at)} by the wall clock."
    )
    yield (
        f"It learnt from rows until {details.get('cutoff') or UNKNOWN}, of the data "
        f"{_short(details.get('snapshot'))}, by the spec {_short(details.get('spec'))}."
    )
    if details.get("refit_of"):
        yield (
            f"It is version {details['refit_of']} fitted again on all rows, as that was "
            "configured: nothing was searched, and nothing held out."
        )
        return
    if candidate is None:
        yield f"What the search tried is {UNKNOWN}."
        return
    trials = candidate["trials"]
    yield (
        f"The search made {count(trials, 'trial') if isinstance(trials, int) else UNKNOWN}; best "
        f"was {candidate['best_algorithm'] or UNKNOWN}, chosen was "
        f"{candidate['chosen'] or UNKNOWN}."
    )


def _short(digest: Any) -> str:
    return digest[:12] if isinstance(digest, str) else UNKNOWN


def _judged(ledger: Ledger, decision: Decision) -> Iterator[str]:
    yield (
        f"In the night as of {moment(decision.as_of)}, started by {decision.actor}, the gate "
        f"judged {judged_words(decision)}."
    )
    yield f"It said {decision.verdict}: {decision.reason}."
    yield from evidence_sentences(decision)
    if release_of(ledger, decision) is None:
        yield from outcome_sentences(ledger, decision)


def _places(ledger: Ledger, version: Version) -> list[Challenge]:
    acts = ledger.challenges(version.model, timeline=version.timeline)
    return [act for act in acts if act.version == version.version]


def _released(releases: list[Release]) -> Iterator[str]:
    for release in releases:
        yield release_sentence(release)
    if not releases:
        yield "It was never champion."


def _defects(ledger: Ledger, version: Version) -> Iterator[str]:
    defects = ledger.defects(version.model, version.version)
    for defect in defects:
        mended = (
            f"; mended at {moment(defect.mended_at)} by {defect.mended_by}: {defect.mended_because}"
            if defect.mended_by
            else ""
        )
        yield (
            f"Known defect {defect.id}, found at {moment(defect.recorded_at)} by {defect.actor}: "
            f"{defect.description}{mended}."
        )
    if not defects:
        yield "No defect of it is known."


def _release_document(release: Release) -> dict[str, Any]:
    return {
        "release": release.id,
        "timeline": release.timeline,
        "kind": release.kind,
        "valid_from": release.valid_from.isoformat(),
        "valid_to": release.valid_to.isoformat() if release.valid_to else None,
        "actor": release.actor.model_dump(mode="json"),
        "reason": release.reason,
    }
