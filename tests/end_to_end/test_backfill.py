"""A backfill of nights, started over Airflow's REST API: a rehearsal, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from real_airflow import RealAirflow, Run, assert_healthy, book, wait_for

from world import World, day

pytestmark = pytest.mark.scheduler


def backfill(airflow: RealAirflow, dag_id: str, first: datetime, last: datetime) -> list[Run]:
    """Backfill the nights between two times and wait until they are over."""
    airflow.set_paused(dag_id, False)
    asked = {"dag_id": dag_id, "from_date": first.isoformat(), "to_date": last.isoformat()}
    number = airflow.post("backfills", asked)["id"]
    wait_for(lambda: airflow.get(f"backfills/{number}")["completed_at"], "the backfill ends")
    runs = [run for run in airflow.runs(dag_id) if run["run_type"] == "backfill"]
    return [Run(airflow, dag_id, run["dag_run_id"]) for run in runs]


def test_a_backfilled_night_is_a_dry_run_on_a_timeline_of_its_own(
    airflow: RealAirflow, worlds: dict[str, World]
) -> None:
    check_rehearsal(airflow, worlds["rehearsed"], nights=1)


@pytest.mark.long
def test_a_long_backfill_moves_nothing(airflow: RealAirflow, worlds: dict[str, World]) -> None:
    check_rehearsal(airflow, worlds["rehearsed_long"], nights=8)


def check_rehearsal(airflow: RealAirflow, world: World, *, nights: int) -> None:
    model = world.document["model"]
    live = world.run(day(50), run_id="live")
    before = book(airflow.stores, model)
    first = day(40, 3)
    runs = backfill(airflow, f"{model}__train", first, first + timedelta(days=nights - 1))
    assert len(runs) == nights
    for number, run in enumerate(runs):
        assert run.wait() == "success"
        states = run.states()
        assert (states["register_model"], states["release_model"]) == ("skipped", "skipped")
        night = run.handed("resolve_spec")
        assert night["dry_run"] is True
        assert night["timeline"].startswith("simulated:")
        assert night["actor"] == {"name": "admin", "kind": "airflow"}
        assert datetime.fromisoformat(night["as_of"]) == first + timedelta(days=number + 1)
        decision = run.handed("decide_promotion")
        assert (decision["verdict"], decision["release"]) == ("promote", False)
    assert book(airflow.stores, model) == before
    again = world.run(day(50), run_id="live")
    assert (again.sentences, again.details) == (live.sentences, live.details)
    assert book(airflow.stores, model) == before
    assert_healthy(airflow.stores, model)
