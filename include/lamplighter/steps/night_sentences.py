"""A night in sentences: what it came to, what was decided and why, and who is champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import get_args

from lamplighter.contracts import (
    ApprovalRef,
    Contract,
    DriftRef,
    EvaluationRef,
    PromotionDecision,
    ReleaseRef,
    RetrainingDecision,
    SnapshotRef,
    Verdict,
    VersionRef,
)
from lamplighter.steps.champion_warnings import champion_warnings
from lamplighter.steps.night import Night

_STOPPED_BY_DATA = (
    "ingest_data",
    "validate_data",
    "check_drift",
    "select_features",
    "check_leakage",
)


def night_outcome(outcomes: Mapping[str, Contract | None], failures: Mapping[str, str]) -> str:
    """Return what the night came to, in a word."""
    if failures:
        return "stopped" if all(step in _STOPPED_BY_DATA for step in failures) else "failed"
    approval = outcomes.get("approve_promotion")
    if isinstance(approval, ApprovalRef) and approval.waits:
        return "waits"
    decision = outcomes.get("decide_promotion")
    if isinstance(decision, PromotionDecision):
        return decision.verdict
    retraining = outcomes.get("decide_retraining")
    skipped = isinstance(retraining, RetrainingDecision) and not retraining.retrain
    return "no_training" if skipped else "unfinished"


def night_sentences(
    night: Night,
    outcome: str,
    outcomes: Mapping[str, Contract | None],
    failures: Mapping[str, str],
) -> list[str]:
    """Return the night in sentences, the headline first. Arguments as of `report_run`."""
    run = night.run
    headline = _headline(night, outcome, outcomes)
    said = [f"{run.model} as of {run.as_of:%Y-%m-%d %H:%M %Z}: {headline}."]
    for step, message in failures.items():
        said.append(f"{step} failed: {message or 'see the log of the task'}.")
    snapshot = outcomes.get("validate_data")
    if isinstance(snapshot, SnapshotRef) and snapshot.quarantined:
        said.append(
            f"{snapshot.quarantined:,} rows were set aside, each with its reason: "
            f"`lamplighter quarantine list {run.model}` lists them."
        )
    retraining = outcomes.get("decide_retraining")
    if isinstance(retraining, RetrainingDecision) and not failures:
        verb = "Trained" if retraining.retrain else "Did not train"
        verb = "Fitted again" if retraining.refit_of else verb
        said.append(f"{verb}: {retraining.reason}.")
    decision = outcomes.get("decide_promotion")
    if isinstance(decision, PromotionDecision):
        said.append(_of_decision(decision))
    drift = outcomes.get("check_drift")
    if isinstance(drift, DriftRef):
        said += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in _of_drift(drift)]
    release, version = outcomes.get("release_model"), outcomes.get("register_model")
    if isinstance(version, VersionRef):
        refit_of = retraining.refit_of if isinstance(retraining, RetrainingDecision) else None
        whose = f", a refit of version {refit_of}" if refit_of else ""
        said.append(f"Registered as version {version.version}{whose}.")
    said += [*_of_leaving(night, outcomes), *_of_place(night, decision, version, release)]
    said += _of_release(run.model, outcomes)
    said.append(_who_is_champion(night, release))
    return [*said, *champion_warnings(night)]


def _headline(night: Night, outcome: str, outcomes: Mapping[str, Contract | None]) -> str:
    """Say in a line what the night came to, and no more than is known."""
    decision, release = outcomes.get("decide_promotion"), outcomes.get("release_model")
    if outcome not in get_args(Verdict) or not isinstance(decision, PromotionDecision):
        return _HEADLINES[outcome]
    if outcome != "promote":
        if isinstance(release, ReleaseRef) and release.released:
            return "a new model was released, because gate.mode is off"
        by_challenger = outcome == "reject" and decision.challenger_version is not None
        return "the challenger was rejected" if by_challenger else _HEADLINES[outcome]
    evaluation = outcomes.get("evaluate_candidate")
    if decision.champion_version is None:
        return "a first model was found"
    if (
        decision.challenger_version is None
        and isinstance(evaluation, EvaluationRef)
        and evaluation.incomparable
    ):
        return "a model was found to replace a champion that is no measure"
    if night.spec.gate.test == "non_inferiority":
        return "a newer model was found that is not worse by the margin"
    return _HEADLINES["promote"]


def _of_decision(decision: PromotionDecision) -> str:
    who = decision.challenger_version
    judged = f" of the challenger, version {who}" if who else ""
    return f"The gate says {decision.verdict}{judged}: {decision.reason}."


def _of_leaving(night: Night, outcomes: Mapping[str, Contract | None]) -> Iterator[str]:
    """Say who left the challenger's place, by this night or by a person who answered it."""
    run, approval = night.run, outcomes.get("approve_promotion")
    until = run.as_of + (approval.took if isinstance(approval, ApprovalRef) else timedelta(0))
    for act in night.ledger.challenges(run.model, timeline=run.timeline):
        if act.act == "leave" and run.as_of <= act.as_of <= until and not run.dry_run:
            yield f"Version {act.version} leaves the challenger's place: {act.reason}."


def _of_place(
    night: Night, decision: Contract | None, version: Contract | None, release: Contract | None
) -> Iterator[str]:
    """Say who collects evidence from now on; a place is kept by whose release was refused."""
    if not isinstance(decision, PromotionDecision) or not isinstance(release, ReleaseRef):
        return
    refused = decision.release and not release.released
    if not decision.enters or not isinstance(version, VersionRef) or refused:
        return
    acts = night.ledger.challenges(night.run.model, timeline=night.run.timeline)
    if any((act.act, act.version) == ("enter", version.version) for act in acts):
        yield "It takes the challenger's place and collects evidence, night after night."
    else:
        yield "It does not take the challenger's place, which another has or had as of then."


def _of_release(model: str, outcomes: Mapping[str, Contract | None]) -> Iterator[str]:
    """Say why what was judged better is not released, and what a person had to say to it."""
    release, approval = outcomes.get("release_model"), outcomes.get("approve_promotion")
    if isinstance(release, ReleaseRef) and not release.released and release.version:
        yield f"{release.reason[:1].upper()}{release.reason[1:]}."
    if not isinstance(approval, ApprovalRef) or approval.key is None:
        return
    if approval.waits:
        yield (
            f"`lamplighter approve {model} --reason ...` releases it; with --reject it does not. "
            f"Without an answer it is {approval.without_answer}."
        )
    else:
        yield f"Version {approval.version} had to be approved, because {approval.why}: {approval}."


def _of_drift(drift: DriftRef) -> tuple[str, ...]:
    """Say what drifted against the champion's training data, and what could not be said."""
    return (*drift.sentences[:1], *drift.notes)


OUTCOME_WORDS = {
    "promote": "promoted",
    "waits": "waits for approval",
    "reject": "rejected",
    "inconclusive": "inconclusive",
    "no_training": "no training",
    "stopped": "stopped by data",
    "failed": "failed",
    "unfinished": "unfinished",
}
_HEADLINES = {
    "promote": "a better model was found",
    "waits": "a new model waits for a person's approval",
    "reject": "tonight's model was rejected",
    "inconclusive": "nothing changed, the evidence is not enough either way",
    "no_training": "no training was needed",
    "stopped": "the night was stopped by its data and the champion is untouched",
    "failed": "the night failed",
    "unfinished": "the night did not come to a decision",
}


def _who_is_champion(night: Night, release: Contract | None) -> str:
    if isinstance(release, ReleaseRef) and release.released and release.valid_from:
        return (
            f"Version {release.version} is champion from {release.valid_from:%Y-%m-%d %H:%M %Z} on."
        )
    champion = night.champion()
    if champion is None:
        return "Nobody was champion when the night began."
    return f"Version {champion.version} stays champion, since {champion.valid_from:%Y-%m-%d}."
