"""A model that somebody else registered, made to score like ours: its MLflow files, and how to ask.

The files are kept unchanged in one artifact, beside a description: which columns the model takes,
and which of its answers is the prediction. Loading it runs code from it, as with any model.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import mlflow.pyfunc
import mlflow.sklearn
import mlflow.xgboost
import numpy as np
import numpy.typing as npt
import pandas as pd
from mlflow.models import Model
from threadpoolctl import threadpool_limits

from lamplighter.errors import ArtifactError, DataError, RegistryError

FORMAT = b"lamplighter-adopted-1\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LOADERS = {"sklearn": mlflow.sklearn.load_model, "xgboost": mlflow.xgboost.load_model}


@dataclass(frozen=True)
class Description:
    """How an adopted model is asked.

    Attributes
    ----------
    task : str
        What it predicts: binary, multiclass or regression.
    flavor : str
        MLflow's flavour that it is loaded by.
    features : tuple of str
        Columns that it takes, in this order.
    classes : tuple
        Classes in the order of the predictions.
    columns : tuple of int
        Of its probabilities, those to take, in the order of `classes`; empty for a model that
        gives its prediction itself.
    """

    task: str
    flavor: str
    features: tuple[str, ...]
    classes: tuple[Any, ...] = ()
    columns: tuple[int, ...] = ()


class AdoptedModel:
    """A foreign model behind the interface of `Predictor`."""

    def __init__(self, description: Description, files: bytes) -> None:
        self._description = description
        self._files = files
        folder = Path(tempfile.mkdtemp(prefix="lamplighter-adopted-"))
        # A pyfunc model may read its files while it predicts: they go when it goes.
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        _unpack(files, folder)
        self._model = _load(folder, description.flavor)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the raw features that `predict` needs."""
        return self._description.features

    @property
    def task(self) -> str:
        """What is predicted: binary, multiclass or regression."""
        return self._description.task

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes in the order of `predict`; a binary task's second one is the positive."""
        return self._description.classes

    def predict(self, X: pd.DataFrame, *, threads: int = 1) -> npt.NDArray[np.float64]:
        """Predict from raw features; shapes as of `Predictor`.

        Raises
        ------
        DataError
            If a feature is missing, or the model cannot score the rows.
        """
        missing = [name for name in self.features if name not in X]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(self.features)} features are missing: {', '.join(missing)}"
            )
        if not len(X):
            shape = (0, len(self.classes)) if self.task == "multiclass" else (0,)
            return np.empty(shape)
        rows = X[list(self.features)].reset_index(drop=True)
        try:
            with threadpool_limits(limits=threads):
                answer = np.asarray(_ask(self._model, rows, self._description), dtype=np.float64)
        except Exception as error:  # whatever a stranger's model does with our rows
            said = " ".join(str(error).split())[:300]
            raise DataError(f"it cannot score ({type(error).__name__}: {said})") from error
        if self.task == "multiclass":
            return answer[:, list(self._description.columns)]
        if answer.ndim == 2:
            answer = answer[:, self._description.columns[-1] if self._description.columns else 0]
        return answer

    def to_bytes(self) -> bytes:
        """Return the model as bytes."""
        described = json.dumps(asdict(self._description), sort_keys=True).encode()
        return FORMAT + described + b"\n" + self._files

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Read a model back. Only from a store that you trust.

        Raises
        ------
        ArtifactError
            If the bytes are not an adopted model, or it cannot be loaded here.
        """
        described, _, files = payload.removeprefix(FORMAT).partition(b"\n")
        try:
            known = json.loads(described)
        except ValueError as error:
            raise ArtifactError(f"the adopted model cannot be read ({error})") from error
        lists = {name: tuple(known[name]) for name in ("features", "classes", "columns")}
        try:
            return cls(Description(**{**known, **lists}), files)
        except RegistryError as error:
            raise ArtifactError(str(error)) from error


def describe(
    files: bytes, *, task: str, available: Sequence[str], labels: Sequence[Any], positive: Any
) -> Description:
    """Find out how a model has to be asked.

    Parameters
    ----------
    files : bytes
        As `pack` returns them.
    available : sequence of str
        Features that the spec makes.
    labels : sequence
        Classes among the known labels, for the task multiclass.
    positive : object
        For the task binary: the target's value that is predicted; None for 1.

    Raises
    ------
    RegistryError
        If it cannot be loaded here, takes other columns, or knows other classes.
    """
    with tempfile.TemporaryDirectory(prefix="lamplighter-adopted-") as name:
        folder = Path(name)
        _unpack(files, folder)
        meta = Model.load(str(folder))
        flavor = next((known for known in _LOADERS if known in meta.flavors), "pyfunc")
        model = _load(folder, flavor)
    features = _features(meta, model, available)
    gone = [column for column in features if column not in available]
    if gone:
        raise RegistryError(
            f"it takes the column {', '.join(gone)}, which is no feature of the spec; there are "
            f"{', '.join(available)}"
        )
    known = [getattr(value, "item", lambda v=value: v)() for value in _classes(model)]
    classes, columns = _answers(task, known, labels, positive)
    return Description(task, flavor, tuple(features), classes, columns)


def pack(folder: Path) -> bytes:
    """Put the files of a model's folder into one archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(folder):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=_EPOCH)
            archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def folder_digest(folder: Path) -> str:
    """Digest the names and contents of a model's files: SHA-256, in hex."""
    digest = hashlib.sha256()
    for path in _files(folder):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}:{content}\n".encode())
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    # MLflow notes in this file, beside a model's own, when and as what it was registered.
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name != "registered_model_meta"
    )


def _unpack(files: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        archive.extractall(folder)


def _load(folder: Path, flavor: str) -> Any:
    try:
        return _LOADERS.get(flavor, mlflow.pyfunc.load_model)(str(folder))
    except ModuleNotFoundError as error:
        raise RegistryError(
            f"it needs the package {error.name}, which is not installed here; install what its "
            "requirements.txt in MLflow lists"
        ) from error
    except Exception as error:  # whatever a stranger's model does while it is loaded
        said = " ".join(str(error).split())[:300]
        raise RegistryError(f"it cannot be loaded ({type(error).__name__}: {said})") from error


def _features(meta: Model, model: Any, available: Sequence[str]) -> list[str]:
    signature = meta.signature
    if (
        signature is not None
        and signature.inputs is not None
        and signature.inputs.has_input_names()
    ):
        return list(signature.inputs.input_names())
    for name in ("feature_names_in_", "feature_names"):
        named = getattr(model, name, None)
        if named is not None:
            return [str(column) for column in named]
    return list(available)


def _classes(model: Any) -> Sequence[Any]:
    return list(model.classes_) if hasattr(model, "predict_proba") else []


def _answers(
    task: str, known: Sequence[Any], labels: Sequence[Any], positive: Any
) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    if task == "regression":
        if known:
            raise RegistryError(f"it tells classes apart ({_listed(known)}), expected a regression")
        return (), ()
    if task == "multiclass":
        if not known or set(labels) - set(known):
            raise RegistryError(
                f"it gives probabilities of the classes {_listed(known)}, expected at least "
                f"{_listed(sorted(labels, key=str))}"
            )
        order = sorted(range(len(known)), key=lambda k: known[k])
        return tuple(known[k] for k in order), tuple(order)
    if not known:  # it gives the probability itself; whether it does is seen when it scores
        return (0.0, 1.0), ()
    wanted = 1 if positive is None else positive
    chosen = [k for k, value in enumerate(known) if value == wanted]
    if len(known) != 2 or (not chosen and set(known) != {0, 1}):
        raise RegistryError(
            f"it tells {_listed(known)} apart, expected two classes with {wanted!r} among them"
        )
    column = chosen[0] if chosen else known.index(1)
    return (0.0, 1.0), (column,)


def _ask(model: Any, rows: pd.DataFrame, described: Description) -> Any:
    if described.columns:
        return model.predict_proba(rows)
    if described.flavor == "xgboost" and not hasattr(model, "get_params"):
        import xgboost

        return model.predict(xgboost.DMatrix(rows))
    return model.predict(rows)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values)) or "none"
