"""A night that a person starts with the form, through the real scheduler."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urljoin

import pytest
from airflow_rest import AirflowError
from real_airflow import SKIPPED_AT_FIRST, STEPS, RealAirflow, Run, assert_healthy, book

from world import day

pytestmark = pytest.mark.scheduler


@pytest.fixture(scope="module")
def form_night(nights: dict[str, Run]) -> Run:
    assert nights["by_form"].wait() == "success"
    return nights["by_form"]


def test_a_night_by_form_is_green_and_ends_with_a_champion(
    airflow: RealAirflow, form_night: Run
) -> None:
    states = form_night.states()
    assert [states.pop(step) for step in SKIPPED_AT_FIRST] == ["skipped", "skipped"]
    assert set(states) == {*STEPS, "report_run"}
    assert set(states.values()) == {"success"}
    (release,) = airflow.stores.ledger.releases("by_form")
    assert (release.version, release.as_of, str(release.actor)) == ("1", day(50), "admin (Airflow)")
    (run,) = airflow.stores.ledger.runs("by_form")
    assert run.run.reason == "to see it work"
    assert_healthy(airflow.stores, "by_form")


def test_its_report_and_its_links_open(airflow: RealAirflow, form_night: Run) -> None:
    links = form_night.links("register_model")
    status, page = airflow.page(links["Night report"].removeprefix(airflow.address))
    assert status == 200
    assert "Version 1 is champion from 2024-02-20" in page
    (evaluation,) = re.findall(r'href="([^"]+evaluation[^"]+\.html)"', page)
    night = form_night.handed("report_run")["report"]["key"]
    shown = urljoin(f"/lamplighter/reports/by_form__train/{night}", evaluation)
    assert airflow.page(shown)[0] == 200
    drift = form_night.links("check_drift")["Drift report"].removeprefix(airflow.address)
    status, page = airflow.page(drift)
    assert (status, "Against the window before" in page) == (200, True)
    card = form_night.links("explain_candidate")["Model card"].removeprefix(airflow.address)
    status, page = airflow.page(card)
    assert (status, "What it depends on" in page) == (200, True)
    registered = airflow.stores.ledger.version("by_form", "1")
    assert links["MLflow run"] == airflow.stores.registry.run_url(registered.mlflow_run_id)


def test_what_its_tasks_hand_on_is_json_under_10_kb(form_night: Run) -> None:
    sizes = {name: len(json.dumps(value)) for name, value in form_night.xcoms().items()}
    assert len(sizes) > len(STEPS)
    assert max(sizes.values()) < 10_000, sizes


@pytest.mark.parametrize(
    "form",
    [
        {"budget_s": -5},
        {"budget_s": 1e9},
        {"trials": 0},
        {"trials": 2.5},
        {"gate_mode": "maybe"},
        {"force_retrain": "yes"},
        {"as_of": "yesterday"},
        {"as_of": "2024-02-20T03:00:00"},
        {"knowledge_time": 7},
        {"reason": "x" * 1_001},
    ],
    ids=json.dumps,
)
def test_a_value_outside_the_form_is_refused_before_there_is_a_run(
    airflow: RealAirflow, form: dict[str, Any]
) -> None:
    before = airflow.runs("scored__train")
    with pytest.raises(AirflowError, match=rf"400.*{next(iter(form))}"):
        airflow.start("scored__train", **form)
    assert airflow.runs("scored__train") == before


def test_clearing_a_finished_night_changes_nothing(airflow: RealAirflow, form_night: Run) -> None:
    before, handed = book(airflow.stores, "by_form"), results(form_night)
    form_night.clear()
    assert form_night.wait() == "success"
    assert form_night.tries("release_model") == 2
    assert book(airflow.stores, "by_form") == before
    assert results(form_night) == handed
    assert_healthy(airflow.stores, "by_form")


def results(run: Run) -> dict[str, Any]:
    """Return what the steps that train and judge handed on. There is nothing left to ingest."""
    later = ("train_ensemble", "evaluate_candidate", "decide_promotion", *STEPS[-2:])
    return {step: run.handed(step) for step in later}
