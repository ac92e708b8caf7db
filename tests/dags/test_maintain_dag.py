"""The DAG of upkeep: one task per duty, its form the limits of the library, light to parse."""

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from lamplighter.contracts import Keep
from lamplighter.steps.maintain_stores import DUTIES

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dag():
    return DagBag(dag_folder=str(PROJECT / "dags")).dags["lamplighter__maintain"]


def test_every_duty_has_a_task_that_waits_for_no_other(dag):
    assert [task.task_id for task in dag.tasks] == [*DUTIES, "delete_old_xcoms"]
    assert all(not task.upstream_task_ids for task in dag.tasks)
    assert all(task.doc_md and task.execution_timeout for task in dag.tasks)


def test_duties_run_one_at_a_time_once_a_day_and_not_in_backfills(dag):
    assert (dag.max_active_runs, dag.max_active_tasks, dag.catchup) == (1, 1, False)
    assert "backfill" not in {str(kind.value) for kind in dag.allowed_run_types}


def test_the_form_offers_the_limits_of_the_library_and_refuses_less(dag):
    defaults = {name: dag.params[name] for name in Keep.model_fields}
    assert Keep.model_validate(defaults) == Keep()
    dag.params["replaced_days"] = 7
    with pytest.raises(Exception, match="6 is less than the minimum of 7"):
        dag.params["replaced_days"] = 6


def test_a_running_duty_builds_no_models_dags(monkeypatch):
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "lamplighter__maintain")
    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    assert set(bag.dags) == {"lamplighter__maintain"}


def test_a_second_folder_of_specs_can_do_without_a_second_upkeep(tmp_path):
    (tmp_path / "ours.py").write_text(
        "from lamplighter_airflow import build_dags\n"
        f"build_dags({str(PROJECT / 'include' / 'models')!r}, maintain=False)\n"
    )
    assert "lamplighter__maintain" not in DagBag(dag_folder=str(tmp_path)).dags
