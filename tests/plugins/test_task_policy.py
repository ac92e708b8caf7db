"""Where each step of a model runs, how long it may take, and who may see its DAGs."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk import Asset, AssetAlias
from airflow.serialization.serialized_objects import DagSerialization

from lamplighter.errors import SpecError
from lamplighter.spec import ModelSpec, load_spec
from lamplighter_airflow.assets import model_asset
from lamplighter_airflow.dag_builder import BUILDERS
from lamplighter_airflow.score_dag import score_dag
from lamplighter_airflow.train_dag import train_dag

TEA = """\
model: tea
owner:
  team: kitchen
  access:
    Tasters: [can_read, can_edit]
    Guests: [can_read]
task: binary
data:
  tables: {cups: {source: {csv: cups.csv}, key: [cup]}}
  target: good
schedule:
  pool: slow
  steps:
    resolve_spec: {queue: light}
    tune_model: {pool: gpu, queue: gpu, timeout: 5h, executor_config: {limits: {gpu: 1}}}
    report_run: {timeout: 90s}
    score_interval: {pool: scoring, timeout: 3h}
"""
SERIALIZE = """
import json, sys
from pathlib import Path
from airflow.serialization.serialized_objects import DagSerialization
from lamplighter.spec import load_spec
from lamplighter_airflow.train_dag import train_dag
path = Path(sys.argv[1])
print(json.dumps(DagSerialization.to_dict(train_dag(load_spec(path), path)), sort_keys=True))
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "tea.yaml"
    path.write_text(TEA)
    return path


def stored(dag):
    """Return the DAG as the scheduler gets it."""
    return DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))


def placed(task):
    return task.pool, task.queue, task.execution_timeout, task.executor_config


def test_a_step_runs_where_the_spec_says_also_when_it_is_mapped(path):
    dag = stored(train_dag(load_spec(path), path))
    gpu = ("gpu", "gpu", timedelta(hours=5), {"limits": {"gpu": 1}})
    assert placed(dag.get_task("tune_model")) == gpu
    assert dag.get_task("tune_model").is_mapped
    short = timedelta(minutes=15)
    assert placed(dag.get_task("resolve_spec")) == ("slow", "light", short, {})
    assert placed(dag.get_task("report_run")) == ("slow", "default", timedelta(seconds=90), {})
    assert dag.get_task("report_run").is_teardown


def test_both_dags_of_a_model_follow_the_same_section(path):
    dag = stored(score_dag(load_spec(path), path))
    assert placed(dag.get_task("score_interval")) == ("scoring", "default", timedelta(hours=3), {})
    assert dag.get_task("resolve_spec").queue == "light"


def test_every_step_that_can_be_named_is_a_task(path):
    named = set(ModelSpec.model_json_schema()["$defs"]["Schedule"]["properties"]["steps"]
                ["propertyNames"]["enum"])  # fmt: skip
    spec = load_spec(path)
    dags = [build(spec, path) for build in BUILDERS.values()]
    tasks = {task for dag in dags for task in dag.task_ids}
    # check_drift and check_leakage come with their operators.
    assert named - {"check_drift", "check_leakage"} <= tasks <= named


def test_what_others_may_wait_for_is_announced_only_when_there_is_something_new(path):
    dag = train_dag(load_spec(path), path)
    aliases = {task.task_id: task.outlets for task in dag.tasks if task.outlets}
    assert aliases == {
        "validate_data": [AssetAlias("tea/snapshot", group="lamplighter")],
        "release_model": [AssetAlias("tea/champion", group="lamplighter")],
    }
    assert model_asset("tea", "champion") == Asset("lamplighter://tea/champion")


@pytest.mark.filterwarnings("ignore:The airflow.security.permissions module is deprecated")
def test_roles_may_do_with_the_dags_what_the_owner_says(path):
    for build in (train_dag, score_dag):
        dag = build(load_spec(path), path)
        wanted = {"Guests": {"DAGs": {"can_read"}}, "Tasters": {"DAGs": {"can_edit", "can_read"}}}
        assert dag.access_control == wanted
        assert stored(dag).access_control == wanted


def test_without_roles_access_is_left_to_how_airflow_is_set_up(path):
    path.write_text(TEA.replace("Tasters: [can_read, can_edit]", "").replace(
        "Guests: [can_read]", "{}"))  # fmt: skip
    assert train_dag(load_spec(path), path).access_control is None


def test_resources_and_roles_are_stored_alike_by_every_process(path):
    def parse(seed):
        done = subprocess.run(
            [sys.executable, "-c", SERIALIZE, str(path)],
            capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        return done.stdout.strip().splitlines()[-1]

    assert parse("1") == parse("2")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("tune: {pool: gpu}", "schedule.steps.tune"),
        ("train_ensemble: {pool: ''}", "schedule.steps.train_ensemble.pool"),
        ("train_ensemble: {timeout: 0s}", "timeout is 0s, expected more"),
        ("train_ensemble: {timeout: soon}", "expected a duration such as 90s"),
        ("train_ensemble: {executor_config: {at: 2024-01-01}}", "executor_config"),
        ("train_ensemble: {cpu: 4}", "cpu"),
    ],
)
def test_resources_that_mean_nothing_are_refused(path, wrong, message):
    path.write_text(TEA.replace("resolve_spec: {queue: light}", wrong))
    with pytest.raises(SpecError, match=message):
        load_spec(path)


def test_a_permission_that_airflow_does_not_know_is_refused(path):
    path.write_text(TEA.replace("[can_read]", "[can_dance]"))
    with pytest.raises(SpecError, match=r"owner\.access\.Guests"):
        load_spec(path)


def test_the_specs_that_ship_name_no_pool_that_a_new_airflow_lacks():
    for shipped in (Path(__file__).resolve().parents[2] / "include" / "models").glob("*.yaml"):
        spec = load_spec(shipped)
        pools = {spec.schedule.pool, *(step.pool for step in spec.schedule.steps.values())}
        assert pools <= {"default_pool", None}
