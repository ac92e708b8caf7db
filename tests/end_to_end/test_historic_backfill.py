"""Backfills of `<model>__evaluate` by the scheduler: any order, at once, twice, after kill -9."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_rest import AirflowError
from real_airflow import RealAirflow, wait_for

from lamplighter.contracts import Actor, RunRequest
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.historic.whole_range import evaluate_range
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import validate_data
from world import World, day

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

pytestmark = pytest.mark.scheduler

ANNA = Actor(name="anna", kind="os_user")
COMMIT = "lamplighter.ledger.evaluations:EvaluationPages.record_evaluations"
IN_ORDER = {"max_active_runs": 1}
BACKWARDS = {"max_active_runs": 1, "run_backwards": True}
FOUR_AT_ONCE = {"max_active_runs": 4}
DAYS, PROMOTED_EVERY = 60, 12


def backfill(
    airflow: RealAirflow, dag_id: str, first: datetime, last: datetime, **how: Any
) -> Iterator[None]:
    """Begin a backfill of the days that begin from `first` to `last`; go on once it is over.

    The DAG is paused while the runs are being created: on SQLite, those that begin meanwhile may
    take the scheduler down.
    """
    airflow.set_paused(dag_id, True)
    asked = {
        "dag_id": dag_id,
        "from_date": first.isoformat(),
        "to_date": last.isoformat(),
        "reprocess_behavior": "completed",
        **how,
    }
    number = wait_for(lambda: _created(airflow, asked), "the backfill is created")
    airflow.set_paused(dag_id, False)
    yield
    days = (last - first).days + 1
    wait_for(
        lambda: airflow.get(f"backfills/{number}")["completed_at"],
        "the backfill ends",
        for_s=240 + 30 * days,
    )
    runs = [run for run in airflow.runs(dag_id) if run["run_type"] == "backfill"]
    assert {run["state"] for run in runs} == {"success"}
    yield


def _created(airflow: RealAirflow, asked: dict[str, Any]) -> int | None:
    """Ask for a backfill; None where Airflow's SQLite was busy, and what it half made is gone."""
    try:
        return int(airflow.post("backfills", asked)["id"])
    except AirflowError as error:
        if not any(f"answered with {code}" in str(error) for code in (503, 409)):
            raise
    for half in airflow.get(f"backfills?dag_id={asked['dag_id']}")["backfills"]:
        if half["completed_at"] is None:
            with suppress(AirflowError):  # it may have gone by itself meanwhile
                airflow._ask("PUT", f"/api/v2/backfills/{half['id']}/cancel")
    return None


def backfilled(airflow: RealAirflow, dag_id: str, *args: datetime, **how: Any) -> None:
    list(backfill(airflow, dag_id, *args, **how))


def contents(stores: Stores, model: str) -> list[dict[str, Any]]:
    """Return all evaluations without what depends on when they were stored."""
    rows = [asdict(evaluation) for evaluation in stores.ledger.evaluations(model)]
    return sorted(
        ({k: v for k, v in row.items() if k not in ("id", "recorded_at")} for row in rows),
        key=lambda row: row["key"],
    )


@contextmanager
def forgotten(airflow: RealAirflow) -> Iterator[None]:
    """Let the ledger be as it was before, afterwards; nothing may run meanwhile."""
    ledger = Path(airflow.paths.ledger.removeprefix("sqlite:///"))
    kept = ledger.with_suffix(".kept")
    _copy_database(ledger, kept)
    yield
    _copy_database(kept, ledger)


def _copy_database(source: Path, target: Path) -> None:
    import sqlite3

    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)


def ingest(spec_path: Path, stores: Stores, as_of: datetime) -> None:
    run_id = f"ingest/{spec_path.stem}/{as_of}"
    resolve_spec(spec_path, RunRequest(as_of=as_of), run_id=run_id, actor=ANNA, stores=stores)
    night = open_night(run_id, stores)
    validate_data(night, ingest_data(night))


def test_a_backfill_gives_the_same_rows_in_any_order_at_once_and_twice(
    airflow: RealAirflow, worlds: dict[str, World]
) -> None:
    world = worlds["judged"]
    world.run(day(48))
    world.run(day(50), gate_mode="off")
    ingest(world.spec_path, airflow.stores, day(54))
    first, last = day(48, 3), day(50, 3)
    with forgotten(airflow):
        expected = expected_rows(airflow.stores, world.spec_path, first, last)
    assert {row["version"] for row in expected} == {"1", "2"}
    assert len({row["interval_start"] for row in expected}) == 3
    with forgotten(airflow):
        backfilled(airflow, "judged__evaluate", first, last, **BACKWARDS)
        assert contents(airflow.stores, "judged") == expected
    backfilled(airflow, "judged__evaluate", first, last, **FOUR_AT_ONCE)
    assert contents(airflow.stores, "judged") == expected
    backfilled(airflow, "judged__evaluate", first, last, **FOUR_AT_ONCE)
    assert contents(airflow.stores, "judged") == expected


def expected_rows(
    stores: Stores, spec_path: Path, first: datetime, last: datetime
) -> list[dict[str, Any]]:
    """Return what one process makes of the same days, all together."""
    spec: ModelSpec = load_spec(spec_path)
    evaluate_range(stores, spec, start=first, end=last + timedelta(seconds=1))
    return contents(stores, spec.model)


@pytest.mark.long
def test_sixty_days_of_flights_with_five_promotions(
    airflow: RealAirflow, worlds: dict[str, World]
) -> None:
    from flights_past import make_past, write_spec

    stores = airflow.stores
    spec_path = write_spec(worlds["judged"].spec_path.parent)
    begins = datetime(2013, 2, 1, 9, tzinfo=UTC)
    first, last = begins, begins + timedelta(days=DAYS - 1)
    promotions = [(begins + timedelta(days=PROMOTED_EVERY * n)).date() for n in range(5)]
    known_until = (last + timedelta(days=4)).date()
    versions = make_past(airflow.paths, spec_path, promotions=promotions, until=known_until)
    assert len(set(versions)) == 5
    with forgotten(airflow):
        expected = expected_rows(stores, spec_path, first, last)
    releases = stores.ledger.releases("flights")
    for row in expected:
        (reign,) = [r for r in releases if r.version == row["version"]]
        assert reign.valid_from <= row["interval_start"]
        assert reign.valid_to is None or row["interval_end"] <= reign.valid_to
    assert len({row["interval_start"] for row in expected}) == DAYS
    assert len(expected) == 3 * DAYS
    for how in (IN_ORDER, BACKWARDS):
        with forgotten(airflow):
            backfilled(airflow, "flights__evaluate", first, last, **how)
            assert contents(stores, "flights") == expected, how
    # Rows that became known later change nothing, and neither does a second time.
    ingest(spec_path, stores, last + timedelta(days=9))
    with forgotten(airflow):
        for _ in range(2):
            backfilled(airflow, "flights__evaluate", first, last, **FOUR_AT_ONCE)
            assert contents(stores, "flights") == expected
    # Kill -9 around the only commit of a day, three times; Airflow's own retries do what is left.
    few = first + timedelta(days=7)
    stages = backfill(airflow, "flights__evaluate", first, few, **IN_ORDER)
    for turn, when in enumerate(("before", "after", "before")):
        order = airflow.hold("flights__evaluate", "evaluate_interval", at=COMMIT, when=when)
        if turn == 0:
            next(stages)
        order.kill()
    next(stages)
    killed = [row for row in expected if row["interval_start"] <= few]
    assert contents(stores, "flights") == killed
