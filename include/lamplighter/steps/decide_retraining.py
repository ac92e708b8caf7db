"""Step decide_retraining: whether this night trains, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lamplighter.contracts import DriftRef, RetrainingDecision, SnapshotRef
from lamplighter.spec import ModelSpec
from lamplighter.steps.drift_words import drift_evidence, drift_words
from lamplighter.steps.night import Night
from lamplighter.steps.refit.due import REFIT
from lamplighter.steps.retraining_rule import Situation, refit_rule, retraining_rule
from lamplighter.steps.retraining_situation import situation_of


def decide_retraining(
    night: Night,
    snapshot: SnapshotRef,
    drift: DriftRef | None = None,
    *,
    challenger: str | None = None,
    champion_problem: str = "",
) -> RetrainingDecision:
    """Decide whether to train tonight and write the reason and the numbers into the ledger.

    Every night has such a decision, trained or not. A training is a search, or the refit of a
    version that became champion. A retried or cleared task gets the decision that was stored.

    Parameters
    ----------
    challenger : str, optional
        Version of the challenger that collects evidence.
    champion_problem : str, optional
        Why the champion cannot score any more.
    """
    key = night.key("retraining", snapshot.digest, night.run.force_retrain)
    decision = night.ledger.decision(key)
    if decision is None:
        found = situation_of(
            night,
            snapshot,
            drift,
            challenger=challenger,
            champion_problem=champion_problem,
        )
        verdict, reason = _ruled(night.spec, found)
        decision = night.ledger.record_decision(
            key,
            run_key=night.run.run_key,
            model=night.run.model,
            timeline=night.run.timeline,
            kind="retraining",
            verdict=verdict,
            reason=f"{reason}{drift_words(drift)}",
            evidence=_evidence(night, snapshot, found),
            as_of=night.run.as_of,
            champion_version=found.champion,
            candidate_version=None,
            actor=night.run.actor,
        )
    night.say(decision.reason)
    return RetrainingDecision(
        key=key,
        retrain=decision.verdict != "skip",
        reason=decision.reason,
        snapshot=snapshot,
        refit_of=decision.evidence["refit_of"] if decision.verdict == REFIT else None,
    )


def _ruled(spec: ModelSpec, found: Situation) -> tuple[str, str]:
    refit, said = refit_rule(spec, found)
    if refit:
        return REFIT, said
    retrain, reason = retraining_rule(spec, found)
    return "retrain" if retrain else "skip", f"{reason}; {said}" if said else reason


def _evidence(night: Night, snapshot: SnapshotRef, found: Situation) -> dict[str, Any]:
    return {
        "snapshot": snapshot.digest,
        "policy": night.spec.retrain.policy,
        "drift": drift_evidence(found.drift),
        "loss": asdict(found.loss) if found.loss else None,
        "ageing": asdict(found.ageing) if found.ageing else None,
        "rows_per_day": found.rows_per_day,
        "days_since_training": found.days_since_training,
        "challenger": found.challenger,
        "champion_problem": found.champion_problem,
        "frozen": found.frozen,
        "refit_of": found.refit_of,
        "no_refit": found.no_refit,
        "dry_run": night.run.dry_run,
    }
