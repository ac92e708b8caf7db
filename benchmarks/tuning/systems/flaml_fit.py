"""FLAML as its documentation's first example calls it, with the metric, one thread and the seed."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import catboost  # noqa: F401  (loaded here, so that the budget does not pay for it)
import flaml
import lightgbm  # noqa: F401
import pandas as pd
import xgboost  # noqa: F401
from benchmarks.tuning.prepared import Prepared
from benchmarks.tuning.systems.encoding import FrameEncoder
from benchmarks.tuning.systems.fitted import Fitted, pickled

VERSIONS = ("flaml", "lightgbm", "xgboost-cpu", "catboost", "scikit-learn")


def fit(data: Prepared, *, variant: str, budget_s: float, seed: int, folder: object) -> Fitted:
    """Let FLAML search for `budget_s` seconds, less what reading text takes."""
    import time

    began = time.monotonic()
    warnings.simplefilter("ignore")
    logging.getLogger("flaml").setLevel(logging.ERROR)
    encoder = FrameEncoder().fit(data.train.X, seed=seed)
    X = encoder.transform(data.train.X)
    automl = flaml.AutoML()
    automl.fit(
        X,
        data.train.y,
        task="classification" if data.classes else "regression",
        metric="log_loss" if data.classes else "rmse",
        time_budget=budget_s - (time.monotonic() - began),
        n_jobs=1,
        seed=seed,
        verbose=0,
        log_file_name="",
    )
    if automl.best_estimator is None or automl.model is None:
        raise RuntimeError("FLAML ended its budget without a model")
    labels = tuple(int(c) for c in automl.classes_) if data.classes else ()

    def predict(raw: pd.DataFrame) -> Any:
        encoded = encoder.transform(raw)
        return automl.predict_proba(encoded) if data.classes else automl.predict(encoded)

    notes = {"best": automl.best_estimator}
    return Fitted(predict, pickled((encoder, automl.model)), labels, notes)
