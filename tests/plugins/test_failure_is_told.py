"""A task of whose failure no report speaks: its owner is told, whatever else is broken."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from lamplighter.ledger import Ledger
from lamplighter.spec import load_spec
from lamplighter.spec.operations import Owner
from lamplighter_airflow.dag_builder import build_dags
from lamplighter_airflow.evaluate_dag import evaluate_dag
from lamplighter_airflow.notifiers.failure import FailureNotifier
from lamplighter_airflow.score_dag import score_dag
from lamplighter_airflow.train_dag import train_dag

TEA = """\
model: tea
owner: {team: kitchen, notify: [{via: log, on: [failure, stopped_data]}]}
task: binary
data:
  tables: {cups: {source: {csv: cups.csv}, key: [cup]}}
  target: good
"""


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(tmp_path))
    return Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


def failed(task="resolve_spec", *, reason="the spec is odd", run_type="manual", dag=None, **form):
    """Return what Airflow hands to a callback."""
    return {
        "ti": SimpleNamespace(dag_id=dag or "tea__train", run_id="r1", task_id=task),
        "dag_run": SimpleNamespace(run_type=run_type),
        "params": form,
        "exception": AirflowFailException(reason),
    }


OWNER = Owner(team="kitchen")


def test_the_owner_is_told_why_once(ledger, caplog):
    for _ in range(2):
        FailureNotifier(model="tea", owner=OWNER)(failed())
    (told,) = ledger.notices("tea")
    assert (told.event, told.level) == ("failure", "critical")
    assert "resolve_spec failed in the run r1: the spec is odd" in told.message
    assert "/lamplighter/nights/tea__train/r1" in told.message
    assert caplog.text.count("the spec is odd") == 1


def test_another_reason_is_told_again(ledger):
    FailureNotifier(model="tea", owner=OWNER)(failed())
    FailureNotifier(model="tea", owner=OWNER)(failed(reason="still odd"))
    assert len(ledger.notices("tea")) == 2


def test_data_that_stops_scoring_is_no_failure_of_ours(ledger):
    FailureNotifier(model="tea", owner=OWNER)(failed("validate_data", dag="tea__score"))
    assert [notice.event for notice in ledger.notices("tea")] == ["stopped_data"]


@pytest.mark.parametrize("run", [{"run_type": "backfill"}, {"dry_run": True}], ids=str)
def test_a_backfill_and_a_dry_run_tell_nobody(ledger, run):
    FailureNotifier(model="tea", owner=OWNER)(failed(**run))
    assert ledger.notices("tea") == []


def test_a_ledger_that_is_away_keeps_nobody_from_being_told(monkeypatch, caplog):
    monkeypatch.setenv("LAMPLIGHTER_LEDGER", "postgresql://ada:hunter2@127.0.0.1:1/ledger")
    FailureNotifier(model="tea", owner=OWNER)(failed())
    assert "resolve_spec failed in the run r1: the spec is odd" in caplog.text
    assert "the owner is told without asking the ledger" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_broken_spec_is_told_to_the_owner_it_still_names(tmp_path, ledger):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tea.yaml").write_text(TEA.replace("target", "taget"))
    train, *_ = build_dags(tmp_path / "models", {}, maintain=False)
    (task,) = train.tasks
    (callback,) = task.on_failure_callback
    callback(failed(reason=task.message))
    (told,) = ledger.notices("tea")
    assert told.message.endswith("Owner: kitchen")
    assert "data.taget: unknown key" in told.message


def test_a_broken_spec_that_names_nobody_is_told_to_the_log(tmp_path, ledger):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tea.yaml").write_text("model: tea\nowner: 7\n")
    train, *_ = build_dags(tmp_path / "models", {}, maintain=False)
    (callback,) = train.tasks[0].on_failure_callback
    callback(failed())
    assert [notice.via for notice in ledger.notices("tea")] == ["log"]


def test_what_no_report_speaks_of_has_somebody_who_tells_it(tmp_path):
    path = tmp_path / "tea.yaml"
    path.write_text(TEA)
    telling = {
        dag.dag_id: {task.task_id for task in dag.tasks if task.on_failure_callback}
        for dag in (build(load_spec(path), path) for build in (train_dag, score_dag, evaluate_dag))
    }
    assert telling["tea__train"] == {"resolve_spec", "report_run"}
    assert telling["tea__score"] == set(score_dag(load_spec(path), path).task_ids)
    assert telling["tea__evaluate"] == {"evaluate_interval"}
