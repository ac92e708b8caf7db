"""Histogram boosting of scikit-learn: leaf-wise trees, categories split natively."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows, all_classes
from lamplighter.training.space import Range
from lamplighter.training.target import Floats, Target

_MAX_ROUNDS = 300
_PATIENCE = 20


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
    validation = _of_known_classes(fit.validation, train, fit.target)
    kind = (
        HistGradientBoostingRegressor
        if fit.target.task == "regression"
        else HistGradientBoostingClassifier
    )
    estimator = kind(
        **{name: value for name, value in fit.params.items() if name != "rounds"},
        max_iter=int(fit.params.get("rounds", _MAX_ROUNDS)),
        categorical_features=train.X.categorical,
        early_stopping=validation is not None,
        n_iter_no_change=_PATIENCE,
        random_state=fit.seed,
    )
    if validation is None:
        estimator.fit(train.X.values, train.y)
        return HistGradientBoostingMember(estimator, fit.target, rounds=int(estimator.n_iter_))
    estimator.fit(train.X.values, train.y, X_val=validation.X.values, y_val=validation.y)
    # The first score is of the base rate alone, before any round.
    best = max(1, int(np.argmax(estimator.validation_score_)))
    return HistGradientBoostingMember(estimator, fit.target, rounds=best)


def _of_known_classes(validation: Rows | None, train: Rows, target: Target) -> Rows | None:
    if validation is None or target.task == "regression":
        return validation
    known = np.flatnonzero(np.isin(validation.y, np.unique(train.y)))
    return Rows(validation.X.rows(known), validation.y[known]) if known.size else None


HIST_GRADIENT_BOOSTING = Algorithm(
    name="hist_gradient_boosting",
    space={
        "learning_rate": Range(0.04, 0.3, log=True),
        "max_leaf_nodes": Range(8, 96, log=True, whole=True),
        "min_samples_leaf": Range(5, 200, log=True, whole=True),
        "l2_regularization": Range(0.01, 100, log=True),
        "max_features": Range(0.4, 1.0),
    },
    starts=(
        {
            "learning_rate": 0.1,
            "max_leaf_nodes": 31,
            "min_samples_leaf": 20,
            "l2_regularization": 1.0,
            "max_features": 0.8,
        },
    ),
    fit=_fit,
    cost="medium",
)
