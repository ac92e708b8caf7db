"""What MLflow holds under a registration's key: finding it, and keeping only what belongs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from lamplighter.registry.connection import is_unavailable
from lamplighter.registry.stored_model import KEY_TAG, MODEL_TAG


def runs_with_key(client: MlflowClient, key: str, experiment_id: str) -> list[Any]:
    """Return the runs with the key, oldest first."""
    runs = client.search_runs([experiment_id], _tagged(key))
    return sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))


def models_with_key(client: MlflowClient, key: str, experiment_id: str) -> list[Any]:
    """Return the logged models with the key, whole or not, oldest first."""
    found = client.search_logged_models([experiment_id], filter_string=_tagged(key))
    return sorted(found, key=lambda model: (model.creation_timestamp, model.model_id))


def versions_with_key(client: MlflowClient, key: str, name: str) -> list[ModelVersion]:
    """Return the versions with the key, the one that stays first."""
    found = client.search_model_versions(f"name = '{name}' and {_tagged(key)}")
    return sorted(found, key=lambda version: int(version.version))


def version_with_key(client: MlflowClient, key: str, name: str) -> ModelVersion | None:
    """Return the version with the key that stays, if there is one."""
    return next(iter(versions_with_key(client, key, name)), None)


def keep_only(client: MlflowClient, key: str, winner: ModelVersion) -> None:
    """End the winner's run, and take back what twins and killed tries left under the key."""
    run = client.get_run(winner.run_id)
    if run.info.status != "FINISHED":
        client.set_terminated(winner.run_id, "FINISHED", int(time.time() * 1000))
    experiment_id = run.info.experiment_id
    for version in versions_with_key(client, key, winner.name):
        if version.version != winner.version:
            with _unless_taken_back_already():
                client.delete_model_version(winner.name, str(version.version))
    for model in models_with_key(client, key, experiment_id):
        if model.model_id != winner.tags.get(MODEL_TAG):
            with _unless_taken_back_already():
                client.delete_logged_model(model.model_id)
    for other in runs_with_key(client, key, experiment_id):
        if other.info.run_id != winner.run_id:
            with _unless_taken_back_already():
                client.delete_run(other.info.run_id)


def _tagged(key: str) -> str:
    return f"tags.`{KEY_TAG}` = '{key}'"


@contextmanager
def _unless_taken_back_already() -> Iterator[None]:
    # A twin tidies up at the same time, by the same rule.
    try:
        yield
    except MlflowException as error:
        if is_unavailable(error):
            raise
