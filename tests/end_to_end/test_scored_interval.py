"""The score DAG: an interval's predictions, the same rows however often."""

from __future__ import annotations

import pandas as pd
import pytest
from real_airflow import RealAirflow

from world import World, day

pytestmark = pytest.mark.scheduler


def test_an_interval_is_scored_and_scored_again_with_the_same_rows(
    airflow: RealAirflow, worlds: dict[str, World]
) -> None:
    world = worlds["scored"]
    world.run(day(50))
    scored = []
    for _ in range(2):
        run = airflow.start("scored__score", as_of=day(51).isoformat(), hours=12)
        assert run.wait() == "success"
        scored.append(run.handed("score_interval"))
    assert scored[0] == scored[1]
    rows = predictions(airflow)
    visits = world.visits["seen_at"].between(day(50, 12), day(51), inclusive="left")
    assert len(rows) == visits.sum() == scored[0]["rows"]
    assert set(rows["key"]) == set(world.visits.loc[visits, "visit_id"].astype(str))
    assert set(rows["model_version"]) == {"1"}


def predictions(airflow: RealAirflow) -> pd.DataFrame:
    return airflow.stores.predictions.read("scored", start=day(0), end=day(60))
