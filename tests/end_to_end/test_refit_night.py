"""The night after a promotion fits the champion again, through the real scheduler."""

from __future__ import annotations

import pytest
from real_airflow import STEPS, RealAirflow, Run, assert_healthy

from world import day

pytestmark = pytest.mark.scheduler


def test_every_task_of_a_refit_runs_and_its_version_takes_the_challengers_place(
    airflow: RealAirflow, nights: dict[str, Run]
) -> None:
    night = nights["refitted"]
    assert night.wait() == "success"
    states = night.states()
    assert {states[step] for step in STEPS} == {"success"}
    assert night.handed("decide_retraining")["refit_of"] == "1"
    assert night.handed("select_features")["holdout_rows"] == 0
    assert night.handed("train_ensemble")["refit_of"] == "1"
    ledger = airflow.stores.ledger
    assert ledger.version("refitted", "2").details["refit_of"] == "1"
    challenge = ledger.challenger("refitted")
    assert (challenge.version, challenge.as_of) == ("2", day(51))
    assert ledger.champion("refitted").version == "1"
    assert_healthy(airflow.stores, "refitted")
