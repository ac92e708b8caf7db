"""Upkeep and the doctor on a real Airflow, beside the nights of other tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from real_airflow import RealAirflow, Run, wait_for

from lamplighter.steps.maintain_stores import DUTIES

pytestmark = pytest.mark.scheduler


def test_every_duty_is_done_and_the_doctor_asks_airflow(
    airflow: RealAirflow, nights: dict[str, Run]
) -> None:
    assert nights["by_form"].wait() == "success"
    airflow.set_paused("lamplighter__maintain", False)
    run = wait_for(lambda: newest_run(airflow), "the scheduler starts the last round")
    assert run.wait() == "success"
    assert set(run.states()) == {*DUTIES, "delete_old_xcoms"}
    # Airflow's own command could reach the database that its configuration names.
    assert run.handed("delete_old_xcoms")["done"][0].startswith("deleted the XComs of")
    assert run.handed("tidy_tables")["dry_run"] is False

    found = {finding["check"]: finding for finding in doctor(airflow)}
    assert found["airflow"]["level"] == "ok", found["airflow"]["message"]
    assert "DAG file" not in found
    assert found["paused"]["level"] == "note"  # of the models whose tests have not begun


def newest_run(airflow: RealAirflow) -> Run | None:
    """Return the round that the scheduler starts when it is let: that of the last 9:30."""
    found = airflow.get("dags/lamplighter__maintain/dagRuns")["dag_runs"]
    return Run(airflow, "lamplighter__maintain", found[0]["dag_run_id"]) if found else None


def doctor(airflow: RealAirflow) -> list[dict[str, Any]]:
    """Return what `lamplighter doctor` finds, in the environment of this Airflow."""
    home = Path(airflow.paths.lake).parent
    env = os.environ | {
        "AIRFLOW_HOME": str(home / "airflow"),
        "LAMPLIGHTER_HOME": str(home),
        "LAMPLIGHTER_MODELS": str(home / "models"),
        "MLFLOW_TRACKING_URI": airflow.paths.mlflow,
    }
    words = [sys.executable, "-m", "lamplighter.cli.main", "doctor", "--json"]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return findings
