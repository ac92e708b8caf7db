"""What makes a run red: whatever breaks, and nothing that is a decision."""

from __future__ import annotations

import pytest
from real_airflow import STEPS, RealAirflow, Run, assert_healthy

from world import World, day

pytestmark = pytest.mark.scheduler


def test_a_night_that_fails_at_each_step_in_turn_is_red_each_time_and_can_go_on(
    airflow: RealAirflow,
) -> None:
    order = airflow.fail("stumbling__train", STEPS[0])
    run = airflow.start("stumbling__train", as_of=day(50).isoformat())
    for number, step in enumerate(STEPS):
        assert run.wait() == "failed", step
        states = run.states()
        assert [states[earlier] for earlier in STEPS[:number]] == ["success"] * number
        assert states[step] == "failed"
        assert {states[later] for later in STEPS[number + 1 :]} <= {"upstream_failed"}
        assert "was told to fail" in run.log(step)
        assert states["report_run"] == ("success" if number else "skipped")
        order.take_back()
        following = [*STEPS, "report_run"][number + 1]
        order = airflow.fail("stumbling__train", following)
        run.clear(step)
    assert run.wait() == "success", "the report's failure is none of the night's"
    assert run.states()["report_run"] == "failed"
    log = run.log("report_run")
    assert "report_run of stumbling__train failed" in log
    order.take_back()
    (release,) = airflow.stores.ledger.releases("stumbling")
    assert release.version == "1" == airflow.stores.registry.alias("stumbling", "champion")
    assert_healthy(airflow.stores, "stumbling")


def test_data_that_stops_a_night_makes_it_red_at_once_and_leaves_the_champion(
    airflow: RealAirflow, nights: dict[str, Run], worlds: dict[str, World]
) -> None:
    run = nights["spoilt"]
    assert run.wait() == "failed"
    states = run.states()
    assert states.pop("report_run") == "success"
    assert [states.pop(step) for step in STEPS[:3]] == ["success", "success", "failed"]
    assert set(states.values()) == {"upstream_failed"}
    assert run.tries("validate_data") == 1
    report = run.handed("report_run")
    assert report["outcome"] == "stopped"
    assert "outcomes.returned" in " ".join(report["sentences"])
    (release,) = airflow.stores.ledger.releases("spoilt")
    assert release.as_of == day(50)
    assert airflow.stores.registry.alias("spoilt", "champion") == release.version
    assert worlds["spoilt"].stores.lake.ingested_until("spoilt", "outcomes") == day(50)
    assert_healthy(airflow.stores, "spoilt")


def test_a_rejected_candidate_is_a_green_night(
    airflow: RealAirflow, nights: dict[str, Run]
) -> None:
    run = nights["rejected"]
    assert run.wait() == "success"
    assert run.handed("decide_promotion")["verdict"] == "reject"
    assert airflow.stores.registry.alias("rejected", "champion") == "1"


def test_no_need_to_train_is_a_green_night(airflow: RealAirflow, nights: dict[str, Run]) -> None:
    run = nights["settled"]
    assert run.wait() == "success"
    states = run.states()
    decided = STEPS.index("decide_retraining") + 1
    assert [states.pop(step) for step in STEPS[:decided]] == ["success"] * decided
    assert states.pop("report_run") == "success"
    assert set(states.values()) == {"skipped"}
    assert run.handed("report_run")["outcome"] == "no_training"
