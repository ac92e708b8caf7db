"""XGBoost: gradient-boosted trees on histograms.

Categories are split natively, or at a rank of their levels by frequency: the better of the two
differs from one set of data to the next, so it is searched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xgboost

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.space import Choice, Range
from lamplighter.training.target import Floats, Target

_MAX_ROUNDS = 400
_PATIENCE = 25
_OURS = {"rounds", "categories"}
_OBJECTIVES = {
    "binary": "binary:logistic",
    "multiclass": "multi:softprob",
    "regression": "reg:squarederror",
}


@dataclass(frozen=True)
class XGBoostMember:
    """A booster, kept in XGBoost's own stable format."""

    model: bytes = field(repr=False)
    rounds: int | None

    @cached_property
    def _booster(self) -> xgboost.Booster:
        booster = xgboost.Booster()
        booster.load_model(bytearray(self.model))
        return booster

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "rounds": self.rounds}

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        self._booster.set_param({"nthread": threads})
        return np.asarray(self._booster.inplace_predict(X.values), dtype=np.float64)


def _fit(train: Rows, fit: Fit) -> XGBoostMember:
    native = fit.params["categories"] == "native"
    matrix = _matrix(train, native=native, threads=fit.threads)
    callbacks: list[xgboost.callback.TrainingCallback] = []
    evals = []
    if fit.validation is not None:
        evals = [
            (_matrix(fit.validation, native=native, threads=fit.threads, like=matrix), "validation")
        ]
        callbacks.append(xgboost.callback.EarlyStopping(rounds=_PATIENCE, save_best=True))
    if fit.seconds_left is not None:
        callbacks.append(_StopInTime(fit.seconds_left))
    booster = xgboost.train(
        _native(fit.params, fit.target, seed=fit.seed, threads=fit.threads),
        matrix,
        num_boost_round=int(fit.params.get("rounds", _MAX_ROUNDS)),
        evals=evals,
        callbacks=callbacks,
        verbose_eval=False,
    )
    return XGBoostMember(model=bytes(booster.save_raw("ubj")), rounds=booster.num_boosted_rounds())


class _StopInTime(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # untyped to us
    def __init__(self, seconds_left: Callable[[], float]) -> None:
        super().__init__()
        self._seconds_left = seconds_left

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return bool(self._seconds_left() <= 0)


def _matrix(
    rows: Rows, *, native: bool, threads: int, like: xgboost.QuantileDMatrix | None = None
) -> xgboost.QuantileDMatrix:
    return xgboost.QuantileDMatrix(
        rows.X.values,
        rows.y,
        ref=like,
        nthread=threads,
        feature_types=["c" if category and native else "q" for category in rows.X.categorical],
        enable_categorical=True,
    )


def _native(
    params: Mapping[str, Any], target: Target, *, seed: int, threads: int
) -> dict[str, Any]:
    native = {name: value for name, value in params.items() if name not in _OURS}
    native |= {
        "objective": _OBJECTIVES[target.task],
        "tree_method": "hist",
        "seed": seed,
        "nthread": threads,
        "verbosity": 0,
    }
    if target.task == "multiclass":
        native["num_class"] = len(target)
    return native


XGBOOST = Algorithm(
    name="xgboost",
    space={
        "learning_rate": Range(0.04, 0.3, log=True),
        "max_depth": Range(3, 10, whole=True),
        "min_child_weight": Range(1, 100, log=True),
        "subsample": Range(0.5, 1.0),
        "colsample_bytree": Range(0.4, 1.0),
        "reg_lambda": Range(0.1, 30, log=True),
        "categories": Choice(("native", "ranked")),
    },
    starts=(
        {
            "learning_rate": 0.1,
            "max_depth": 5,
            "min_child_weight": 10.0,
            "subsample": 0.8,
            "colsample_bytree": 0.8,
            "reg_lambda": 1.0,
            "categories": "native",
        },
    ),
    fit=_fit,
    cost="medium",
)
