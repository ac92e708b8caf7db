"""The same registry through a real MLflow server, and a model served by MLflow itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from lamplighter.errors import RegistryError
from lamplighter.registry.mlflow_registry import Registry

MODEL = "flights"
Start = Callable[..., subprocess.Popen[str]]
Arguments = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.long


@contextmanager
def mlflow_command(*arguments: str, port: int, folder: Path, path: str) -> Iterator[str]:
    """Run an mlflow command until it answers, and end its whole process group afterwards."""
    log = (folder / f"mlflow-{port}.log").open("w")
    # MLflow starts uvicorn by its bare name.
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *arguments, "--port", str(port)],
        cwd=folder,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PATH": commands},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while not _answers(f"{address}{path}"):
            assert process.poll() is None, Path(log.name).read_text()
            assert time.monotonic() < deadline, Path(log.name).read_text()
            time.sleep(0.3)
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


@pytest.fixture(scope="module", params=["served", "direct"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A server that passes files through itself, and one whose clients write them directly."""
    folder = tmp_path_factory.mktemp("server")
    files = (
        ["--artifacts-destination", str(folder / "files")]
        if request.param == "served"
        else ["--no-serve-artifacts", "--default-artifact-root", str(folder / "files")]
    )
    store = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--workers", "1"]
    with mlflow_command(
        "server", *store, *files, port=_free_port(), folder=folder, path="/health"
    ) as address:
        yield address


def test_a_kill_after_any_stage_leaves_one_version_on_a_server(
    server: str, judged: Path, registration: Arguments, start: Start
):
    for stage in ("run", "reports", "model", "version", "done", "alias"):
        key = f"killed after {stage}"
        killed = start(server, key, judged, die_after=stage)
        killed.communicate(timeout=120)
        assert killed.returncode == -signal.SIGKILL
        registry = Registry(server)
        done = registry.register(**registration(key, judged))
        registry.set_alias(MODEL, "champion", done.version)
        assert registry.alias(MODEL, "champion") == done.version
        assert _versions(server, key) == [done.version]
        assert _runs(server, key) == [done.run_id]
        assert registry.read_model(MODEL, done.version) == judged.read_bytes()


def test_two_at_once_leave_one_version_on_a_server(server: str, judged: Path, start: Start):
    for pair in range(3):
        key, at = f"pair {pair}", time.time() + 4
        both = [start(server, key, judged, at=at) for _ in range(2)]
        answers = [process.communicate(timeout=120) for process in both]
        assert [process.returncode for process in both] == [0, 0], answers
        assert answers[0][0] == answers[1][0]
        done = json.loads(answers[0][0])
        assert _versions(server, key) == [done["version"]]
        assert _runs(server, key) == [done["run_id"]]


def test_missing_things_are_said_the_same_way_as_without_a_server(
    server: str, judged: Path, registration: Arguments
):
    registry = Registry(server)
    done = registry.register(**registration("answers", judged))
    assert registry.alias(MODEL, "nobody") is None
    assert registry.alias("unknown", "champion") is None
    assert registry.run_url(done.run_id).startswith(f"{server}/#/experiments/")
    with pytest.raises(RegistryError, match="version 999 of flights is not in the model registry"):
        registry.version(MODEL, "999")
    registry.discard_version(MODEL, done.version)
    registry.discard_version(MODEL, done.version)
    with pytest.raises(RegistryError, match="deleted there"):
        registry.version(MODEL, done.version)


def test_a_registered_model_answers_when_mlflow_serves_it(
    registry: Registry, address: str, registration: Arguments, tmp_path: Path
):
    predictor, rows = _trained()
    path = tmp_path / "trained.bin"
    path.write_bytes(predictor.to_bytes())
    examples = {"input_example": rows, "output_example": predictor.predict(rows)}
    registry.register(**registration("served", path) | examples)
    registry.set_alias(MODEL, "champion", "1")

    os.environ["MLFLOW_TRACKING_URI"] = address
    try:
        serve = ("models", "serve", "-m", f"models:/{MODEL}@champion", "--env-manager", "local")
        with mlflow_command(*serve, port=_free_port(), folder=tmp_path, path="/ping") as served:
            body = {"dataframe_split": rows.to_dict(orient="split")}
            answer = _post(f"{served}/invocations", body)
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]
    assert answer["predictions"] == pytest.approx(list(predictor.predict(rows)))


def _trained() -> tuple[Any, Any]:
    import numpy as np
    import pandas as pd

    from lamplighter.training.ensemble import TrainingSet, fit_ensemble
    from lamplighter.training.members.catalogue import ALGORITHMS
    from lamplighter.training.trial import TrialRecord

    params = dict(ALGORITHMS["linear"].defaults)
    rows = pd.DataFrame({"distance": range(100), "carrier": ["AA", "B6"] * 50})
    late = (rows["distance"] > 40).to_numpy().astype(int)
    shuffled = np.random.default_rng(0).permutation(100)
    data = TrainingSet(X=rows, y=late, folds=[(shuffled[:50], shuffled[50:])], task="binary")
    trials = [TrialRecord(0, "linear", params, 0.4, 0.1, "ok")]
    fitted = fit_ensemble(data, trials, predictions=lambda index: None, seed=0, threads=1)
    return fitted.predictor, rows.head(5)


def _versions(server: str, key: str) -> list[str]:
    client = MlflowClient(server, server)
    found = client.search_model_versions(f"name = '{MODEL}' and tags.`lamplighter.key` = '{key}'")
    return [str(version.version) for version in found]


def _runs(server: str, key: str) -> list[str]:
    client = MlflowClient(server, server)
    experiment = client.get_experiment_by_name(MODEL).experiment_id
    found = client.search_runs([experiment], f"tags.`lamplighter.key` = '{key}'")
    return [run.info.run_id for run in found]


def _post(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
