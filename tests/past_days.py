"""Evaluating days of a world's past, and what the ledger then holds of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from lamplighter.contracts import Actor, EvaluatedInterval, RunRequest
from lamplighter.ledger.records import HistoricEvaluation
from lamplighter.steps.evaluate_interval import evaluate_interval
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")
_numbers = itertools.count()


def evaluate(
    world: World, number: int, *, by: str = "champion", live: bool = False, **asked: Any
) -> EvaluatedInterval:
    """Evaluate the day before a day of the world, as a backfill does, or as a nightly run."""
    run_id = f"evaluate/{next(_numbers)}"
    timeline = "live" if live else f"simulated:{run_id.replace('/', '-')}"
    request = RunRequest(as_of=day(number), timeline=timeline, **asked)
    stores = world.stores
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    return evaluate_interval(open_night(run_id, stores, threads=1), by=by)


def ingest(world: World, number: int) -> None:
    """Let the lake know everything until a day."""
    run_id, stores = f"ingest/{next(_numbers)}", world.stores
    request = RunRequest(as_of=day(number))
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    night = open_night(run_id, stores, threads=1)
    validate_data(night, ingest_data(night))


def rows(world: World, number: int | None = None, **which: Any) -> list[HistoricEvaluation]:
    """Return the stored evaluations, or those of the day before a day."""
    found = world.stores.ledger.evaluations("returns")
    if number is not None:
        found = [e for e in found if e.interval_end == day(number)]
    return [e for e in found if all(getattr(e, k) == v for k, v in which.items())]


def contents(evaluations: Iterable[HistoricEvaluation]) -> list[dict[str, Any]]:
    """Return evaluations without what depends on when they were stored."""
    plain = [asdict(evaluation) for evaluation in evaluations]
    return [{k: v for k, v in row.items() if k not in ("id", "recorded_at")} for row in plain]


def next_night(world: World, number: int) -> str:
    run_id = f"night/{next(_numbers)}"
    request = RunRequest(as_of=day(number))
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=world.stores)
    return run_id
