"""Histogram boosting of scikit-learn: leaf-wise trees, categories split natively."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows, all_classes
from lamplighter.training.members.early_stopping import least_gain
from lamplighter.training.space import Range
from lamplighter.training.target import Floats, Target

_ROUNDS = 200
"""Where nothing says when to stop."""

_MAX_TREES = 10_000
_LONGEST = 80.0
_PATIENCE = 2.5
"""Rounds times learning rate: the most of them, and of those without a gain."""

_PROBED_CELLS = 500_000
_PROBED_ROUNDS = 3


@dataclass(frozen=True)
class HistGradientBoostingMember:
    """An estimator, read up to the round that was best."""

    estimator: Any
    target: Target
    rounds: int | None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        raw = self._at_best_round(X)
        if self.target.task == "regression":
            return raw
        return all_classes(raw, self.estimator.classes_, self.target)

    def _at_best_round(self, X: Encoded) -> Floats:
        of_classes = self.target.task != "regression"
        if self.rounds == self.estimator.n_iter_:
            method = self.estimator.predict_proba if of_classes else self.estimator.predict
            return np.asarray(method(X.values))
        staged = (
            self.estimator.staged_predict_proba if of_classes else self.estimator.staged_predict
        )
        return np.asarray(next(islice(staged(X.values), (self.rounds or 1) - 1, None)))


def _fit(train: Rows, fit: Fit) -> HistGradientBoostingMember:
    train = _without_empty_columns(train)
    validation = _of_known_classes(fit.validation, train, fit.target)
    rounds = _rounds(train, fit)
    if validation is None:
        estimator = _estimator(fit, train, rounds)
        estimator.fit(train.X.values, train.y, sample_weight=train.weights)
        return HistGradientBoostingMember(estimator, fit.target, rounds=int(estimator.n_iter_))
    patience = int(np.clip(_PATIENCE / fit.params["learning_rate"], 10, 50))
    gain = least_gain(train, fit.target)
    estimator = _estimator(
        fit,
        train,
        rounds,
        early_stopping=True,
        n_iter_no_change=patience,
        # scikit-learn judges numbers by squares.
        tol=gain**2 if fit.target.task == "regression" else gain,
    )
    estimator.fit(
        train.X.values,
        train.y,
        sample_weight=train.weights,
        X_val=validation.X.values,
        y_val=validation.y,
        sample_weight_val=_weights_like(train, validation),
    )
    # The first score is of the base rate alone, before any round.
    best = max(1, int(np.argmax(estimator.validation_score_)))
    return HistGradientBoostingMember(estimator, fit.target, rounds=best)


def _without_empty_columns(train: Rows) -> Rows:
    """Fill columns that hold nothing; scikit-learn cannot bin them, and no tree will ask them."""
    empty = np.isnan(train.X.values).all(axis=0)
    if not empty.any():
        return train
    values = np.where(empty, 0.0, train.X.values)
    return replace(train, X=replace(train.X, values=values))


def _estimator(fit: Fit, train: Rows, rounds: int, **settings: Any) -> Any:
    kind = (
        HistGradientBoostingRegressor
        if fit.target.task == "regression"
        else HistGradientBoostingClassifier
    )
    return kind(
        **{name: value for name, value in fit.params.items() if name != "rounds"},
        max_iter=rounds,
        categorical_features=train.X.categorical,
        random_state=fit.seed,
        **{"early_stopping": False} | settings,
    )


def _rounds(train: Rows, fit: Fit) -> int:
    """Return how many rounds to grow at most: no more than there is time for."""
    outputs = len(fit.target) if fit.target.task == "multiclass" else 1
    if "rounds" in fit.params:
        rounds = int(fit.params["rounds"])
    else:
        longest = int(_LONGEST / fit.params["learning_rate"])
        most = longest if fit.validation is not None else _ROUNDS
        rounds = max(20, min(most, _MAX_TREES // outputs))
    if fit.seconds_left is None or train.X.values.size * outputs < _PROBED_CELLS:
        return rounds
    # scikit-learn cannot be told to stop: see what a few rounds take.
    before = fit.seconds_left()
    probe = _estimator(fit, train, _PROBED_ROUNDS)
    probe.fit(train.X.values, train.y, sample_weight=train.weights)
    left = fit.seconds_left()
    a_round = max((before - left) / _PROBED_ROUNDS, 1e-9)
    return max(1, min(rounds, int(left / a_round)))


def _weights_like(train: Rows, validation: Rows) -> Floats | None:
    """Return the weights of validation rows; scikit-learn wants them where training has some."""
    if train.weights is None:
        return None
    return np.ones(len(validation)) if validation.weights is None else validation.weights


def _of_known_classes(validation: Rows | None, train: Rows, target: Target) -> Rows | None:
    if validation is None or target.task == "regression":
        return validation
    known = np.flatnonzero(np.isin(validation.y, np.unique(train.y)))
    return validation.take(known) if known.size else None


_USUAL: dict[str, Any] = {
    "learning_rate": 0.1,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.8,
}

HIST_GRADIENT_BOOSTING = Algorithm(
    name="hist_gradient_boosting",
    space={
        "learning_rate": Range(0.03, 0.3, log=True),
        "max_leaf_nodes": Range(4, 192, log=True, whole=True),
        "min_samples_leaf": Range(3, 200, log=True, whole=True),
        "l2_regularization": Range(0.01, 100, log=True),
        "max_features": Range(0.2, 1.0),
    },
    starts=(
        _USUAL,
        # Small trees of few features each, for few rows or much noise.
        _USUAL
        | {
            "learning_rate": 0.07,
            "max_leaf_nodes": 10,
            "min_samples_leaf": 10,
            "l2_regularization": 10.0,
            "max_features": 0.4,
        },
        _USUAL | {"learning_rate": 0.06, "max_leaf_nodes": 96, "l2_regularization": 5.0},
    ),
    fit=_fit,
    cost="medium",
)
