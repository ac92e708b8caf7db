"""Linear models: logistic or ridge regression on hat functions and one-hot levels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows, all_classes
from lamplighter.training.members.design import Design
from lamplighter.training.space import Range
from lamplighter.training.target import Floats, Target

_MAX_ITERATIONS = 200


@dataclass(frozen=True)
class LinearMember:
    """A linear model on its design matrix."""

    design: Design
    estimator: Any
    target: Target
    rounds: int | None = None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        matrix = self.design.transform(X)
        if self.target.task == "regression":
            return np.asarray(self.estimator.predict(matrix))
        probabilities = self.estimator.predict_proba(matrix)
        return all_classes(probabilities, self.estimator.classes_, self.target)


def _fit(train: Rows, fit: Fit) -> LinearMember:
    design = Design.fit(train.X, knots=int(fit.params["knots"]))
    estimator = _estimator(fit.params, fit.target)
    with warnings.catch_warnings():
        # An unconverged fit is judged out of fold like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(design.transform(train.X), train.y)
    return LinearMember(design, estimator, fit.target)


def _estimator(params: Mapping[str, Any], target: Target) -> LogisticRegression | Ridge:
    if target.task == "regression":
        return Ridge(alpha=1 / params["C"], solver="sparse_cg", max_iter=_MAX_ITERATIONS)
    return LogisticRegression(C=params["C"], max_iter=_MAX_ITERATIONS)


LINEAR = Algorithm(
    name="linear",
    space={"C": Range(0.01, 100, log=True), "knots": Range(2, 10, whole=True)},
    starts=({"C": 1.0, "knots": 4},),
    fit=_fit,
    cost="cheap",
)
