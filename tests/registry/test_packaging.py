"""A registered model is loaded by strangers, from MLflow alone, and only if it is whole."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import RegistryError
from lamplighter.registry.mlflow_registry import Registry
from lamplighter.registry.packaging import signature_of
from lamplighter.registry.pyfunc_loader import read_folder
from lamplighter.training.ensemble import TrainingSet, fit_ensemble
from lamplighter.training.predictor import Predictor
from learnable import quick_trial

MODEL = "flights"
Arguments = Callable[..., dict[str, Any]]

STRANGER = """
import json, sys
sys.path.append({site!r})
import mlflow, pandas as pd
try:
    import lamplighter
    sys.exit("this process must not have Lamplighter installed")
except ModuleNotFoundError:
    pass
mlflow.set_tracking_uri({address!r})
model = mlflow.pyfunc.load_model("models:/flights@champion")
rows = pd.read_json({rows!r}, orient="records")
print(json.dumps(list(model.predict(rows))))
print(sorted(m for m in sys.modules if m.split(".")[0] in ("airflow", "great_expectations")))
"""


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "distance": draw.integers(100, 2_000, 200),
            "wind": np.where(draw.random(200) < 0.2, np.nan, draw.normal(size=200)),
            "carrier": draw.choice(["AA", "B6", None], 200),
        }
    )


@pytest.fixture(scope="module")
def predictor(frame: pd.DataFrame) -> Predictor:
    late = (frame["distance"] > 1_000).to_numpy().astype(int)
    halves = np.arange(100), np.arange(100, 200)
    data = TrainingSet(X=frame, y=late, folds=[halves], task="binary")
    trials = [
        quick_trial(0, "linear", loss=0.4),
        quick_trial(1, "xgboost", loss=0.3),
    ]
    fitted = fit_ensemble(data, trials, predictions=lambda index: None, seed=0, threads=1)
    return fitted.predictor


@pytest.fixture
def registered(
    registry: Registry,
    predictor: Predictor,
    frame: pd.DataFrame,
    registration: Arguments,
    tmp_path: Path,
) -> Registry:
    path = tmp_path / "predictor.bin.judged"
    path.write_bytes(predictor.to_bytes())
    rows = frame.head(5)
    examples = {"input_example": rows, "output_example": predictor.predict(rows)}
    registry.register(**registration("night-1", path) | examples)
    registry.set_alias(MODEL, "champion", "1")
    return registry


def test_a_stranger_without_lamplighter_gets_the_same_predictions(
    registered: Registry, address: str, predictor: Predictor, frame: pd.DataFrame, tmp_path: Path
):
    rows = frame.head(20)
    rows.to_json(tmp_path / "rows.json", orient="records", double_precision=15)
    program = STRANGER.format(
        site=sysconfig.get_path("purelib"), address=address, rows=str(tmp_path / "rows.json")
    )
    # -S leaves out .pth files, and with them the editable installation of the project.
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    predictions, foreign = done.stdout.strip().splitlines()
    assert json.loads(predictions) == pytest.approx(list(predictor.predict(rows)), rel=1e-9)
    assert foreign == "[]"


def test_the_loaded_model_takes_whole_numbers_missing_values_and_unseen_categories(
    registered: Registry, address: str, predictor: Predictor, frame: pd.DataFrame
):
    mlflow.set_tracking_uri(address)
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}/1")
    odd = frame.head(3).assign(
        distance=[1, 2, 3], wind=[None, 0.5, 1], carrier=["never seen", None, "AA"]
    )
    assert list(model.predict(odd)) == pytest.approx(list(predictor.predict(odd)))
    assert model.metadata.signature.outputs.to_dict()[0]["tensor-spec"]["shape"] == (-1,)
    assert list(model.input_example.columns) == list(frame.columns)


def test_a_tampered_file_does_not_load_anywhere(registered: Registry, address: str, tmp_path: Path):
    (held,) = tmp_path.rglob("predictor.bin")
    held.write_bytes(held.read_bytes() + b"!")
    mlflow.set_tracking_uri(address)
    with pytest.raises(RegistryError, match="changed or damaged after it was registered"):
        mlflow.pyfunc.load_model(f"models:/{MODEL}/1")


@pytest.mark.parametrize("loader", ["os:system", "lamplighter_evil:load", "lamplighter.errors"])
def test_only_functions_of_lamplighter_are_accepted_as_loaders(loader: str, tmp_path: Path):
    digest = hashlib.sha256(b"payload").hexdigest()
    (tmp_path / "predictor.bin").write_bytes(b"payload")
    (tmp_path / "loader.json").write_text(json.dumps({"loader": loader, "digest": digest}))
    assert read_folder(tmp_path) == (b"payload", loader)
    from lamplighter.registry.pyfunc_loader import _load_pyfunc

    with pytest.raises(RegistryError, match="was not registered by Lamplighter, do not use it"):
        _load_pyfunc(str(tmp_path))


def test_a_model_without_requirements_is_refused(
    registry: Registry, judged: Path, registration: Arguments
):
    with pytest.raises(RegistryError, match="no requirements were given"):
        registry.register(**registration("night-1", judged) | {"requirements": []})


def test_only_fractions_and_text_are_held_to_their_type():
    inputs = pd.DataFrame(
        {
            "whole": pd.Series([1, 2], dtype="int64"),
            "nullable": pd.Series([1, None], dtype="Int64"),
            "single": pd.Series([1, 2], dtype="float32"),
            "flag": [True, False],
            "text": ["a", None],
            "category": pd.Categorical(["x", "y"]),
        }
    )
    signature = signature_of(inputs, np.zeros((2, 3)))
    types = [column.to_dict()["type"] for column in signature.inputs]
    assert types == ["any", "any", "double", "any", "string", "any"]
    assert signature.outputs.inputs[0].shape == (-1, 3)
