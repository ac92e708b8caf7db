"""Step decide_promotion: the verdict on challenger and candidate, written into the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lamplighter.contracts import (
    ArtifactRef,
    CandidateRef,
    ChallengeRef,
    DriftRef,
    Estimate,
    EvaluationRef,
    GateMode,
    LeakageRef,
    NightsLook,
    PromotionDecision,
    Verdict,
)
from lamplighter.errors import UsageError
from lamplighter.evaluation.gate import GateRule, GuardResult, Ruling, Tenure, decide
from lamplighter.evaluation.incomparable import decide_without_comparison
from lamplighter.evaluation.metrics import LOSS_OF_TASK
from lamplighter.ledger import Decision
from lamplighter.steps.drift_words import drift_evidence
from lamplighter.steps.night import Night

_DAY = timedelta(days=1)
_MOST_DECISIONS = 2_000


def decide_promotion(
    night: Night,
    candidate: CandidateRef | None,
    evaluation: EvaluationRef | None,
    *,
    challenge: ChallengeRef | None = None,
    leakage: LeakageRef | None = None,
    drift: DriftRef | None = None,
) -> PromotionDecision:
    """Judge the challenger, or tonight's candidate where there is none. Each is judged once.

    A retried or cleared task gets the verdict that was stored. While a challenger keeps its
    place, a candidate that was trained all the same is written down and not judged: two that are
    looked at in one night would spend the night's error twice. It takes the place if the
    challenger leaves it tonight, and its evidence starts then.

    What was found about leaks and drift is written down beside the evidence; it does not change the
    verdict. A leak that would have has stopped the night before; drift is no loss.

    Raises
    ------
    UsageError
        If there is neither a challenger nor a candidate.
    """
    found = {
        "leakage": leakage.model_dump(mode="json") if leakage else None,
        "drift": drift_evidence(drift),
    }
    judged = None if challenge is None else _judge_challenger(night, challenge, found)
    if candidate is None or evaluation is None:
        if judged is None:
            raise UsageError("there is neither a challenger nor a candidate to judge")
        return judged
    if judged is None:
        return _judge_candidate(night, candidate, evaluation, found)
    if evaluation.incomparable:
        gives_up = judged.challenger_version if judged.leaves else None
        own = _judge_candidate(night, candidate, evaluation, found)
        return own.model_copy(update={"gives_up": gives_up})
    return _beside(night, judged, candidate, evaluation, found)


def _judge_challenger(
    night: Night, challenge: ChallengeRef, found: Mapping[str, Any]
) -> PromotionDecision:
    tenure = _tenure(night, challenge)
    problem = challenge.problem
    ruling = (
        Ruling("reject", f"it cannot go on collecting evidence: {problem}")
        if problem
        else decide(
            challenge.evidence,
            _rule(night),
            has_champion=True,
            guards=[GuardResult(**guard.model_dump()) for guard in challenge.guards],
            tenure=tenure,
        )
    )
    contender = _Contender(
        artifact=challenge.artifact,
        challenger=challenge.challenger_version,
        champion_version=challenge.champion_version,
        champion_release=challenge.champion_release,
        evidence=challenge.model_dump(mode="json", include={"evidence", "guards"})
        | {"problems": [problem] if problem else [], "metrics": {}, "snapshot": None},
        sane=not problem,
    )
    return _recorded(night, contender, ruling, tenure, found)


def _judge_candidate(
    night: Night, candidate: CandidateRef, evaluation: EvaluationRef, found: Mapping[str, Any]
) -> PromotionDecision:
    if evaluation.incomparable and not evaluation.problems:
        return _without_comparison(night, candidate, evaluation, found)
    tenure = Tenure(accrued_days=_accrued(night, candidate.artifact))
    ruling = _of_refit(night, evaluation) or decide(
        evaluation.evidence,
        _rule(night),
        has_champion=evaluation.champion_version is not None,
        problems=evaluation.problems,
        guards=[GuardResult(**guard.model_dump()) for guard in evaluation.guards],
        tenure=tenure,
    )
    contender = _Contender.of(candidate, evaluation)
    may_enter = ruling.verdict == "inconclusive"
    return _recorded(night, contender, ruling, tenure, found, may_enter=may_enter)


def _of_refit(night: Night, evaluation: EvaluationRef) -> Ruling | None:
    """Return the ruling on a refit that is whole: no day has judged it yet."""
    if evaluation.refit_of is None or evaluation.problems:
        return None
    return Ruling(
        "inconclusive",
        f"it is a refit of version {evaluation.refit_of} and holds nothing out: its evidence "
        f"starts on {night.run.as_of:%Y-%m-%d}",
    )


def _without_comparison(
    night: Night, candidate: CandidateRef, evaluation: EvaluationRef, found: Mapping[str, Any]
) -> PromotionDecision:
    """Judge by the written rule for a champion that is no measure."""
    assert evaluation.incomparable
    loss = LOSS_OF_TASK[night.spec.task]
    ruling, asked_by = decide_without_comparison(
        evaluation.incomparable,
        evaluation.champion_problem,
        night.spec.gate,
        candidate=evaluation.metrics.get(loss),
        last_known=_last_known(night, loss),
        metric=loss,
    )
    asked = {"asked_by": "" if night.run.gate_mode == "off" else asked_by}
    return _recorded(night, _Contender.of(candidate, evaluation), ruling, None, {**found, **asked})


def _last_known(night: Night, loss: str) -> Estimate | None:
    """Return what the champion's loss was on the hold-out on which it was judged."""
    champion = night.champion()
    if champion is None:
        return None
    for decision in _judgements(night):
        known = decision.evidence
        if known.get("artifact") == champion.artifact.digest and loss in known.get("metrics", {}):
            return Estimate.model_validate(known["metrics"][loss])
    return None


def _beside(
    night: Night,
    judged: PromotionDecision,
    candidate: CandidateRef,
    evaluation: EvaluationRef,
    found: Mapping[str, Any],
) -> PromotionDecision:
    """Write tonight's candidate down beside the challenger, and say whether it takes the place."""
    place = f"challenger version {judged.challenger_version}"
    if evaluation.problems:
        ruling = Ruling("reject", f"not sane: {'; '.join(evaluation.problems)}")
    elif judged.leaves:
        ruling = Ruling("inconclusive", f"it takes the place that {place} leaves tonight")
    else:
        ruling = Ruling("inconclusive", f"it is not judged while {place} collects evidence")
    enters = judged.leaves and ruling.verdict == "inconclusive" and not night.run.dry_run
    contender = _Contender.of(candidate, evaluation)
    _recorded(night, contender, ruling, None, found, even_off=False)
    return judged.model_copy(update={"enters": enters})


@dataclass(frozen=True)
class _Contender:
    """Who is judged: tonight's candidate, or the challenger by its version."""

    artifact: ArtifactRef
    challenger: str | None
    champion_version: str | None
    champion_release: int | None
    evidence: Mapping[str, Any]
    sane: bool

    @classmethod
    def of(cls, candidate: CandidateRef, evaluation: EvaluationRef) -> _Contender:
        shown = {"evidence", "metrics", "problems", "guards", "refit_of"}
        return cls(
            artifact=candidate.artifact,
            challenger=None,
            champion_version=evaluation.champion_version,
            champion_release=evaluation.champion_release,
            evidence=evaluation.model_dump(mode="json", include=shown)
            | {"snapshot": evaluation.snapshot_digest},
            sane=evaluation.sane,
        )


def _recorded(
    night: Night,
    contender: _Contender,
    ruling: Ruling,
    tenure: Tenure | None,
    found: Mapping[str, Any],
    *,
    may_enter: bool = False,
    even_off: bool = True,
) -> PromotionDecision:
    run = night.run
    released, reason = apply_mode(
        ruling.verdict,
        ruling.reason,
        run.gate_mode if even_off else "enforce",
        sane=contender.sane,
        dry_run=run.dry_run,
    )
    key = night.key(
        "promotion",
        contender.artifact.digest,
        contender.champion_release,
        run.gate_mode,
        run.dry_run,
    )
    decision = night.ledger.record_decision(
        key,
        run_key=run.run_key,
        model=run.model,
        timeline=run.timeline,
        kind="promotion",
        verdict=ruling.verdict,
        reason=reason,
        evidence={
            **contender.evidence,
            **found,
            **_of_ruling(ruling, tenure),
            "artifact": contender.artifact.digest,
            "challenger": contender.challenger,
            "champion_release": contender.champion_release,
            "gate_mode": run.gate_mode,
            "dry_run": run.dry_run,
            "release": released,
            "enters": may_enter
            and not released
            and not run.dry_run
            and night.spec.time is not None,
        },
        as_of=run.as_of,
        champion_version=contender.champion_version,
        candidate_version=contender.challenger,
        actor=run.actor,
    )
    who = f"challenger version {contender.challenger}: " if contender.challenger else ""
    night.say(f"{who}{decision.verdict}: {decision.reason}")
    released = bool(decision.evidence["release"])
    decided = released or decision.verdict != "inconclusive"
    return PromotionDecision(
        key=key,
        verdict=_verdict(decision),
        reason=decision.reason,
        release=released,
        champion_version=decision.champion_version,
        champion_release=decision.evidence["champion_release"],
        artifact=contender.artifact,
        challenger_version=contender.challenger,
        leaves=contender.challenger is not None and decided and not run.dry_run,
        enters=bool(decision.evidence["enters"]),
    )


def _of_ruling(ruling: Ruling, tenure: Tenure | None) -> dict[str, Any]:
    looks = [*(tenure.looks if tenure else ()), *([ruling.look] if ruling.look else [])]
    return {
        "distance": _finite(ruling.distance),
        "bound": _finite(ruling.bound),
        "look": ruling.look.model_dump() if ruling.look else None,
        "looks": len(looks),
        "spent": sum(look.spent for look in looks),
        "accrued_days": tenure.accrued_days if tenure else None,
        "held_days": tenure.held_days if tenure else None,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or value in (float("inf"), float("-inf")) else value


def _tenure(night: Night, challenge: ChallengeRef) -> Tenure:
    """Return how long the challenger has been compared with this champion, and its looks.

    Where the champion changed meanwhile, by a person, the days are others and so may be fewer: the
    comparison starts again, with what the looks until then left of the budget.
    """
    champion = night.champion()
    since = max(challenge.entered_at, champion.valid_from if champion else challenge.entered_at)
    held = (night.run.as_of - since) / _DAY
    about = challenge.artifact.digest, challenge.champion_release
    mine = sorted(
        (
            d
            for d in _judgements(night)
            if (d.evidence.get("artifact"), d.evidence.get("champion_release")) == about
        ),
        key=lambda decision: (decision.as_of, decision.id),
    )
    looks = tuple(NightsLook(**d.evidence["look"]) for d in mine if d.evidence.get("look"))
    known = [d.evidence["accrued_days"] for d in mine if d.evidence["accrued_days"] is not None]
    accrued = known[0] if known else max(_accrued(night, challenge.artifact) - held, 0.0)
    return Tenure(accrued, held, looks)


def _accrued(night: Night, contender: ArtifactRef) -> float:
    """Return for how many days nobody has spent of the yearly budget.

    The days since the last look, and what the contender of then left. A look of the same `as_of`
    at another contender counts: a person may force a night twice, and the second candidate may
    only risk what the first one left.
    """
    looked = [d for d in _judgements(night, besides=contender) if d.evidence.get("look")]
    champion = night.champion()
    if looked:
        last = max(looked, key=lambda decision: (decision.as_of, decision.id))
        rule, found = _rule(night), last.evidence
        left = Tenure(found["accrued_days"], found["held_days"], _spent_in_one(found))
        return (night.run.as_of - last.as_of) / _DAY + left.unspent_days(rule)
    return 1.0 if champion is None else max((night.run.as_of - champion.valid_from) / _DAY, 0.0)


def _spent_in_one(evidence: Mapping[str, Any]) -> tuple[NightsLook, ...]:
    return (NightsLook(**evidence["look"] | {"spent": evidence["spent"]}),)


def _judgements(night: Night, *, besides: ArtifactRef | None = None) -> list[Decision]:
    """Return the verdicts of the nights before; with `besides`, this night's on others too."""
    run = night.run
    return [
        decision
        for decision in night.ledger.decisions(
            run.model, timeline=run.timeline, kind="promotion", limit=_MOST_DECISIONS
        )
        if not decision.evidence["dry_run"]
        and (
            decision.as_of < run.as_of
            or (
                besides is not None
                and decision.as_of == run.as_of
                and decision.evidence.get("artifact") != besides.digest
            )
        )
    ]


def _rule(night: Night) -> GateRule:
    return GateRule.of(night.spec.gate, night.spec.task, night.spec.evidence)


def _verdict(decision: Decision) -> Verdict:
    return decision.verdict  # type: ignore[return-value]


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
