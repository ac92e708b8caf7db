"""How a judged predictor becomes an MLflow model: its bytes unchanged, and all around it said.

MLflow's own formats refuse our ensembles (skops) or pickle them anew, so that the file judged
would not be the file released. We pack the bytes that were judged, beside a loader.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import AnyType

import lamplighter
from lamplighter.errors import RegistryError
from lamplighter.registry.pyfunc_loader import LOADER_FILE, PREDICTOR_FILE

LOADER = "lamplighter.training.predictor:Predictor.from_bytes"
DATA_FOLDER = "predictor"

# Without the command line, the steps and the migrations a stranger needs nothing of them to score.
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "cli", "examples", "ledger", "quality", "steps", "tuning"
)


def signature_of(inputs: pd.DataFrame, outputs: Any) -> ModelSignature:
    """Describe a model's inputs and outputs to MLflow.

    Fractions are doubles and text is text. Whole numbers, truth values and categories are declared
    as of any type: MLflow would refuse a column of whole numbers for a double, and one with a
    missing value, which pandas turns into fractions, for a whole number. The predictor takes both.

    Parameters
    ----------
    inputs : pandas.DataFrame
        A few rows of features.
    outputs : array_like of float, shape (n_rows,) or (n_rows, n_classes)
        The predictions for them.
    """
    columns = [ColSpec(_column_type(inputs[name]), str(name)) for name in inputs.columns]
    shape = (-1, *np.asarray(outputs).shape[1:])
    return ModelSignature(
        inputs=Schema(columns), outputs=Schema([TensorSpec(np.dtype(np.float64), shape)])
    )


def pack_model(
    folder: Path,
    *,
    payload: bytes,
    digest: str,
    input_example: pd.DataFrame,
    output_example: Any,
    requirements: list[str],
    loader: str,
    description: Model,
) -> Path:
    """Write a whole MLflow model below `folder` and return its path.

    Parameters
    ----------
    payload : bytes
        The predictor as it was judged; `digest` is its SHA-256 in hex.
    loader : str
        Dotted path, below ``lamplighter``, of the function from bytes to predictor.
    description : mlflow.models.Model
        Carries the ids of the run and of the logged model.
    """
    data = folder / DATA_FOLDER
    data.mkdir(parents=True)
    (data / PREDICTOR_FILE).write_bytes(payload)
    (data / LOADER_FILE).write_text(
        json.dumps({"format": 1, "loader": loader, "digest": digest}), encoding="utf-8"
    )
    package = Path(str(lamplighter.__file__)).parent
    code = shutil.copytree(package, folder / "lamplighter", ignore=_LEFT_OUT)
    path = folder / "model"
    mlflow.pyfunc.save_model(
        str(path),
        loader_module="lamplighter.registry.pyfunc_loader",
        data_path=str(data),
        code_paths=[str(code)],
        pip_requirements=_checked_requirements(requirements),
        signature=signature_of(input_example, output_example),
        input_example=_plain(input_example),
        mlflow_model=description,
    )
    return path


def _column_type(column: pd.Series[Any]) -> DataType | AnyType:
    if pd.api.types.is_float_dtype(column.dtype):
        return DataType.double
    if isinstance(column.dtype, pd.CategoricalDtype):
        return AnyType()
    if pd.api.types.is_string_dtype(column.dtype):
        return DataType.string
    return AnyType()


def _plain(example: pd.DataFrame) -> pd.DataFrame:
    fractions = {n: "float64" for n in example if pd.api.types.is_float_dtype(example[n].dtype)}
    return example.astype(fractions).reset_index(drop=True)


def _checked_requirements(requirements: list[str]) -> list[str]:
    # Without them MLflow would load the model in a process of its own, for ten seconds, to guess.
    if not requirements:
        raise RegistryError(
            "no requirements were given for the model's environment, expected the packages that "
            "the predictor needs, with their versions"
        )
    return requirements
