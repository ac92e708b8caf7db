"""Step decide_retraining: whether this night trains, and why."""

from __future__ import annotations

from lamplighter.contracts import DriftRef, RetrainingDecision, SnapshotRef
from lamplighter.ledger import Release
from lamplighter.spec import ModelSpec
from lamplighter.steps.drift_words import drift_evidence, drift_words
from lamplighter.steps.night import Night


def decide_retraining(
    night: Night, snapshot: SnapshotRef, drift: DriftRef | None = None
) -> RetrainingDecision:
    """Decide whether to train tonight and write the reason into the ledger.

    Drift is written down with the decision. Without loss it is no reason to train.
    """
    champion = night.champion()
    retrain, reason = retraining_rule(
        night.spec,
        champion=champion,
        champion_snapshot=_trained_on(night, champion),
        judged_snapshot=_judged(night),
        snapshot=snapshot.digest,
        forced_because=night.run.reason or "no reason given" if night.run.force_retrain else None,
    )
    key = night.key("retraining", snapshot.digest, night.run.force_retrain)
    decision = night.ledger.record_decision(
        key,
        run_key=night.run.run_key,
        model=night.run.model,
        timeline=night.run.timeline,
        kind="retraining",
        verdict="retrain" if retrain else "skip",
        reason=f"{reason}{drift_words(drift)}",
        evidence={
            "snapshot": snapshot.digest,
            "policy": night.spec.retrain.policy,
            "drift": drift_evidence(drift),
        },
        as_of=night.run.as_of,
        champion_version=champion.version if champion else None,
        candidate_version=None,
        actor=night.run.actor,
    )
    night.say(decision.reason)
    return RetrainingDecision(
        key=key, retrain=decision.verdict == "retrain", reason=decision.reason, snapshot=snapshot
    )


def retraining_rule(
    spec: ModelSpec,
    *,
    champion: Release | None,
    champion_snapshot: str | None,
    judged_snapshot: str | None,
    snapshot: str,
    forced_because: str | None,
) -> tuple[bool, str]:
    """Apply the spec's policy. Returns the decision and its reason; changes nothing."""
    if forced_because is not None:
        return True, f"retraining was asked for: {forced_because}"
    if champion is None:
        return True, f"{spec.model} has no champion yet"
    if spec.retrain.policy == "never":
        return False, "retrain.policy is never; only a person may ask for training"
    if spec.time is None and champion_snapshot == snapshot:
        return False, (
            "the data has not changed since the champion was trained, so another judgement "
            "on the same rows would only be another draw"
        )
    if spec.time is None and judged_snapshot == snapshot:
        return False, (
            "a candidate was judged on this very data already, so another judgement on the same "
            "rows would only be another draw"
        )
    if spec.time is None:
        return True, "the data has changed since the champion was trained"
    return True, "retrain.policy is nightly"


def _trained_on(night: Night, champion: Release | None) -> str | None:
    if champion is None:
        return None
    version = night.ledger.version(night.run.model, champion.version)
    return version.details.get("snapshot") if version else None


def _judged(night: Night) -> str | None:
    """Return the snapshot that the newest judgement before this night was made on."""
    earlier = [
        decision
        for decision in night.ledger.decisions(
            night.run.model, timeline=night.run.timeline, kind="promotion"
        )
        if decision.as_of < night.run.as_of and not decision.evidence["dry_run"]
    ]
    return earlier[0].evidence.get("snapshot") if earlier else None
