"""Registration is exactly once, whoever is killed and whoever comes twice."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from lamplighter.errors import RegistryError
from lamplighter.registry.mlflow_registry import Registry

MODEL = "flights"
STAGES = [
    "run",
    pytest.param("reports", marks=pytest.mark.long),
    "model",
    "version",
    "done",
    pytest.param("alias", marks=pytest.mark.long),
]
Start = Callable[..., subprocess.Popen[str]]
Arguments = Callable[..., dict[str, Any]]


def assert_registered_once(address: str, key: str, judged: Path) -> None:
    """One run, finished; one logged model; one version; and it holds the judged file."""
    client = MlflowClient(address, address)
    experiment = client.get_experiment_by_name(MODEL)
    mine = f"tags.`lamplighter.key` = '{key}'"
    (run,) = client.search_runs([experiment.experiment_id], mine)
    (model,) = client.search_logged_models([experiment.experiment_id], mine)
    (version,) = client.search_model_versions(f"name = '{MODEL}' and {mine}")
    assert run.info.status == "FINISHED"
    assert (version.run_id, model.source_run_id) == (run.info.run_id, run.info.run_id)
    assert version.tags["lamplighter.model_id"] == model.model_id
    digest = hashlib.sha256(judged.read_bytes()).hexdigest()
    registry = Registry(address)
    assert registry.model_digest(MODEL, str(version.version)) == digest
    assert registry.version(MODEL, str(version.version)).digest == digest
    assert registry.twins(MODEL) == {}
    reports = client.list_artifacts(run.info.run_id, "reports")
    assert [r.path for r in reports] == ["reports/evaluation.html", "reports/evaluation.json"]
    assert len(client.get_metric_history(run.info.run_id, "holdout_roc_auc")) == 1
    assert len(run.inputs.dataset_inputs) == 2


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_after_any_stage_leaves_one_version_when_it_is_tried_again(
    stage: str, address: str, judged: Path, registration: Arguments, start: Start
):
    killed = start(address, "night-1", judged, die_after=stage)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL

    registry = Registry(address)
    done = registry.register(**registration("night-1", judged))
    registry.set_alias(MODEL, "champion", done.version)

    assert_registered_once(address, "night-1", judged)
    assert done.version == "1"
    assert registry.alias(MODEL, "champion") == "1"


def test_a_second_call_is_no_act_at_all(registry: Registry, judged: Path, registration: Arguments):
    first = registry.register(**registration("night-1", judged))
    stages: list[str] = []
    second = registry.register(**registration("night-1", judged), step_hook=stages.append)
    assert second == first
    assert stages == ["done"]


def test_another_key_is_another_version(
    registry: Registry, address: str, judged: Path, registration: Arguments
):
    versions = [registry.register(**registration(key, judged)).version for key in ("a", "b")]
    assert versions == ["1", "2"]
    assert_registered_once(address, "a", judged)
    assert_registered_once(address, "b", judged)


def test_a_second_try_keeps_the_parameters_of_the_first(
    address: str, judged: Path, registration: Arguments, start: Start
):
    start(address, "night-1", judged, die_after="reports").communicate(timeout=120)
    again = registration("night-1", judged) | {"params": {"trials": 99, "threads": 2}}
    done = Registry(address).register(**again)
    params = MlflowClient(address, address).get_run(done.run_id).data.params
    assert params == {"chosen": "stacking", "trials": "12", "threads": "2"}


@pytest.mark.parametrize("stage", ["run", "model", "done"])
def test_two_that_are_at_the_same_stage_leave_one_version_and_both_know_it(
    stage: str, address: str, judged: Path, start: Start
):
    both = [start(address, "night-1", judged, meet_after=stage) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert json.loads(answers[0][0])["version"] == "1"
    assert_registered_once(address, "night-1", judged)


def test_a_twin_that_was_left_is_found_and_the_lowest_version_stays(
    registry: Registry, address: str, judged: Path, registration: Arguments
):
    done = registry.register(**registration("night-1", judged))
    client = MlflowClient(address, address)
    found = client.get_model_version(MODEL, done.version)
    twin = client.create_model_version(MODEL, found.source, found.run_id, tags=found.tags)
    assert registry.twins(MODEL) == {"night-1": ["1", str(twin.version)]}

    assert registry.register(**registration("night-1", judged)) == done
    assert_registered_once(address, "night-1", judged)


def test_a_half_uploaded_model_is_not_taken_for_whole(
    address: str, judged: Path, registration: Arguments, start: Start, tmp_path: Path
):
    start(address, "night-1", judged, die_after="model").communicate(timeout=120)
    (stored,) = tmp_path.rglob("predictor.bin")
    stored.write_bytes(stored.read_bytes()[:-1])
    Registry(address).register(**registration("night-1", judged))
    assert_registered_once(address, "night-1", judged)


def test_a_file_that_is_not_the_judged_one_is_refused_and_nothing_is_written(
    registry: Registry, address: str, judged: Path, registration: Arguments
):
    wanted = registration("night-1", judged)
    judged.write_bytes(b"another model")
    with pytest.raises(RegistryError, match=r"has digest 93dc\w+, expected .*nothing was registe"):
        registry.register(**wanted)
    assert MlflowClient(address, address).get_experiment_by_name(MODEL) is None


@pytest.mark.long
def test_kills_at_any_moment_leave_one_version(
    address: str, judged: Path, registration: Arguments, start: Start
):
    moment = random.Random(0)
    deaths = 0
    for _ in range(25):
        process = start(address, "night-1", judged, at=time.time() + 3)
        time.sleep(3 + moment.uniform(0, 1.5))
        process.kill()
        process.communicate()
        deaths += process.returncode == -signal.SIGKILL
    assert deaths >= 5
    Registry(address).register(**registration("night-1", judged))
    assert_registered_once(address, "night-1", judged)


@pytest.mark.long
def test_twenty_pairs_at_once_leave_one_version_each(address: str, judged: Path, start: Start):
    for pair in range(20):
        at = time.time() + 4
        both = [start(address, f"night-{pair}", judged, at=at) for _ in range(2)]
        answers = [process.communicate(timeout=120) for process in both]
        assert [process.returncode for process in both] == [0, 0], answers
        assert answers[0][0] == answers[1][0]
        assert_registered_once(address, f"night-{pair}", judged)


@pytest.mark.long
def test_four_processes_may_be_the_first_to_use_an_empty_folder(
    tmp_path: Path, judged: Path, start: Start
):
    address = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    at = time.time() + 6
    four = [start(address, f"night-{n}", judged, at=at) for n in range(4)]
    answers = [process.communicate(timeout=120) for process in four]
    assert [process.returncode for process in four] == [0] * 4, answers
    assert {v.version for v in Registry(address).versions(MODEL)} == {"1", "2", "3", "4"}
