"""Nights that the scheduler starts by itself, within the window of the spec."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from real_airflow import SKIPPED_AT_FIRST, STEPS, RealAirflow, Run, assert_healthy, wait_for

from world import day

pytestmark = pytest.mark.scheduler


@pytest.fixture(scope="module")
def scheduled(airflow: RealAirflow, nights: dict[str, Run]) -> list[Run]:
    def over() -> list[Run]:
        runs = airflow.runs("nightly__train")
        done = len(runs) >= 2 and all(run["state"] in ("success", "failed") for run in runs)
        return [Run(airflow, "nightly__train", run["dag_run_id"]) for run in runs if done]

    return wait_for(over, "two scheduled nights end")


def test_the_schedule_starts_exactly_the_nights_of_its_window(
    airflow: RealAirflow, scheduled: list[Run]
) -> None:
    runs = airflow.runs("nightly__train")
    assert [(run["run_type"], run["state"]) for run in runs] == [("scheduled", "success")] * 2
    ends = [datetime.fromisoformat(run["data_interval_end"]) for run in runs]
    starts = [datetime.fromisoformat(run["data_interval_start"]) for run in runs]
    assert ends == [day(51, 3), day(52, 3)]
    assert [end - start for start, end in zip(starts, ends, strict=True)] == [timedelta(days=1)] * 2
    assert airflow.dag("nightly__train")["next_dagrun_run_after"] is None


def test_a_scheduled_night_pretends_that_now_is_the_end_of_its_interval(
    airflow: RealAirflow, scheduled: list[Run]
) -> None:
    runs = airflow.stores.ledger.runs("nightly")
    assert sorted(run.run.as_of for run in runs) == [day(51, 3), day(52, 3)]
    started = {(str(run.run.actor), run.run.timeline) for run in runs}
    assert started == {("scheduler (Airflow)", "live")}
    (release,) = airflow.stores.ledger.releases("nightly")
    assert release.valid_from == day(51, 3)
    assert_healthy(airflow.stores, "nightly")


def test_a_night_that_decides_nothing_is_green_and_its_model_collects_evidence(
    airflow: RealAirflow, scheduled: list[Run]
) -> None:
    _, second = scheduled
    assert second.handed("decide_promotion")["verdict"] == "inconclusive"
    states = second.states()
    assert [states.pop(step) for step in SKIPPED_AT_FIRST] == ["skipped", "skipped"]
    assert set(states.values()) == {"success"}
    challenge = airflow.stores.ledger.challenger("nightly")
    assert (challenge.version, challenge.as_of) == ("2", day(52, 3))


def test_a_night_with_a_challenger_judges_it_and_trains_nothing(
    airflow: RealAirflow, scheduled: list[Run]
) -> None:
    run = airflow.start("nightly__train", as_of=day(54, 3).isoformat())
    assert run.wait() == "success"
    states = run.states()
    trained = STEPS[STEPS.index("select_features") : STEPS.index("decide_promotion")]
    assert {states[step] for step in (*trained, "register_model")} == {"skipped"}
    assert (states["collect_evidence"], states["decide_promotion"]) == ("success", "success")
    assert run.handed("decide_promotion")["challenger_version"] == "2"
    evidence = run.handed("collect_evidence")["evidence"]
    assert evidence["last_block"] == "2024-02-22"
    assert_healthy(airflow.stores, "nightly")
