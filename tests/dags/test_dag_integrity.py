"""The DAG files: light, the same at every parse, and one broken spec breaks nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

PROJECT = Path(__file__).resolve().parents[2]
PROCESSES = ("train", "score", "evaluate")
HEAVY = [
    "alembic", "deltalake", "great_expectations", "hyperopt", "matplotlib", "mlflow", "numpy",
    "pandas", "pyarrow", "scipy", "sklearn", "xgboost",
]  # fmt: skip
STEPS = [
    "resolve_spec", "ingest_data", "validate_data", "check_drift", "collect_evidence",
    "decide_retraining",
    "select_features", "check_leakage", "tune_model", "train_ensemble", "evaluate_candidate",
    "explain_candidate", "decide_promotion", "register_model", "approve_promotion",
    "release_model", "report_run",
]  # fmt: skip
TEA = """\
model: tea
owner: {team: kitchen}
task: binary
data:
  tables: {cups: {source: {csv: cups.csv}, key: [cup]}}
  target: good
"""


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder with one good spec, and a DAG file of two lines that builds it."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "tea.yaml").write_text(TEA)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "ours.py").write_text(
        f"from lamplighter_airflow import build_dags\nbuild_dags({str(folder)!r})\n"
    )
    monkeypatch.delenv("LAMPLIGHTER_MODELS", raising=False)
    return folder


def parse(folder):
    """Return the DAGs of a folder of DAG files, as Airflow finds them."""
    bag = DagBag(dag_folder=str(folder))
    assert bag.import_errors == {}
    return bag.dags


def serialized(dag):
    """Return what Airflow stores of a DAG, byte for byte."""
    return json.dumps(DagSerialization.to_dict(dag))


def test_parsing_loads_no_heavy_library():
    probe = (
        "import sys; from airflow.dag_processing.dagbag import DagBag;"
        f"bag = DagBag(dag_folder={str(PROJECT / 'dags')!r}); assert bag.dags;"
        f"print(sorted(m for m in sys.modules if m.split('.')[0] in {HEAVY!r}"
        " or m.startswith(('lamplighter.steps', 'lamplighter.data', 'lamplighter.ledger'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_parsing_twice_gives_the_same_dags_byte_for_byte():
    first, second = parse(PROJECT / "dags"), parse(PROJECT / "dags")
    assert first
    for dag_id, dag in first.items():
        assert serialized(dag) == serialized(second[dag_id]), f"{dag_id} changes on every parse"


def test_every_shipped_spec_has_its_dags():
    names = {path.stem for path in (PROJECT / "include" / "models").glob("*.yaml")}
    assert names
    expected = {f"{name}__{process}" for name in names for process in PROCESSES}
    assert set(parse(PROJECT / "dags")) == {*expected, "lamplighter__maintain"}


def test_a_night_has_the_same_tasks_in_every_model(models):
    for dag in (parse(PROJECT / "dags")["flights__train"], parse(models.parent)["tea__train"]):
        assert [task.task_id for task in dag.topological_sort()] == STEPS


@pytest.mark.parametrize("dag_id", [f"flights__{process}" for process in PROCESSES])
def test_every_task_has_a_timeout_a_pool_a_doc_an_owner_and_a_link(dag_id):
    dag = parse(PROJECT / "dags")[dag_id]
    assert dag.doc_md
    assert dag.max_active_runs == (4 if dag_id.endswith("__evaluate") else 1)
    for task in dag.tasks:
        assert task.execution_timeout, task.task_id
        assert task.pool == "default_pool"
        assert task.doc_md, task.task_id
        assert task.owner == "operations-research"
        assert "Night report" in {link.name for link in task.operator_extra_links}


def test_evaluating_takes_one_task_and_can_always_be_backfilled(models):
    (models / "tea.yaml").write_text(TEA + "schedule: {cron: null}\n")
    for dag in (
        parse(PROJECT / "dags")["flights__evaluate"],
        parse(models.parent)["tea__evaluate"],
    ):
        assert [task.task_id for task in dag.tasks] == ["evaluate_interval"]
        assert dag.timetable.can_be_scheduled
        assert "backfill" in {str(kind) for kind in dag.allowed_run_types or ["backfill"]}


def test_the_report_is_a_teardown_and_does_not_decide_the_colour_of_the_run():
    dag = parse(PROJECT / "dags")["flights__train"]
    report = dag.get_task("report_run")
    assert report.is_teardown
    assert not report.on_failure_fail_dagrun
    assert [task.task_id for task in dag.leaves] == ["report_run"]
    assert report.upstream_task_ids == {"release_model"}


def test_an_edited_spec_is_another_version_of_the_dag(models):
    before = serialized(parse(models.parent)["tea__train"])
    (models / "tea.yaml").write_text(TEA + "split: {holdout_fraction: 0.3}\n")
    assert serialized(parse(models.parent)["tea__train"]) != before


def test_one_broken_spec_says_what_is_wrong_and_leaves_the_others_alone(models):
    (models / "coffee.yaml").write_text(TEA.replace("tea", "coffee").replace("target", "taget"))
    dags = parse(models.parent)
    models_of = {f"{model}__{process}" for model in ("tea", "coffee") for process in PROCESSES}
    assert set(dags) == {*models_of, "lamplighter__maintain"}
    assert dags["tea__train"].tags == {"model:tea", "process:train"}
    broken = dags["coffee__train"]
    assert "broken-spec" in broken.tags
    assert "data.taget: unknown key; did you mean 'target'?" in broken.doc_md
    (task,) = broken.tasks
    assert "data.taget: unknown key" in task.message
    assert task.retries == 0


def test_the_nights_of_a_broken_spec_go_red_instead_of_not_happening(models):
    broken = TEA.replace("target", "taget") + "schedule: {cron: '30 5 * * *', timezone: UTC}\n"
    (models / "tea.yaml").write_text(broken)
    dags = parse(models.parent)
    assert dags["tea__train"].timetable.summary == "30 5 * * * UTC"
    assert dags["tea__score"].timetable.can_be_scheduled is False


@pytest.mark.parametrize("content", ["", ":::", "- a", "model: [1", "\x00", "model: '../x y'"])
def test_a_file_that_is_no_spec_at_all_is_named_after_the_file(models, content):
    (models / "noise.yaml").write_text(content)
    dags = parse(models.parent)
    broken = [dag for dag in dags.values() if "broken-spec" in dag.tags]
    assert len(broken) == len(PROCESSES)
    assert "tea__train" in dags


def test_two_files_with_one_model_are_told_apart(models):
    (models / "tea_again.yaml").write_text(TEA)
    dags = parse(models.parent)
    assert "broken-spec" not in dags["tea__train"].tags
    assert "which tea.yaml declares already" in dags["tea_again__train"].doc_md


def test_braces_in_a_broken_spec_are_shown_and_not_run(models):
    (models / "tea.yaml").write_text("model: tea\n'{{ 1/0 }}': {% raw\n")
    parse(models.parent)
    (models / "tea.yaml").write_text("model: tea\n'{{ 1/0 }}': 3\n")
    (task,) = parse(models.parent)["tea__train"].tasks
    assert "{{ 1/0 }}" in task.message
    assert "message" not in task.template_fields


def test_a_task_that_starts_builds_only_its_own_dag(models, monkeypatch):
    (models / "a_broken_one.yaml").write_text("model: [")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "tea__score")
    assert set(parse(models.parent)) == {"tea__score"}


def test_a_missing_folder_is_an_import_error_that_says_what_to_do(tmp_path):
    (tmp_path / "ours.py").write_text(
        "from lamplighter_airflow import build_dags\nbuild_dags('/nowhere/models')\n"
    )
    (message,) = DagBag(dag_folder=str(tmp_path)).import_errors.values()
    assert "there is no folder /nowhere/models; give the folder of the specs" in message
