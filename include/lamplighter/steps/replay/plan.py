"""What a replay plays: the nights, and a spec and a timeline for each policy and gate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from lamplighter.errors import UsageError
from lamplighter.spec import ModelSpec
from lamplighter.spec.retrain import PolicyName
from lamplighter.spec.ticks import tick_before
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.beginning import Beginning
from lamplighter.steps.replay.really_trained import really_ran

GateChoice = Literal["on", "off", "spec"]
_GATES = {"on": "enforce", "off": "off"}

GATE_WORDS = {"enforce": "on", "off": "off", "dry_run": "dry run"}
"""What a reader is told for the spec's `gate.mode`: the words that are asked for, too."""


@dataclass(frozen=True, eq=False)
class Play:
    """One policy under one gate, on a timeline of its own."""

    policy: PolicyName
    gate: str
    spec: ModelSpec
    timeline: str
    trials: int | None
    begins_with: Beginning


@dataclass(frozen=True)
class Span:
    """The nights of a replay, oldest first, and where the last one's day ends."""

    nights: tuple[datetime, ...]
    end: datetime


def plan_span(spec: ModelSpec, stores: Stores, *, start: datetime, end: datetime) -> Span:
    """Find the nights with ``start <= as_of < end``: the schedule's, or those that really ran.

    Raises
    ------
    UsageError
        If there is no such night, or the range lies outside the data.
    """
    if end <= start:
        raise UsageError(
            f"--to {end.isoformat()} is not after --from {start.isoformat()}; give a later --to"
        )
    if spec.time is None:
        raise UsageError(
            f"{spec.model} has no section `time`, so it has no history that could be replayed"
        )
    begins = datetime.combine(spec.time.start, time(), tzinfo=spec.zone)
    if start <= begins:
        raise UsageError(
            f"--from {start.isoformat()} is not after {begins.isoformat()}, where the data of "
            f"{spec.model} begins (time.start); choose a later --from"
        )
    until = ingested_until(spec, stores)
    if end > until:
        raise UsageError(
            f"--to {end.isoformat()} is after {until.isoformat()}, until when the lake holds the "
            f"data of {spec.model}; choose an earlier --to, or let a live night ingest first"
        )
    nights = _ticks(spec, stores, start, end)
    if not nights:
        raise UsageError(
            f"no night of {spec.model} lies from {start.isoformat()} to {end.isoformat()} "
            f"(schedule.cron {spec.schedule.cron}); choose a longer range"
        )
    return Span(tuple(nights), end)


def ingested_until(spec: ModelSpec, stores: Stores) -> datetime:
    """Return until when all tables of a model are ingested."""
    times = [stores.lake.ingested_until(spec.model, name) for name in spec.data.tables]
    return min(found for found in times if found is not None)


def plan_play(
    spec: ModelSpec,
    stores: Stores,
    *,
    policy: PolicyName,
    gate: GateChoice,
    trials: int | None,
    first: datetime,
    begins_with: Beginning,
) -> Play:
    """Return the spec of a policy and the name of its timeline.

    The name holds a digest of all that decides what happens on it, but not the range's end: a
    longer replay goes on where a shorter one stopped.

    Raises
    ------
    UsageError
        If the spec does not say what the policy needs.
    """
    document = spec.document()
    document["retrain"]["policy"] = policy
    if policy == "never":
        document["retrain"]["refit"] = "never"  # under it only a person may ask for a training
    document["gate"]["mode"] = _GATES.get(gate, spec.gate.mode)
    try:
        played = ModelSpec.model_validate(document)
    except ValidationError as error:
        said = "; ".join(
            str(found["msg"]).removeprefix("Value error, ") for found in error.errors()
        )
        raise UsageError(f"policy {policy} does not fit the spec: {said}") from None
    parts = [
        played.digest,
        trials,
        first.isoformat(),
        begins_with.digest,
    ]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]
    mode = played.gate.mode
    timeline = f"simulated:{policy}-{mode}-{digest}"
    return Play(policy, mode, played, timeline, trials, begins_with)


def _ticks(spec: ModelSpec, stores: Stores, start: datetime, end: datetime) -> Sequence[datetime]:
    if spec.schedule.cron is None:
        assert stores.lived is not None
        ran = (run.as_of for run in really_ran(stores.lived, spec.model).values())
        return sorted(as_of for as_of in ran if start <= as_of < end)
    zone = ZoneInfo(spec.schedule.timezone)
    found: list[datetime] = []
    tick = tick_before(spec.schedule.cron, zone, end)
    while tick >= start:
        found.append(tick)
        tick = tick_before(spec.schedule.cron, zone, tick)
    return found[::-1]
