"""Step resolve_spec: fix what this run will do, before it does anything."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import UTC, datetime, time
from pathlib import Path

from lamplighter.contracts import Actor, RunRef, RunRequest
from lamplighter.errors import UsageError
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.last_spec import last_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.spec_changes import why_forbidden

log = logging.getLogger(__name__)


def resolve_spec(
    spec_path: str | Path,
    request: RunRequest,
    *,
    run_id: str,
    actor: Actor,
    stores: Stores,
    now: datetime | None = None,
) -> RunRef:
    """Store the resolved spec and the run's effective parameters, once per run id.

    A later call with the same run id, by a retry or a cleared task, returns what the first
    call stored, whatever the file says by then.

    Parameters
    ----------
    now : datetime, optional
        The wall clock, only to refuse an `as_of` that lies in the future.

    Raises
    ------
    SpecError
        If the file is not a valid spec, or names what cannot be searched.
    UsageError
        If a requested value does not fit the spec.
    """
    earlier = stores.ledger.run(run_id)
    if earlier is not None:
        log.info("run %s was resolved before; keeping spec %s", run_id, earlier.spec_digest)
        return earlier
    spec = load_spec(spec_path)
    _refuse_what_cannot_be_searched(spec)
    _refuse_what_does_not_fit(spec, request, now or datetime.now(UTC))
    _refuse_another_name(spec, stores)
    _refuse_other_rows(spec, stores)
    run = effective_run(spec, request, actor, replayed=stores.replayed)
    stores.ledger.put_spec(spec.digest, model=spec.model, document=spec.document())
    stored = stores.ledger.start_run(run, run_id=run_id)
    log.info("%s as of %s runs spec %s", spec.model, stored.as_of.isoformat(), stored.spec_digest)
    return stored


def _refuse_what_cannot_be_searched(spec: ModelSpec) -> None:
    if spec.search.must_be_examined:
        # Only here, for it loads every library that a member needs.
        from lamplighter.tuning.chosen_algorithms import chosen_algorithms

        chosen_algorithms(spec.search, spec.task)


def _refuse_what_does_not_fit(spec: ModelSpec, request: RunRequest, now: datetime) -> None:
    if spec.time is not None:
        begins = datetime.combine(spec.time.start, time(), tzinfo=spec.zone)
        if request.as_of <= begins:
            raise UsageError(
                f"as_of {request.as_of.isoformat()} is not after {begins.isoformat()}, where the "
                f"data of {spec.model} begins (time.start); choose a later as_of"
            )
    for name, value in (("as_of", request.as_of), ("knowledge_time", request.knowledge_time)):
        if value is not None and value > now:
            raise UsageError(
                f"{name} {value.isoformat()} lies in the future (it is {now:%Y-%m-%d %H:%M} UTC); "
                "nothing can be known then yet, choose an earlier one"
            )
    if request.budget_s is not None and request.budget_s > spec.search.max_budget_s:
        raise UsageError(
            f"budget_s {request.budget_s:g} is above search.max_budget_s "
            f"{spec.search.max_budget_s:g}; ask for less, or raise the limit in the spec"
        )


def _refuse_another_name(spec: ModelSpec, stores: Stores) -> None:
    # The registry counts versions by its own name; under two names, two versions are number 1.
    wanted = spec.release.registered_name or spec.model
    names = {v.details.get("registered_name", wanted) for v in stores.ledger.versions(spec.model)}
    if names - {wanted}:
        raise UsageError(
            f"release.registered_name is {wanted}, but the versions of {spec.model} are registered "
            f"as {', '.join(sorted(names - {wanted}))}; keep that name, or give the model a new one"
        )


def _refuse_other_rows(spec: ModelSpec, stores: Stores) -> None:
    # What is in the lake was told apart and laid out by the spec that ran before.
    before = last_spec(stores.ledger, spec.model)
    if before is None or not why_forbidden(before, spec.document(), list(spec.data.tables)):
        return
    ingested = [n for n in spec.data.tables if stores.lake.ingested_until(spec.model, n)]
    reasons = why_forbidden(before, spec.document(), ingested)
    if reasons:
        raise UsageError("; ".join(reasons))


def effective_run(spec: ModelSpec, request: RunRequest, actor: Actor, *, replayed: bool) -> RunRef:
    """Return what a run will do: what was asked for, and the spec where nothing was."""
    # Asking for one kind of budget replaces the spec's whole budget: 5 trials means 5 trials.
    asked = request.budget_s is not None or request.trials is not None
    # Only a replay has a ledger and a registry of its own, in which simulated nights may release.
    simulated = request.timeline != "live" and not replayed
    fields = {
        "model": spec.model,
        "spec_digest": spec.digest,
        "as_of": request.as_of.astimezone(UTC),
        "knowledge_time": (request.knowledge_time or request.as_of).astimezone(UTC),
        "timeline": request.timeline,
        "force_retrain": request.force_retrain,
        "gate_mode": request.gate_mode or spec.gate.mode,
        "budget_s": request.budget_s if asked else spec.search.budget_s,
        "trials": request.trials if asked else spec.search.trials,
        "dry_run": request.dry_run or simulated,
        "reason": request.reason,
    }
    text = json.dumps(fields, sort_keys=True, default=str)
    run_key = f"{spec.model}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return RunRef.model_validate({**fields, "run_key": run_key, "actor": actor})
