"""Upkeep on a real Airflow, beside the nights of other tests."""

from __future__ import annotations

import pytest
from real_airflow import RealAirflow, Run

from lamplighter.steps.maintain_stores import DUTIES

pytestmark = pytest.mark.scheduler


def test_every_duty_is_done_beside_the_nights(airflow: RealAirflow, nights: dict[str, Run]) -> None:
    assert nights["by_form"].wait() == "success"
    run = airflow.start("lamplighter__maintain", xcoms_days=1, reason="to see it work")
    assert run.wait() == "success"
    assert set(run.states()) == {*DUTIES, "delete_old_xcoms"}
    # Airflow's own command could reach the database that its configuration names.
    assert run.handed("delete_old_xcoms")["done"][0].startswith("deleted the XComs of")
    assert run.handed("tidy_tables")["dry_run"] is False
