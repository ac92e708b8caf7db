"""Reads back the bytes of a model that MLflow holds, and measures their digest."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from lamplighter.registry.connection import check_reachable
from lamplighter.registry.packaging import DATA_FOLDER
from lamplighter.registry.pyfunc_loader import PREDICTOR_FILE

KEY_TAG = "lamplighter.key"
DIGEST_TAG = "lamplighter.artifact_digest"
MODEL_TAG = "lamplighter.model_id"
RELEASE_TAG = "lamplighter.release"
DEFECTS_TAG = "lamplighter.known_defects"


def version_bytes(client: MlflowClient, model: str, version: str) -> bytes:
    """Return the predictor's bytes of a registered version, as they lie there, unchecked."""
    return _download(client, client.get_model_version_download_uri(model, version))


def version_files(client: MlflowClient, model: str, version: str) -> tuple[bytes, str]:
    """Return all files of a registered version in one archive, and their digest."""
    # Its import loads the flavours, which only an adopted model needs.
    from lamplighter.registry.adopted_model import folder_digest, pack

    location = client.get_model_version_download_uri(model, version)
    check_reachable(client.tracking_uri, location)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(
            download_artifacts(
                artifact_uri=location,
                dst_path=folder,
                tracking_uri=client.tracking_uri,
                registry_uri=client.tracking_uri,
            )
        )
        return pack(path), folder_digest(path)


def logged_digest(client: MlflowClient, model_id: str) -> str:
    """Return the SHA-256, in hex, of the predictor's bytes of a logged model."""
    location = client.get_logged_model(model_id).artifact_location
    return hashlib.sha256(_download(client, location)).hexdigest()


def _download(client: MlflowClient, location: str) -> bytes:
    check_reachable(client.tracking_uri, location)
    with tempfile.TemporaryDirectory() as folder:
        path = download_artifacts(
            artifact_uri=f"{location}/data/{DATA_FOLDER}/{PREDICTOR_FILE}",
            dst_path=folder,
            tracking_uri=client.tracking_uri,
            registry_uri=client.tracking_uri,
        )
        return Path(path).read_bytes()
