"""A spec that somebody breaks while Airflow runs."""

from __future__ import annotations

import pytest
from real_airflow import RealAirflow, Run, wait_for

from world import World, day

pytestmark = pytest.mark.scheduler


def test_a_spec_that_is_broken_is_seen_and_leaves_the_others_alone(
    airflow: RealAirflow, worlds: dict[str, World], nights: dict[str, Run]
) -> None:
    spec = worlds["fragile"].spec_path
    sound = spec.read_text()
    assert "broken-spec" not in tags(airflow)
    spec.write_text(sound.replace("target:", "taget:"))
    wait_for(lambda: "broken-spec" in tags(airflow), "the broken spec is seen")
    run = airflow.start("fragile__train", as_of=day(50).isoformat())
    assert run.wait() == "failed"
    assert run.tries("resolve_spec") == 1
    assert "data.taget: unknown key; did you mean 'target'?" in run.log("resolve_spec")
    assert airflow.get("importErrors")["import_errors"] == []
    assert nights["by_form"].wait() == "success"
    spec.write_text(sound)
    wait_for(lambda: "broken-spec" not in tags(airflow), "the mended spec is seen")


def tags(airflow: RealAirflow) -> set[str]:
    dag = airflow.dag("fragile__train") or {"tags": []}
    return {tag["name"] for tag in dag["tags"]}
