"""Runs that MLflow still shows as running though whoever ran them is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from mlflow import MlflowClient

from lamplighter.registry.stored_model import KEY_TAG

CLOSED_TAG = "lamplighter.closed"
TRIAL_OF_TAG = "lamplighter.trial_of"
"""On a nested run of a trial: the key of the registration that it belongs to."""

_EXPERIMENTS_AT_ONCE = 100


@dataclass(frozen=True)
class StaleRun:
    """A run of ours that is long over, and that nobody ended."""

    run_id: str
    name: str
    started_at: datetime


def stale_runs(client: MlflowClient, *, started_before: datetime) -> list[StaleRun]:
    """Return the runs that Lamplighter began before an instant and that still run, oldest first."""
    millis = int(started_before.timestamp() * 1000)
    wanted = f"attributes.status = 'RUNNING' and attributes.start_time < {millis}"
    found = [
        StaleRun(
            run_id=run.info.run_id,
            name=run.info.run_name or "",
            started_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        )
        for ids in batched(_experiments(client), _EXPERIMENTS_AT_ONCE)
        for run in _runs(client, list(ids), wanted)
        if not {KEY_TAG, TRIAL_OF_TAG}.isdisjoint(run.data.tags)
    ]
    return sorted(found, key=lambda run: (run.started_at, run.run_id))


def close_run(client: MlflowClient, run_id: str, *, why: str) -> None:
    """End a run as killed, and say why on it. Its registration may still be completed later."""
    client.set_tag(run_id, CLOSED_TAG, why)
    client.set_terminated(run_id, "KILLED", int(time.time() * 1000))


def _experiments(client: MlflowClient) -> Iterator[str]:
    token = None
    while True:
        page = client.search_experiments(page_token=token)
        yield from (str(experiment.experiment_id) for experiment in page)
        token = page.token
        if not token:
            return


def _runs(client: MlflowClient, experiments: list[str], wanted: str) -> Iterator[Any]:
    token = None
    while True:
        page = client.search_runs(experiments, wanted, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
