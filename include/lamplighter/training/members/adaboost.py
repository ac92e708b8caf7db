"""AdaBoost: each tree learns mostly from the rows that the trees before it got wrong.

For classes this is Gentle AdaBoost [1]_, whose Newton steps on the exponential loss are just what
XGBoost takes when it is given that loss; with several classes, one against all others (AdaBoost.MH
[1]_). For numbers it is AdaBoost.R2 [2]_.

References
----------
.. [1] J. Friedman, T. Hastie and R. Tibshirani, "Additive logistic regression: a statistical view
   of boosting", 2000.
.. [2] H. Drucker, "Improving regressors using boosting techniques", 1997.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import AdaBoostRegressor
from sklearn.tree import DecisionTreeRegressor

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.bins import Bins
from lamplighter.training.members.early_stopping import StopInTime, least_gain
from lamplighter.training.space import Range
from lamplighter.training.target import Floats, Target

_MAX_ROUNDS = 200
_MAX_TREES = 4_000
_PATIENCE = 20
_BINS = 128
_ROUNDS_OF_NUMBERS = 60
_ROWS_OF_NUMBERS = 20_000
_LARGEST_MARGIN = 8.0
_SMALLEST = 1e-5


@dataclass(frozen=True)
class AdaBoostClassifierMember:
    """Scores on the exponential loss's own scale: half the log-odds of each class."""

    model: bytes = field(repr=False)
    base: NDArray[np.float32] = field(compare=False)
    target: Target
    rounds: int

    @cached_property
    def _booster(self) -> xgboost.Booster:
        booster = xgboost.Booster()
        booster.load_model(bytearray(self.model))
        return booster

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_booster"}

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        self._booster.set_param({"nthread": threads})
        margins = self._booster.inplace_predict(X.values, predict_type="margin")
        grown = np.asarray(margins, dtype=np.float64).reshape(len(X), -1)
        of_rows = np.asarray(grown + self.base, dtype=np.float64)
        return _probabilities(of_rows if len(self.base) > 1 else of_rows[:, 0])


@dataclass(frozen=True)
class AdaBoostRegressorMember:
    """The weighted median of trees on bins."""

    bins: Bins
    estimator: AdaBoostRegressor
    rounds: int | None = None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        return np.asarray(self.estimator.predict(_codes(self.bins, X)), dtype=np.float64)


def _fit(train: Rows, fit: Fit) -> AdaBoostClassifierMember | AdaBoostRegressorMember:
    return _of_numbers(train, fit) if fit.target.task == "regression" else _of_classes(train, fit)


def _of_classes(train: Rows, fit: Fit) -> AdaBoostClassifierMember:
    outputs = len(fit.target) if fit.target.task == "multiclass" else 1
    base = _half_log_odds(train, fit.target)
    matrix = _matrix(train, base, fit.threads)
    callbacks: list[xgboost.callback.TrainingCallback] = []
    evals = []
    if fit.validation is not None:
        evals = [(_matrix(fit.validation, base, fit.threads, like=matrix), "validation")]
        callbacks.append(
            xgboost.callback.EarlyStopping(
                rounds=_PATIENCE, min_delta=least_gain(train, fit.target), save_best=True
            )
        )
    if fit.seconds_left is not None:
        callbacks.append(StopInTime(fit.seconds_left))
    booster = xgboost.train(
        {
            "tree_method": "hist",
            "learning_rate": fit.params["learning_rate"],
            "max_depth": int(fit.params["max_depth"]),
            "min_child_weight": fit.params["min_child_weight"],
            "subsample": 0.8,
            "base_score": 0.0,
            "num_class": outputs if outputs > 1 else 0,
            "disable_default_eval_metric": True,
            "max_bin": _BINS,
            "seed": fit.seed,
            "nthread": fit.threads,
            "verbosity": 0,
        },
        matrix,
        num_boost_round=int(fit.params.get("rounds", min(_MAX_ROUNDS, _MAX_TREES // outputs))),
        obj=_exponential(outputs),
        custom_metric=_log_loss if fit.validation is not None else None,
        evals=evals,
        callbacks=callbacks,
        verbose_eval=False,
    )
    rounds = booster.num_boosted_rounds()
    return AdaBoostClassifierMember(bytes(booster.save_raw("ubj")), base, fit.target, rounds)


def _half_log_odds(train: Rows, target: Target) -> NDArray[np.float32]:
    """Return where the margins begin: at the shares of the classes, or of the positive one."""
    counts = np.bincount(train.y.astype(np.intp), train.weights, len(target))
    shares = (counts + 0.1) / (counts.sum() + 0.1 * len(target))
    begin = np.log(shares / (1 - shares)) / 2
    return np.asarray(begin if target.task == "multiclass" else begin[1:], dtype=np.float32)


def _exponential(outputs: int) -> Callable[[Floats, xgboost.DMatrix], tuple[Any, Any]]:
    """Return the gradient and curvature of exp(-y F), with y = 1 for a row's class and else -1."""

    def gradients(margins: Floats, matrix: xgboost.DMatrix) -> tuple[Any, Any]:
        signs = _signs(matrix.get_label(), outputs)
        bounded = np.clip(margins.reshape(signs.shape), -_LARGEST_MARGIN, _LARGEST_MARGIN)
        curvature = np.exp(-signs * bounded)
        weights = matrix.get_weight()
        if weights.size:
            curvature *= weights[:, None]
        return -signs * curvature, curvature

    return gradients


def _signs(y: Any, outputs: int) -> NDArray[Any]:
    if outputs == 1:
        return np.asarray(2 * y - 1)[:, None]
    signs = np.full((len(y), outputs), -1.0, dtype=np.float32)
    signs[np.arange(len(y)), y.astype(np.intp)] = 1
    return signs


def _log_loss(margins: Floats, matrix: xgboost.DMatrix) -> tuple[str, float]:
    y = matrix.get_label().astype(np.intp)
    p = _probabilities(margins.astype(np.float64))
    likely = p[np.arange(len(y)), y] if p.ndim == 2 else np.where(y == 1, p, 1 - p)
    weights = matrix.get_weight()
    return "log_loss", float(-np.average(np.log(likely), weights=weights if weights.size else None))


def _probabilities(margins: Floats) -> Floats:
    bounded = np.clip(margins, -_LARGEST_MARGIN, _LARGEST_MARGIN)
    p = np.clip(expit(2 * bounded), _SMALLEST, 1 - _SMALLEST)
    return np.asarray(p / p.sum(axis=1, keepdims=True) if p.ndim == 2 else p)


def _of_numbers(train: Rows, fit: Fit) -> AdaBoostRegressorMember:
    if len(train) > _ROWS_OF_NUMBERS:
        rng = np.random.default_rng(fit.seed)
        train = train.take(np.sort(rng.choice(len(train), _ROWS_OF_NUMBERS, replace=False)))
    bins = Bins.fit(train.X)
    least = min(float(fit.params["min_child_weight"]), len(train) / 10)
    estimator = AdaBoostRegressor(
        # R2 needs trees that fit well: each level of the classes' trees counts for two here.
        DecisionTreeRegressor(
            max_depth=2 * int(fit.params["max_depth"]) + 1,
            min_samples_leaf=max(1, int(least)),
            max_features=0.7,
        ),
        n_estimators=_ROUNDS_OF_NUMBERS,
        learning_rate=fit.params["learning_rate"],
        loss="linear",
        random_state=fit.seed,
    )
    estimator.fit(_codes(bins, train.X), train.y, sample_weight=train.weights)
    return AdaBoostRegressorMember(bins=bins, estimator=estimator)


def _codes(bins: Bins, X: Encoded) -> NDArray[np.float32]:
    """Return bins with what is missing below all of them; scikit-learn refuses NaN here."""
    return np.nan_to_num(bins.transform(X), nan=-1.0)


def _matrix(
    rows: Rows,
    base: NDArray[np.float32],
    threads: int,
    *,
    like: xgboost.QuantileDMatrix | None = None,
) -> xgboost.QuantileDMatrix:
    return xgboost.QuantileDMatrix(
        rows.X.values,
        rows.y,
        weight=rows.weights,
        base_margin=np.tile(base, (len(rows), 1)),
        ref=like,
        nthread=threads,
        max_bin=_BINS,
    )


ADABOOST = Algorithm(
    name="adaboost",
    space={
        "learning_rate": Range(0.05, 1.0, log=True),
        "max_depth": Range(1, 6, whole=True),
        "min_child_weight": Range(1, 50, log=True),
    },
    starts=(
        {"learning_rate": 0.2, "max_depth": 3, "min_child_weight": 5.0},
        {"learning_rate": 0.5, "max_depth": 1, "min_child_weight": 1.0},
    ),
    fit=_fit,
    cost="medium",
)
