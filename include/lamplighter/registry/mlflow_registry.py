"""The model registry: what steps and the command line ask of MLflow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from lamplighter.errors import RegistryError
from lamplighter.registry.connection import (
    again_if_refused,
    check_answers,
    checked_address,
    is_missing,
    is_server,
    is_unavailable,
    masked,
    open_client,
    unavailable_explained,
)
from lamplighter.registry.keyed import keep_only, version_with_key
from lamplighter.registry.packaging import LOADER
from lamplighter.registry.registration import Registered, Registration, StepHook, register
from lamplighter.registry.stale_runs import StaleRun, close_run, stale_runs
from lamplighter.registry.stored_model import (
    DEFECTS_TAG,
    DIGEST_TAG,
    KEY_TAG,
    RELEASE_TAG,
    version_bytes,
    version_files,
)
from lamplighter.registry.trials import LoggedSearch


@dataclass(frozen=True)
class Version:
    """A registered version as MLflow knows it. `key` and `digest` are empty for a stranger's."""

    model: str
    version: str
    run_id: str
    key: str
    digest: str
    created_at: datetime
    tags: Mapping[str, str]


class Registry:
    """MLflow, by the address of a server (http://...) or of an SQLite file (sqlite:///...).

    Nothing is opened before the first call.
    """

    def __init__(self, tracking_uri: str) -> None:
        self._address = checked_address(tracking_uri)

    def __repr__(self) -> str:
        return f"Registry({self.address!r})"

    @property
    def address(self) -> str:
        """Where MLflow is, without credentials."""
        return masked(self._address)

    def ping(self, *, timeout_s: float = 5.0) -> None:
        """Raise RegistryUnavailableError, soon, if MLflow does not answer."""
        check_answers(self._address, timeout_s=timeout_s)

    def register(
        self,
        *,
        key: str,
        model: str,
        predictor_path: Path,
        artifact_digest: str,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        datasets: Mapping[str, str],
        input_example: pd.DataFrame,
        output_example: Any,
        reports: Mapping[str, bytes | Path],
        requirements: list[str],
        loader: str = LOADER,
        search: LoggedSearch | None = None,
        step_hook: StepHook | None = None,
    ) -> Registered:
        """Register a judged model exactly once per `key`, and return its version and run.

        A second call, also after the first was killed at any point, completes what is there and
        returns the same version. Of two calls at once both return the same.

        Parameters
        ----------
        key : str
            What makes this registration itself; no quotes in it.
        model : str
            The registered model's name; also the name of the experiment.
        predictor_path : Path
            The judged file. It is stored unchanged.
        artifact_digest : str
            SHA-256 of that file, in hex.
        params, metrics, tags : mapping
            Shown on the run; the tags also on the version. ``mlflow.runName`` names the run.
        datasets : mapping of str to str
            Content digest by table.
        input_example : pandas.DataFrame
            A few rows of raw features; the signature is made from it.
        output_example : array_like of float, shape (n_rows,) or (n_rows, n_classes)
            The predictions for them.
        reports : mapping of str to bytes or Path
            Files by name, kept with the run.
        requirements : list of str
            What pip needs to install before the model can be loaded elsewhere.
        loader : str
            Dotted path, below ``lamplighter``, of the function from bytes to predictor.
        search : LoggedSearch, optional
            The trials that the model came from: a table with the run and, where they are not too
            many, a nested run each.
        step_hook : callable, optional
            Called with the name of each stage that is done: ``run``, ``reports``, ``model``,
            ``version``, ``trials``, ``done``.

        Raises
        ------
        RegistryUnavailableError
            If MLflow does not answer.
        RegistryError
            If the file is not the one that was judged, or MLflow refuses.
        """
        self.ping()
        wanted = Registration(
            key=key,
            model=model,
            payload=Path(predictor_path).read_bytes(),
            artifact_digest=artifact_digest,
            params=params,
            metrics=metrics,
            tags=tags,
            datasets=datasets,
            input_example=input_example,
            output_example=output_example,
            reports=reports,
            requirements=requirements,
            loader=loader,
            search=search,
        )
        with unavailable_explained(self._address):
            return register(self._client, self._address, wanted, after=step_hook or _nothing)

    def version(self, model: str, version: str) -> Version:
        """Return what MLflow knows about a version; RegistryError if it is not there."""
        with unavailable_explained(self._address):
            try:
                return _version(self._client.get_model_version(model, version))
            except MlflowException as error:
                if is_missing(error):
                    raise _no_version(model, version) from error
                raise

    def versions(self, model: str) -> list[Version]:
        """Return the versions of a model, oldest first."""
        with unavailable_explained(self._address):
            found = self._client.search_model_versions(f"name = '{model}'", max_results=10_000)
        return sorted(map(_version, found), key=lambda version: int(version.version))

    def twins(self, model: str) -> dict[str, list[str]]:
        """Return the versions of each key that has several; the lowest one is the right one.

        Two registrations at once take their twins back themselves. One is left only if the loser
        was killed before it could, and nobody called `register` with its key again.
        """
        by_key: dict[str, list[str]] = {}
        for version in self.versions(model):
            if version.key:
                by_key.setdefault(version.key, []).append(version.version)
        return {key: versions for key, versions in by_key.items() if len(versions) > 1}

    def discard_version(self, model: str, version: str) -> None:
        """Take back a version that lost against its twin; it may be gone already."""
        with unavailable_explained(self._address):
            try:
                self._client.delete_model_version(model, version)
            except MlflowException as error:
                if not is_missing(error):
                    raise

    def finish_registration(
        self, model: str, *, key: str, artifact_digest: str
    ) -> Registered | None:
        """Complete a registration whose version was made, and whose caller was killed then.

        Returns None where no version bears the key: then nothing was made that could be used.

        Raises
        ------
        RegistryError
            If the version's file is not the one that was judged.
        """
        with unavailable_explained(self._address):
            found = version_with_key(self._client, key, model)
        if found is None:
            return None
        held = self.model_digest(model, str(found.version))
        if held != artifact_digest:
            raise RegistryError(
                f"version {found.version} of {model} holds a file with digest {held[:12]}, but "
                f"{artifact_digest[:12]} was judged; it is not recorded, delete it in MLflow"
            )
        with unavailable_explained(self._address):
            keep_only(self._client, key, found)
        return Registered(version=str(found.version), run_id=str(found.run_id))

    def stale_runs(self, *, started_before: datetime) -> list[StaleRun]:
        """Return our runs from before an instant that MLflow still shows as running."""
        with unavailable_explained(self._address):
            return stale_runs(self._client, started_before=started_before)

    def close_run(self, run_id: str, *, why: str) -> None:
        """End a run as killed, with the reason as a tag."""
        with unavailable_explained(self._address):
            close_run(self._client, run_id, why=why)

    def mark_released(self, model: str, version: str, release: int) -> None:
        """Note on a version which release the alias was moved for."""
        with unavailable_explained(self._address):
            self._client.set_model_version_tag(model, version, RELEASE_TAG, str(release))

    def forget_release(self, model: str, version: str) -> None:
        """Take back what `mark_released` noted on a version."""
        with unavailable_explained(self._address):
            self._client.delete_model_version_tag(model, version, RELEASE_TAG)

    def note_defects(self, model: str, version: str, defects: str) -> None:
        """Show on a version what is known to be wrong with it; nothing any more, if empty."""
        if self.noted_defects(model, version) == defects:
            return
        with unavailable_explained(self._address):
            if defects:
                self._client.set_model_version_tag(model, version, DEFECTS_TAG, defects)
            else:
                self._client.delete_model_version_tag(model, version, DEFECTS_TAG)

    def noted_defects(self, model: str, version: str) -> str:
        """Return what `note_defects` shows on a version; empty if nothing."""
        return self.version(model, version).tags.get(DEFECTS_TAG, "")

    def released_as(self, model: str, version: str) -> int | None:
        """Return the release that `mark_released` noted on a version."""
        noted = self.version(model, version).tags.get(RELEASE_TAG, "")
        return int(noted) if noted.isdecimal() else None

    def alias(self, model: str, alias: str) -> str | None:
        """Return the version that an alias names, or None."""
        with unavailable_explained(self._address):
            try:
                return str(self._client.get_model_version_by_alias(model, alias).version)
            except MlflowException as error:
                if is_missing(error):
                    return None
                raise

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Let an alias name a version; RegistryError if the version is not there."""
        self.version(model, version)
        with unavailable_explained(self._address):
            again_if_refused(lambda: self._client.set_registered_model_alias(model, alias, version))

    def delete_alias(self, model: str, alias: str) -> None:
        """Let an alias name no version any more; nothing happens if it does not."""
        with unavailable_explained(self._address):
            try:
                self._client.delete_registered_model_alias(model, alias)
            except MlflowException as error:
                if not is_missing(error):
                    raise

    def read_model(self, model: str, version: str, *, digest: str | None = None) -> bytes:
        """Return a version's predictor as bytes, checked against its digest.

        Parameters
        ----------
        digest : str, optional
            The digest that the ledger holds; the version's own tag unless given.

        Raises
        ------
        RegistryError
            If the version is not there or has no digest, or if the bytes are not those that were
            registered.
        """
        expected = digest or self.version(model, version).digest
        if not expected:
            raise RegistryError(
                f"version {version} of {model} has no tag {DIGEST_TAG}; it was not registered by "
                "Lamplighter, so its file is not loaded"
            )
        payload = self._read(model, version)
        found = hashlib.sha256(payload).hexdigest()
        if found != expected:
            raise RegistryError(
                f"the file of version {version} of {model} has digest {found[:12]}, expected "
                f"{expected[:12]}; it was changed after it was judged, so it is not loaded"
            )
        return payload

    def model_digest(self, model: str, version: str) -> str:
        """Return the SHA-256, in hex, of the predictor's bytes as MLflow holds them now."""
        return hashlib.sha256(self._read(model, version)).hexdigest()

    def model_files(self, model: str, version: str) -> tuple[bytes, str]:
        """Return all files of a version's MLflow model in one archive, and their digest."""
        self.version(model, version)
        with unavailable_explained(self._address):
            return version_files(self._client, model, version)

    def run_url(self, run_id: str) -> str:
        """Return the address of a run in MLflow's web interface; empty without a server."""
        if not is_server(self._address):
            return ""
        with unavailable_explained(self._address):
            experiment_id = self._client.get_run(run_id).info.experiment_id
        return f"{self.address}/#/experiments/{experiment_id}/runs/{run_id}"

    @cached_property
    def _client(self) -> MlflowClient:
        return open_client(self._address)

    def _read(self, model: str, version: str) -> bytes:
        self.version(model, version)
        with unavailable_explained(self._address):
            try:
                return version_bytes(self._client, model, version)
            except MlflowException as error:
                if is_unavailable(error):
                    raise
                raise RegistryError(
                    f"the model registry holds no file for version {version} of {model}, expected "
                    "the predictor that was judged; it was deleted from the artifact store, or "
                    "Lamplighter did not register this version"
                ) from error


def _nothing(stage: str) -> None:
    pass


def _version(found: Any) -> Version:
    tags = dict(found.tags)
    return Version(
        model=found.name,
        version=str(found.version),
        run_id=found.run_id or "",
        key=tags.get(KEY_TAG, ""),
        digest=tags.get(DIGEST_TAG, ""),
        created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        tags=tags,
    )


def _no_version(model: str, version: str) -> RegistryError:
    return RegistryError(
        f"version {version} of {model} is not in the model registry, though it was asked for; it "
        "was deleted there, or the address names another registry"
    )
