"""Step decide_promotion: the gate's verdict, written into the ledger."""

from __future__ import annotations

from lamplighter.contracts import (
    CandidateRef,
    DriftRef,
    EvaluationRef,
    GateMode,
    LeakageRef,
    PromotionDecision,
    Verdict,
)
from lamplighter.evaluation.gate import GateRule, GuardResult, decide
from lamplighter.steps.drift_words import drift_evidence
from lamplighter.steps.night import Night


def decide_promotion(
    night: Night,
    candidate: CandidateRef,
    evaluation: EvaluationRef,
    *,
    leakage: LeakageRef | None = None,
    drift: DriftRef | None = None,
) -> PromotionDecision:
    """Judge the candidate once. A retried or cleared task gets the verdict that was stored.

    What was found about leaks and drift is written down beside the evidence; it does not change the
    verdict. A leak that would have has stopped the night before; drift is no loss.
    """
    run = night.run
    judged = decide(
        evaluation.evidence,
        GateRule.of(night.spec.gate, night.spec.task),
        has_champion=evaluation.champion_version is not None,
        problems=evaluation.problems,
        guards=[GuardResult(**guard.model_dump()) for guard in evaluation.guards],
        incomparable=evaluation.champion_problem,
    )
    released, reason = apply_mode(
        judged.verdict, judged.reason, run.gate_mode, sane=evaluation.sane, dry_run=run.dry_run
    )
    key = night.key(
        "promotion",
        candidate.artifact.digest,
        evaluation.champion_release,
        run.gate_mode,
        run.dry_run,
    )
    decision = night.ledger.record_decision(
        key,
        run_key=run.run_key,
        model=run.model,
        timeline=run.timeline,
        kind="promotion",
        verdict=judged.verdict,
        reason=reason,
        evidence={
            **evaluation.model_dump(
                mode="json", include={"evidence", "metrics", "problems", "guards"}
            ),
            "leakage": leakage.model_dump(mode="json") if leakage else None,
            "drift": drift_evidence(drift),
            "snapshot": evaluation.snapshot_digest,
            "champion_release": evaluation.champion_release,
            "gate_mode": run.gate_mode,
            "dry_run": run.dry_run,
            "release": released,
        },
        as_of=run.as_of,
        champion_version=evaluation.champion_version,
        candidate_version=None,
        actor=run.actor,
    )
    night.say(f"{decision.verdict}: {decision.reason}")
    return PromotionDecision(
        key=key,
        verdict=judged.verdict,
        reason=decision.reason,
        release=bool(decision.evidence["release"]),
        champion_version=decision.champion_version,
        champion_release=decision.evidence["champion_release"],
        artifact=candidate.artifact,
    )


def apply_mode(
    verdict: Verdict, reason: str, mode: GateMode, *, sane: bool, dry_run: bool
) -> tuple[bool, str]:
    """Say whether a verdict leads to a release under the gate's mode, and the full reason."""
    if dry_run:
        return False, f"{reason}; dry run, so nothing is released"
    if mode == "dry_run":
        return False, f"{reason}; gate.mode is dry_run, so nothing is released"
    if mode == "off" and sane and verdict != "promote":
        return True, f"{reason}; released all the same, because gate.mode is off"
    return verdict == "promote", reason
