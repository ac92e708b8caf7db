"""XGBoost: gradient-boosted trees on histograms.

Categories are split natively, or at a rank of their levels by frequency: the better of the two
differs from one set of data to the next, so it is searched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xgboost

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.early_stopping import StopInTime, least_gain
from lamplighter.training.space import Choice, Range
from lamplighter.training.target import Floats, Target

_ROUNDS = 300
"""Where nothing says when to stop."""

_MAX_TREES = 20_000
_LONGEST = 150.0
_PATIENCE = 3.0
"""Rounds times learning rate: the most of them, and of those without a gain."""

_OF_START = 0.25
"""Rounds that a booster is continued by, as a share of those that it was trained afresh with."""

MOST_OF_AFRESH = 2.0
"""How many times these rounds it may have at most, however often it is continued."""

_BYTES_OF_NODE = 44
"""In XGBoost's binary format, measured on boosters of 30,000 and of 130,000 nodes."""

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
    afresh: int | None = None
    """Rounds that it was trained afresh with, where it was continued since."""

    @property
    def is_full_grown(self) -> bool:
        """Whether it has as many rounds as continuing may give it."""
        return self.rounds_to_go == 0

    @property
    def rounds_to_go(self) -> int:
        """How many rounds it is continued by."""
        afresh, rounds = self.afresh or self.rounds or 0, self.rounds or 0
        more = max(10, int(_OF_START * afresh))
        return max(0, min(more, max(10, int(MOST_OF_AFRESH * afresh)) - rounds))

    @cached_property
    def _booster(self) -> xgboost.Booster:
        booster = xgboost.Booster()
        booster.load_model(bytearray(self.model))
        return booster

    def __getstate__(self) -> dict[str, Any]:
        state = {"model": self.model, "rounds": self.rounds}
        return state if self.afresh is None else state | {"afresh": self.afresh}

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        self._booster.set_param({"nthread": threads})
        return np.asarray(self._booster.inplace_predict(X.values), dtype=np.float64)

    def contributions(self, X: Encoded, *, threads: int) -> Floats:
        """Return what each column adds to the margin: exact Shapley values of the trees [1]_.

        Returns
        -------
        ndarray of float, shape (n_rows, n_outputs, n_columns + 1)
            Last comes the margin that is expected over the training rows; the sum is the margin:
            log odds, the score of a class before the softmax, or the value.

        References
        ----------
        .. [1] S. M. Lundberg et al., "From local explanations to global understanding with
           explainable AI for trees", Nature Machine Intelligence 2, 2020.
        """
        booster = self._booster
        booster.set_param({"nthread": threads})
        matrix = xgboost.DMatrix(
            X.values,
            feature_types=booster.feature_types,
            nthread=threads,
            enable_categorical=True,
        )
        found = booster.predict(matrix, pred_contribs=True, strict_shape=True)
        return np.asarray(found, dtype=np.float64)

    @property
    def size(self) -> int:
        """Nodes of its trees, roughly."""
        return len(self.model) // _BYTES_OF_NODE


def _fit(train: Rows, fit: Fit) -> XGBoostMember:
    native = fit.params["categories"] == "native"
    matrix = _matrix(train, native=native, threads=fit.threads)
    callbacks: list[xgboost.callback.TrainingCallback] = []
    evals = []
    if fit.validation is not None:
        evals = [
            (_matrix(fit.validation, native=native, threads=fit.threads, like=matrix), "validation")
        ]
        callbacks.append(_early_stopping(train, fit))
    if fit.seconds_left is not None:
        callbacks.append(StopInTime(fit.seconds_left))
    start = fit.start if isinstance(fit.start, XGBoostMember) else None
    booster = xgboost.train(
        _native(fit.params, fit.target, seed=fit.seed, threads=fit.threads),
        matrix,
        num_boost_round=_rounds(fit, start),
        evals=evals,
        callbacks=callbacks,
        verbose_eval=False,
        xgb_model=None if start is None else bytearray(start.model),
    )
    return XGBoostMember(
        model=bytes(booster.save_raw("ubj")),
        rounds=booster.num_boosted_rounds(),
        afresh=None if start is None else start.afresh or start.rounds,
    )


def _early_stopping(train: Rows, fit: Fit) -> xgboost.callback.EarlyStopping:
    patience = int(np.clip(_PATIENCE / fit.params["learning_rate"], 15, 60))
    gain = least_gain(train, fit.target)
    return xgboost.callback.EarlyStopping(rounds=patience, min_delta=gain, save_best=True)


def _rounds(fit: Fit, start: XGBoostMember | None) -> int:
    """Return how many rounds to grow, beyond those of a start."""
    if start is not None:
        return start.rounds_to_go
    if "rounds" in fit.params:
        return int(fit.params["rounds"])
    most = int(_LONGEST / fit.params["learning_rate"]) if fit.validation is not None else _ROUNDS
    return max(20, min(most, _MAX_TREES // max(1, len(fit.target))))


def _matrix(
    rows: Rows, *, native: bool, threads: int, like: xgboost.QuantileDMatrix | None = None
) -> xgboost.QuantileDMatrix:
    return xgboost.QuantileDMatrix(
        rows.X.values,
        rows.y,
        weight=rows.weights,
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


_USUAL: dict[str, Any] = {
    "learning_rate": 0.08,
    "grow_policy": "depthwise",
    "max_depth": 6,
    "max_leaves": 64,
    "min_child_weight": 3.0,
    "subsample": 0.85,
    "colsample_bytree": 0.7,
    "reg_lambda": 1.0,
    "categories": "native",
}

XGBOOST = Algorithm(
    name="xgboost",
    space={
        "learning_rate": Range(0.02, 0.3, log=True),
        "grow_policy": Choice(("depthwise", "lossguide")),
        "max_depth": Range(2, 14, whole=True),
        "max_leaves": Range(8, 512, log=True, whole=True),
        "min_child_weight": Range(0.5, 100, log=True),
        "subsample": Range(0.5, 1.0),
        "colsample_bytree": Range(0.3, 1.0),
        "reg_lambda": Range(0.1, 100, log=True),
        "categories": Choice(("native", "ranked")),
    },
    starts=(
        _USUAL,
        # Shallow and slow, for few rows or much noise.
        _USUAL
        | {
            "learning_rate": 0.05,
            "max_depth": 3,
            "max_leaves": 8,
            "min_child_weight": 2.0,
            "subsample": 0.7,
            "colsample_bytree": 0.4,
            "reg_lambda": 3.0,
            "categories": "ranked",
        },
        # Leaf by leaf and deep, for many rows.
        _USUAL
        | {
            "grow_policy": "lossguide",
            "learning_rate": 0.05,
            "max_depth": 12,
            "max_leaves": 160,
            "min_child_weight": 10.0,
            "colsample_bytree": 0.5,
            "reg_lambda": 5.0,
        },
    ),
    fit=_fit,
    cost="medium",
)
