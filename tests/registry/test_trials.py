"""A search's trials in MLflow, exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.artifacts import load_dict

from lamplighter.registry import trials as trials_module
from lamplighter.registry.mlflow_registry import Registry
from lamplighter.registry.trials import LoggedSearch, LoggedTrial

Arguments = Callable[..., dict[str, Any]]


class Killed(BaseException):
    """What a kill of the process is in these tests."""


def logged(count: int) -> LoggedSearch:
    statuses = ["ok", "failed", "pruned"]
    made = [
        LoggedTrial(
            index=i,
            name=f"trial {i} linear",
            status=statuses[i % 3],
            params={"algorithm": "linear", "C": 0.5 + i, "error": "x" * 600},
            metrics={"out_of_fold_loss": 0.5 - i / 100, "seconds": 2.0},
        )
        for i in range(count)
    ]
    table = {"columns": ["index", "loss"], "data": [[t.index, 0.5] for t in made]}
    return LoggedSearch(made, table)


def nested(address: str, key: str = "night-1") -> list[Any]:
    client = MlflowClient(address, address)
    experiment = client.get_experiment_by_name("flights")
    runs = client.search_runs(
        [experiment.experiment_id], f"tags.`lamplighter.trial_of` = '{key}'", max_results=500
    )
    return sorted(runs, key=lambda run: int(run.data.tags["lamplighter.trial"]))


def test_each_trial_is_a_nested_run_with_its_parameters_loss_and_end(
    registry: Registry, address: str, judged: Path, registration: Arguments
):
    done = registry.register(**registration("night-1", judged), search=logged(4))
    runs = nested(address)
    assert [r.info.run_name for r in runs] == [f"trial {i} linear" for i in range(4)]
    assert [r.info.status for r in runs] == ["FINISHED", "FAILED", "KILLED", "FINISHED"]
    assert {r.data.tags["mlflow.parentRunId"] for r in runs} == {done.run_id}
    assert runs[2].data.params["C"] == "2.5"
    assert runs[2].data.metrics["out_of_fold_loss"] == pytest.approx(0.48)
    assert runs[0].info.end_time - runs[0].info.start_time == 2_000
    # The night's own run stays the only one that bears the registration's key.
    assert registry.version("flights", done.version).run_id == done.run_id


def test_all_trials_are_a_table_of_the_run(
    registry: Registry, address: str, judged: Path, registration: Arguments
):
    done = registry.register(**registration("night-1", judged), search=logged(3))
    client = MlflowClient(address, address)
    run = client.get_run(done.run_id)
    table = load_dict(f"{run.info.artifact_uri}/trials.json")
    assert table == {"columns": ["index", "loss"], "data": [[0, 0.5], [1, 0.5], [2, 0.5]]}
    shown = json.loads(run.data.tags["mlflow.loggedArtifacts"])
    assert shown == [{"path": "trials.json", "type": "table"}]


def test_of_many_trials_there_is_only_the_table(
    registry: Registry, address: str, judged: Path, registration: Arguments, monkeypatch
):
    monkeypatch.setattr(trials_module, "MOST_NESTED", 3)
    registry.register(**registration("night-1", judged), search=logged(4))
    assert nested(address) == []


@pytest.mark.parametrize("calls", [1, 4, 6])
def test_a_kill_among_the_trials_leaves_each_once_when_it_is_tried_again(
    calls: int, registry: Registry, address: str, judged: Path, registration: Arguments, monkeypatch
):
    original = MlflowClient.log_batch
    made = []

    def dies(self, run_id, *arguments, **named):
        if named.get("params") and any(p.key == "C" for p in named["params"]):
            made.append(run_id)
            if len(made) == calls:
                raise Killed
        return original(self, run_id, *arguments, **named)

    monkeypatch.setattr(MlflowClient, "log_batch", dies)
    with pytest.raises(Killed):
        registry.register(**registration("night-1", judged), search=logged(6))
    monkeypatch.setattr(MlflowClient, "log_batch", original)
    first = registry.register(**registration("night-1", judged), search=logged(6))
    assert registry.register(**registration("night-1", judged), search=logged(6)) == first
    runs = nested(address)
    assert [int(r.data.tags["lamplighter.trial"]) for r in runs] == list(range(6))
    assert all(r.info.status != "RUNNING" and r.data.params["C"] for r in runs)
    histories = MlflowClient(address, address).get_metric_history(
        runs[0].info.run_id, "out_of_fold_loss"
    )
    assert len(histories) == 1


def test_a_trial_left_running_is_closed_and_is_whole_again_when_the_night_comes_back(
    registry: Registry, address: str, judged: Path, registration: Arguments, monkeypatch
):
    def dies(*arguments: Any) -> None:
        raise Killed

    monkeypatch.setattr(trials_module, "_describe", dies)
    with pytest.raises(Killed):
        registry.register(**registration("night-1", judged), search=logged(2))
    monkeypatch.undo()
    (left,) = nested(address)
    assert left.info.status == "RUNNING"
    stale = registry.stale_runs(started_before=datetime.now(UTC) + timedelta(minutes=1))
    assert left.info.run_id in [run.run_id for run in stale]
    for run in stale:
        registry.close_run(run.run_id, why="a test")
    assert [run.info.status for run in nested(address)] == ["KILLED"]
    registry.register(**registration("night-1", judged), search=logged(2))
    runs = nested(address)
    assert [run.info.status for run in runs] == ["FINISHED", "FAILED"]
    assert runs[0].data.params["C"] == "0.5"
    assert "lamplighter.closed" not in runs[0].data.tags


def test_of_trials_that_twins_wrote_twice_one_stays(
    registry: Registry, address: str, judged: Path, registration: Arguments, monkeypatch
):
    done = registry.register(**registration("night-1", judged), search=logged(2))
    # The twin looked before the first one had written anything.
    looked = trials_module._by_index
    monkeypatch.setattr(
        trials_module,
        "_by_index",
        lambda *given: (monkeypatch.setattr(trials_module, "_by_index", looked), {})[1],
    )
    assert registry.register(**registration("night-1", judged), search=logged(2)) == done
    runs = nested(address)
    assert [int(r.data.tags["lamplighter.trial"]) for r in runs] == [0, 1]
    assert {r.data.tags["mlflow.parentRunId"] for r in runs} == {done.run_id}
