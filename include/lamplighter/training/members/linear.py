"""Linear models: logistic or ridge regression on piecewise-linear numbers and one-hot levels.

A number enters through hat functions with knots at its quantiles, constant outside: so its effect
need not be straight, and a value that was never seen cannot throw a prediction far off.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows, all_classes
from lamplighter.training.space import Range
from lamplighter.training.target import Floats, Target

_MAX_LEVELS = 100
_MAX_ITERATIONS = 200


@dataclass(frozen=True)
class LinearMember:
    """A pipeline from the encoded matrix to a prediction."""

    pipeline: Pipeline
    target: Target
    rounds: int | None = None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        if self.target.task == "regression":
            return np.asarray(self.pipeline.predict(X.values))
        probabilities = self.pipeline.predict_proba(X.values)
        return all_classes(probabilities, self.pipeline.classes_, self.target)


def _fit(train: Rows, fit: Fit) -> LinearMember:
    pipeline = Pipeline(
        [
            ("design", _design(train.X.categorical, knots=int(fit.params["knots"]))),
            ("model", _model(fit.params, fit.target)),
        ]
    )
    with warnings.catch_warnings():
        # An unconverged fit is judged out of fold like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(train.X.values, train.y)
    return LinearMember(pipeline, fit.target)


def _design(categorical: np.ndarray, *, knots: int) -> ColumnTransformer:
    numbers, categories = np.flatnonzero(~categorical), np.flatnonzero(categorical)
    hats = SplineTransformer(
        n_knots=knots,
        degree=1,
        knots="quantile",
        extrapolation="constant",
        include_bias=False,
        sparse_output=True,
    )
    levels = OneHotEncoder(max_categories=_MAX_LEVELS, handle_unknown="infrequent_if_exist")
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return ColumnTransformer(
        [
            ("numbers", Pipeline([("impute", imputer), ("hats", hats)]), numbers),
            ("missing", MissingIndicator(sparse=True, error_on_new=False), numbers),
            ("categories", levels, categories),
        ],
        sparse_threshold=1.0,
    )


def _model(params: Mapping[str, Any], target: Target) -> LogisticRegression | Ridge:
    if target.task == "regression":
        return Ridge(alpha=1 / params["C"], solver="sparse_cg", max_iter=_MAX_ITERATIONS)
    return LogisticRegression(C=params["C"], max_iter=_MAX_ITERATIONS)


LINEAR = Algorithm(
    name="linear",
    space={"C": Range(1e-3, 10, log=True), "knots": Range(2, 10, whole=True)},
    defaults={"C": 0.1, "knots": 5},
    fit=_fit,
)
