"""Registers a judged model exactly once, however often and by however many it is tried.

The key is a tag on the run, on the logged model and on the version. Every stage first looks for
what an earlier, killed try left behind under that key, and goes on from there. Twins, of two
processes at once, are settled by a rule that both can see: MLflow numbers versions one by one, so
the lowest version with the key stays, and whoever made a higher one takes it back.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from lamplighter.errors import RegistryError
from lamplighter.registry.connection import (
    again_if_refused,
    already_exists,
    artifact_root,
    check_reachable,
    is_server,
)
from lamplighter.registry.keyed import (
    keep_only,
    models_with_key,
    runs_with_key,
    version_with_key,
)
from lamplighter.registry.packaging import pack_model
from lamplighter.registry.stored_model import DIGEST_TAG, KEY_TAG, MODEL_TAG, logged_digest
from lamplighter.registry.trials import LoggedSearch, log_search

StepHook = Callable[[str], None]
_MLFLOW_DIGEST_LENGTH = 36


@dataclass(frozen=True)
class Registered:
    """A version in MLflow, and the run it came from."""

    version: str
    run_id: str


@dataclass(frozen=True)
class Registration:
    """What is to be registered, under which key. See `Registry.register` for the fields."""

    key: str
    model: str
    payload: bytes
    artifact_digest: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    datasets: Mapping[str, str]
    input_example: pd.DataFrame
    output_example: Any
    reports: Mapping[str, bytes | Path]
    requirements: list[str]
    loader: str
    search: LoggedSearch | None = None


def register(
    client: MlflowClient, address: str, wanted: Registration, *, after: StepHook
) -> Registered:
    """Bring run, model and version of `wanted` into being, each exactly once.

    Parameters
    ----------
    after : callable
        Called with ``run``, ``reports``, ``model``, ``version``, ``trials`` (where there is a
        search) and ``done`` after each stage.
    """
    _check(wanted)
    # A twin writes to our run at the same moment, or has finished and deletes it under our hands.
    # Everything is done by looking first, so that another try goes on from where it stands.
    winner = again_if_refused(
        lambda: (
            version_with_key(client, wanted.key, wanted.model)
            or _create(client, address, wanted, after)
        )
    )
    if wanted.search is not None:
        log_search(client, wanted.key, str(winner.run_id), wanted.search)
        after("trials")
    keep_only(client, wanted.key, winner)
    after("done")
    return Registered(version=str(winner.version), run_id=str(winner.run_id))


def _check(wanted: Registration) -> None:
    if "'" in wanted.key:
        raise RegistryError(f"the key {wanted.key!r} holds a quote, which MLflow cannot search for")
    found = hashlib.sha256(wanted.payload).hexdigest()
    if found != wanted.artifact_digest:
        raise RegistryError(
            f"the file to register has digest {found[:12]}, expected {wanted.artifact_digest[:12]}"
            "; it is not the model that was judged, so nothing was registered"
        )


def _create(
    client: MlflowClient, address: str, wanted: Registration, after: StepHook
) -> ModelVersion:
    experiment_id = _experiment(client, address, wanted.model)
    run = _run(client, wanted, experiment_id)
    run_id = run.info.run_id
    after("run")
    _describe(client, wanted, run)
    after("reports")
    model_id = _logged_model(client, wanted, experiment_id, run_id)
    after("model")
    _create_name(client, wanted.model)
    # The twin may have finished while we uploaded.
    found = version_with_key(client, wanted.key, wanted.model)
    if found is not None:
        return found
    client.create_model_version(
        wanted.model,
        source=_source(client, address, model_id),
        run_id=run_id,
        model_id=model_id,
        tags={**_tags(wanted), MODEL_TAG: model_id},
        await_creation_for=0,
    )
    after("version")
    winner = version_with_key(client, wanted.key, wanted.model)
    if winner is None:
        raise RegistryError(
            f"the version of {wanted.model} that was just created is gone; look who deletes "
            "versions, then try again"
        )
    return winner


def _experiment(client: MlflowClient, address: str, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=_location(address, name)))
        except MlflowException as error:
            if not already_exists(error):
                raise
            found = client.get_experiment_by_name(name)
    check_reachable(address, found.artifact_location)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _location(address: str, name: str) -> str | None:
    root = artifact_root(address)
    return f"{root}/{name}" if root else None


def _run(client: MlflowClient, wanted: Registration, experiment_id: str) -> Any:
    """Return the oldest run with the key, so that twins, who see both, agree on one."""
    runs = runs_with_key(client, wanted.key, experiment_id)
    if runs:
        return runs[0]
    run_name = wanted.tags.get("mlflow.runName", wanted.model)
    client.create_run(experiment_id, run_name=run_name, tags=_tags(wanted))
    return runs_with_key(client, wanted.key, experiment_id)[0]


def _describe(client: MlflowClient, wanted: Registration, run: Any) -> None:
    # The run's own start as the metrics' time: a second try writes the same points, not new ones.
    # MLflow refuses to change a parameter: what the first try said, such as its threads, stays.
    run_id, at, said = run.info.run_id, run.info.start_time, run.data.params
    client.log_batch(
        run_id,
        metrics=[Metric(name, float(value), at, 0) for name, value in wanted.metrics.items()],
        params=[Param(n, str(value)) for n, value in wanted.params.items() if n not in said],
        tags=[RunTag(f"lamplighter.data.{name}", full) for name, full in wanted.datasets.items()],
    )
    datasets = [_dataset(name, digest) for name, digest in wanted.datasets.items()]
    if datasets:
        client.log_inputs(run_id, datasets=datasets)
    with tempfile.TemporaryDirectory() as folder:
        for name, report in wanted.reports.items():
            payload = report if isinstance(report, bytes) else report.read_bytes()
            path = Path(folder) / name
            path.write_bytes(payload)
            client.log_artifact(run_id, str(path), "reports")


def _dataset(name: str, digest: str) -> DatasetInput:
    # MLflow keeps 36 characters of a digest; the whole one is a tag of the run.
    source = f'{{"table": "{name}", "digest": "{digest}"}}'
    return DatasetInput(
        Dataset(
            name=name,
            digest=digest[:_MLFLOW_DIGEST_LENGTH],
            source_type="lamplighter",
            source=source,
        )
    )


def _logged_model(
    client: MlflowClient, wanted: Registration, experiment_id: str, run_id: str
) -> str:
    for left in models_with_key(client, wanted.key, experiment_id):
        if left.source_run_id == run_id and _is_whole(client, wanted, left):
            return str(left.model_id)
    created = client.create_logged_model(
        experiment_id, name="model", source_run_id=run_id, tags=_tags(wanted)
    )
    description = Model(
        run_id=run_id,
        model_id=created.model_id,
        model_uuid=created.model_id,
        artifact_path=created.artifact_location,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = pack_model(
            Path(folder),
            payload=wanted.payload,
            digest=wanted.artifact_digest,
            input_example=wanted.input_example,
            output_example=wanted.output_example,
            requirements=wanted.requirements,
            loader=wanted.loader,
            description=description,
        )
        client.log_model_artifacts(created.model_id, str(path))
    client.finalize_logged_model(created.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(created.model_id, step=0)])
    if not _is_whole(client, wanted, created):
        raise RegistryError(
            f"the model that arrived in MLflow for {wanted.model} is not the one that was sent; "
            "check the artifact store, then try again"
        )
    return str(created.model_id)


def _is_whole(client: MlflowClient, wanted: Registration, model: Any) -> bool:
    if client.get_logged_model(model.model_id).status != "READY":
        return False
    return logged_digest(client, model.model_id) == wanted.artifact_digest


def _create_name(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if not already_exists(error):
            raise


def _source(client: MlflowClient, address: str, model_id: str) -> str:
    # Without a server, MLflow looks a models:/ address up in another client, the global one.
    if is_server(address):
        return f"models:/{model_id}"
    return str(client.get_logged_model(model_id).artifact_location)


def _tags(wanted: Registration) -> dict[str, str]:
    return {**wanted.tags, KEY_TAG: wanted.key, DIGEST_TAG: wanted.artifact_digest}
