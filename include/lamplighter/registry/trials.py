"""A search's trials in MLflow: nested runs below the registered run, and one table of them all."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from lamplighter.registry.connection import is_unavailable
from lamplighter.registry.stale_runs import CLOSED_TAG, TRIAL_OF_TAG

MOST_NESTED = 50
"""Trials beyond which there are no nested runs, only the table."""

TRIAL_TAG = "lamplighter.trial"
TABLE = "trials.json"

_PARENT_TAG = "mlflow.parentRunId"
_TABLES_TAG = "mlflow.loggedArtifacts"
_ENDED_AS = {"ok": "FINISHED", "failed": "FAILED", "pruned": "KILLED"}
_LONGEST_PARAM = 500


@dataclass(frozen=True)
class LoggedTrial:
    """One trial as MLflow shall show it. `status` is "ok", "failed" or "pruned"."""

    index: int
    name: str
    status: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class LoggedSearch:
    """A search as MLflow shall show it: its trials, and a table of `columns` and `data`."""

    trials: Sequence[LoggedTrial]
    table: Mapping[str, Any]


def log_search(client: MlflowClient, key: str, run_id: str, search: LoggedSearch) -> None:
    """Write a search below a run, exactly once however often it is tried.

    A trial's run is found again by the registration's key and the trial's index. What a killed try
    left half-written is completed; of what twins wrote twice, one stays.
    """
    run = client.get_run(run_id)
    _log_table(client, run_id, search.table)
    if len(search.trials) > MOST_NESTED:
        return
    experiment_id = run.info.experiment_id
    existing = _by_index(client, key, experiment_id)
    for trial in search.trials:
        runs = existing.get(trial.index, [])
        if runs and _is_whole(runs[0]):
            continue
        begun = run.info.start_time + trial.index
        nested = runs[0] if runs else _create(client, key, experiment_id, trial, begun, run_id)
        with _unless_a_twin_took_it():
            _describe(client, nested, trial)
    _keep_one_of_each(client, key, experiment_id, run_id)


def _create(
    client: MlflowClient, key: str, experiment_id: str, trial: LoggedTrial, begun: int, parent: str
) -> Any:
    tags = {
        _PARENT_TAG: parent,
        TRIAL_OF_TAG: key,
        TRIAL_TAG: str(trial.index),
        "lamplighter.status": trial.status,
    }
    return client.create_run(experiment_id, start_time=begun, run_name=trial.name, tags=tags)


def _is_whole(run: Any) -> bool:
    """Say whether a trial's run was ended by who wrote it, not by upkeep in the middle."""
    return run.info.status != "RUNNING" and CLOSED_TAG not in run.data.tags


def _describe(client: MlflowClient, run: Any, trial: LoggedTrial) -> None:
    # The run's own start as the metrics' time: a second try writes the same points, not new ones.
    at = run.info.start_time
    seconds = trial.metrics.get("seconds", 0.0)
    client.log_batch(
        run.info.run_id,
        metrics=[
            Metric(name, float(value), at, 0)
            for name, value in trial.metrics.items()
            if math.isfinite(value)
        ],
        params=[Param(name, str(v)[:_LONGEST_PARAM]) for name, v in trial.params.items()],
    )
    client.set_terminated(run.info.run_id, _ENDED_AS[trial.status], at + round(1000 * seconds))
    if CLOSED_TAG in run.data.tags:
        client.delete_tag(run.info.run_id, CLOSED_TAG)


def _log_table(client: MlflowClient, run_id: str, table: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / TABLE
        path.write_text(json.dumps({"columns": table["columns"], "data": table["data"]}))
        client.log_artifact(run_id, str(path))
    tables = json.dumps([{"path": TABLE, "type": "table"}])
    client.log_batch(run_id, tags=[RunTag(_TABLES_TAG, tables)])


def _keep_one_of_each(client: MlflowClient, key: str, experiment_id: str, parent: str) -> None:
    for first, *twins in _by_index(client, key, experiment_id).values():
        if first.data.tags.get(_PARENT_TAG) != parent:
            with _unless_a_twin_took_it():
                client.set_tag(first.info.run_id, _PARENT_TAG, parent)
        for twin in twins:
            with _unless_a_twin_took_it():
                client.delete_run(twin.info.run_id)


def _by_index(client: MlflowClient, key: str, experiment_id: str) -> dict[int, list[Any]]:
    """Return the nested runs of each trial, the one that stays first."""
    wanted = f"tags.`{TRIAL_OF_TAG}` = '{key}'"
    found: dict[int, list[Any]] = {}
    token = None
    while True:
        page = client.search_runs([experiment_id], wanted, max_results=1_000, page_token=token)
        for run in page:
            found.setdefault(int(run.data.tags[TRIAL_TAG]), []).append(run)
        token = page.token
        if not token:
            break
    for runs in found.values():
        runs.sort(key=lambda run: (run.info.start_time, run.info.run_id))
    return found


@contextmanager
def _unless_a_twin_took_it() -> Iterator[None]:
    # A twin writes the same trial at the same time, and deletes one of both by the same rule.
    try:
        yield
    except MlflowException as error:
        if is_unavailable(error):
            raise
