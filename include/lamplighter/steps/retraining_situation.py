"""What a night knows when it decides whether to train, gathered from the ledger and the lake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from lamplighter.contracts import DriftRef, SnapshotRef
from lamplighter.evaluation.ageing import Ageing, Gain, ageing
from lamplighter.evaluation.loss_change import LossChange, loss_change
from lamplighter.evaluation.metrics import LOSS_OF_TASK
from lamplighter.ledger import Release
from lamplighter.ledger.records import Decision
from lamplighter.steps.champion_losses import champion_losses
from lamplighter.steps.freeze_window import freeze_window
from lamplighter.steps.night import Night
from lamplighter.steps.refit.due import refit_due
from lamplighter.steps.retraining_rule import Situation

_NIGHTS = 1_000
"""So many nights back the ledger is asked."""

_DAY = timedelta(days=1)


def situation_of(
    night: Night,
    snapshot: SnapshotRef,
    drift: DriftRef | None,
    *,
    challenger: str | None,
    champion_problem: str,
) -> Situation:
    """Gather what the rule looks at; what no rule of this spec asks for is left out."""
    run, retrain = night.run, night.spec.retrain
    champion = night.champion()
    judged = _judged(night)
    economic = retrain.policy == "cost_aware"
    refit = refit_due(night, champion)
    return Situation(
        as_of=run.as_of,
        champion=champion.version if champion else None,
        challenger=challenger,
        champion_problem=champion_problem,
        forced_because=run.reason or "no reason given" if run.force_retrain else None,
        frozen=freeze_window(retrain, night.spec.schedule, run.as_of),
        unchanged=_unchanged(night, champion, judged, snapshot.digest),
        drift=drift,
        loss=_loss(night, champion, challenger=challenger, problem=champion_problem),
        trainings=_trainings(judged) or _training_of(night, champion),
        ageing=_ageing(night, judged) if economic else None,
        rows_per_day=_rows_per_day(judged) if economic else None,
        refit_of=refit.version,
        no_refit=refit.why_not,
    )


def _judged(night: Night) -> list[Decision]:
    """Return the judgements of the nights before on this timeline, the newest first."""
    found = night.ledger.decisions(
        night.run.model, timeline=night.run.timeline, kind="promotion", limit=_NIGHTS
    )
    earlier = [d for d in found if d.as_of < night.run.as_of and not d.evidence["dry_run"]]
    return sorted(earlier, key=lambda decision: (decision.as_of, decision.id), reverse=True)


def _trainings(judged: list[Decision]) -> tuple[datetime, ...]:
    """Return when candidates were trained; judgements of a challenger are none of them."""
    trained = {d.as_of for d in judged if not d.evidence.get("challenger")}
    return tuple(sorted(trained, reverse=True))


def _training_of(night: Night, champion: Release | None) -> tuple[datetime, ...]:
    """Return when the champion was trained, where no judgement on this timeline is known."""
    version = night.ledger.version(night.run.model, champion.version) if champion else None
    return (version.as_of,) if version else ()


def _unchanged(
    night: Night, champion: Release | None, judged: list[Decision], snapshot: str
) -> str:
    if night.spec.time is not None or champion is None:
        return ""
    version = night.ledger.version(night.run.model, champion.version)
    again = "so another judgement on the same rows would only be another draw"
    if version is not None and version.details.get("snapshot") == snapshot:
        return f"the data has not changed since the champion was trained, {again}"
    if judged and judged[0].evidence.get("snapshot") == snapshot:
        return f"a candidate was judged on this very data already, {again}"
    return ""


def _loss(
    night: Night, champion: Release | None, *, challenger: str | None, problem: str
) -> LossChange | None:
    """Compare the champion's losses, where the policy or a challenger in its place asks for it."""
    retrain = night.spec.retrain
    asked_for = retrain.policy in ("on_loss", "on_drift") or challenger is not None
    if champion is None or problem or night.spec.time is None or not asked_for:
        return None
    if night.run.force_retrain or retrain.policy == "never":
        return None
    rule = retrain.on_loss
    daily = champion_losses(night, champion, days=rule.days + rule.usual_days)
    return loss_change(
        list(daily),
        list(daily.values()),
        metric=LOSS_OF_TASK[night.spec.task],
        recent=rule.days,
        usual=rule.usual_days,
    )


def _ageing(night: Night, judged: list[Decision]) -> Ageing | None:
    return ageing(list(_gains(night, judged)), least=night.spec.retrain.cost_aware.min_history)


def _gains(night: Night, judged: list[Decision]) -> Iterator[Gain]:
    """Yield how much better each judged model was than a champion that was so much older."""
    versions = {v.version: v for v in night.ledger.versions(night.run.model)}
    seen = set()
    for decision in judged:
        champion = versions.get(decision.champion_version or "")
        found = (decision.evidence.get("evidence") or {}).get("gain")
        rival = versions.get(decision.evidence.get("challenger") or "")
        trained = rival.as_of if rival else decision.as_of
        if champion is None or found is None or (trained, champion.version) in seen:
            continue  # of the many looks at one challenger the newest counts
        seen.add((trained, champion.version))
        yield Gain((trained - champion.as_of) / _DAY, found["value"])


def _rows_per_day(judged: list[Decision]) -> float | None:
    for decision in judged:
        found = decision.evidence.get("evidence")
        if found and found.get("blocks"):
            return float(found["rows"] / found["blocks"])
    return None
