"""AutoGluon as its documentation's first example calls it, with metric, one core and no GPU."""

from __future__ import annotations

import shutil
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import catboost  # noqa: F401  (loaded here, so that the budget does not pay for it)
import lightgbm  # noqa: F401
import pandas as pd
import xgboost  # noqa: F401
from autogluon.tabular import TabularPredictor
from benchmarks.tuning.prepared import TARGET, Prepared
from benchmarks.tuning.systems.fitted import Fitted

if find_spec("torch") and find_spec("fastai"):
    import fastai.tabular.all  # noqa: F401

VERSIONS = ("autogluon.tabular", "lightgbm", "xgboost-cpu", "catboost", "torch", "fastai")


def fit(data: Prepared, *, variant: str, budget_s: float, seed: int, folder: Path) -> Fitted:
    """Fit the preset `variant` for `budget_s` seconds.

    AutoGluon's own seeds are fixed; the order of the rows, by `seed`, makes its splits differ.
    """
    warnings.simplefilter("ignore")
    train = data.train.X.assign(**{TARGET: data.train.y}).sample(frac=1.0, random_state=seed)
    predictor = TabularPredictor(
        label=TARGET,
        problem_type=data.task,
        eval_metric="log_loss" if data.classes else "root_mean_squared_error",
        path=str(folder / "autogluon"),
        verbosity=0,
    )
    more: dict[str, Any] = {}
    if variant == "best_quality":
        # Its folds run in processes of ray otherwise, which one core cannot use.
        more["ag_args_ensemble"] = {"fold_fitting_strategy": "sequential_local"}
    predictor.fit(train, presets=variant, time_limit=budget_s, num_cpus=1, num_gpus=0, **more)
    predictor.persist()
    labels = tuple(int(c) for c in predictor.class_labels) if data.classes else ()

    def predict(raw: pd.DataFrame) -> Any:
        if data.classes:
            return predictor.predict_proba(raw, as_pandas=False, as_multiclass=True)
        return predictor.predict(raw, as_pandas=False)

    def save(target: Path) -> None:
        deployed = target / "deployed"
        predictor.clone_for_deployment(str(deployed))
        shutil.rmtree(deployed / "logs", ignore_errors=True)

    models = predictor.model_names()
    return Fitted(predict, save, labels, {"best": predictor.model_best, "models": len(models)})
