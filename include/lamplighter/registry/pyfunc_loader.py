"""Loads a registered model inside `mlflow.pyfunc.load_model`: checks the bytes, then unpickles.

It imports neither MLflow nor the training code: the folder's `loader.json` names the function
that turns the bytes into a predictor, and only functions of Lamplighter itself are accepted.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lamplighter.errors import RegistryError

PREDICTOR_FILE = "predictor.bin"
LOADER_FILE = "loader.json"


class LoadedModel:
    """What MLflow calls: a predictor with the `predict` that pyfunc expects."""

    def __init__(self, predictor: Any) -> None:
        self.predictor = predictor

    def predict(self, frame: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictor's predictions for a frame of features, one row each."""
        return self.predictor.predict(frame)


def _load_pyfunc(path: str) -> LoadedModel:
    """Load the predictor in folder `path`. MLflow looks this function up by its name."""
    payload, loader = read_folder(Path(path))
    return LoadedModel(_resolve(loader)(payload))


def read_folder(folder: Path) -> tuple[bytes, str]:
    """Return the predictor's bytes and its loader's dotted path, having checked the digest.

    Raises
    ------
    RegistryError
        If the bytes are not those that were packed.
    """
    packed = json.loads((folder / LOADER_FILE).read_text(encoding="utf-8"))
    payload = (folder / PREDICTOR_FILE).read_bytes()
    found = hashlib.sha256(payload).hexdigest()
    if found != packed["digest"]:
        raise RegistryError(
            f"the model's file has digest {found[:12]}, expected {packed['digest'][:12]}; it was "
            "changed or damaged after it was registered, do not use it"
        )
    return payload, packed["loader"]


def _resolve(loader: str) -> Callable[[bytes], Any]:
    module_name, _, attribute = loader.partition(":")
    if module_name.split(".")[0] != "lamplighter" or not attribute:
        raise RegistryError(
            f"the model names {loader!r} as its loader, expected lamplighter.<module>:<function>; "
            "it was not registered by Lamplighter, do not use it"
        )
    target: Any = importlib.import_module(module_name)
    for name in attribute.split("."):
        target = getattr(target, name)
    loaded: Callable[[bytes], Any] = target
    return loaded
