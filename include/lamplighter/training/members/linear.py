"""Linear models: logistic or linear regression on hat functions, one-hot levels and terms of text.

A term counts the more, the more it says of the classes.

On very many columns a number enters as it is, on one scale with the others.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge, SGDRegressor

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows, all_classes
from lamplighter.training.members.dense_design import DenseDesign, Matrix
from lamplighter.training.members.design import Design
from lamplighter.training.members.informative_terms import weigh_terms
from lamplighter.training.space import Choice, Range
from lamplighter.training.target import Floats, Target

_MAX_ITERATIONS = 200
_ELASTIC_EPOCHS = 40
_TOLERANCE = 1e-3
_MANY_COLUMNS = 200
_USUAL_COLUMNS = 10

_REACH = 1.0
"""How far beyond the range of its training rows, in such ranges, an effect may go on straight: a
trend does not end where the data end, and a value far off is a mistake more often than news."""


@dataclass(frozen=True)
class LinearMember:
    """A linear model on its design matrix; for regression, of the target in units of its spread."""

    design: Design | DenseDesign
    estimator: Any
    target: Target
    center: float = 0.0
    unit: float = 1.0
    rounds: int | None = None
    term_weights: Floats | None = field(default=None, compare=False, repr=False)

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        matrix = _matrix(self.design, X.without_summary(), self.term_weights)
        if self.target.task == "regression":
            return np.asarray(self.center + self.unit * self.estimator.predict(matrix), np.float64)
        probabilities = self.estimator.predict_proba(matrix).astype(np.float64)
        return all_classes(probabilities, self.estimator.classes_, self.target)


def _fit(train: Rows, fit: Fit) -> LinearMember:
    train = replace(train, X=train.X.without_summary())  # it reads the terms themselves
    wide = len(train.X.categorical) > _MANY_COLUMNS
    design = (
        DenseDesign.fit(train.X, scale="spread")
        if wide
        else Design.fit(
            train.X,
            knots=int(fit.params["knots"]),
            reach=_REACH if fit.params["beyond"] == "straight" else 0.0,
        )
    )
    terms = train.X.sparse
    term_weights = None if terms is None else weigh_terms(terms, train.y, fit.target, train.weights)
    center, unit = 0.0, 1.0
    if fit.target.task == "regression":
        center, unit = float(train.y.mean()), float(train.y.std()) or 1.0
    # The more columns add up, the less each may weigh.
    C = float(fit.params["C"]) * (_USUAL_COLUMNS / len(train.X.categorical) if wide else 1.0)
    estimator = _estimator(
        C, float(fit.params["l1_ratio"]), fit.target, rows=len(train), seed=fit.seed
    )
    with warnings.catch_warnings():
        # An unconverged fit is judged out of fold like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(
            _matrix(design, train.X, term_weights),
            (train.y - center) / unit,
            sample_weight=train.weights,
        )
    return LinearMember(design, estimator, fit.target, center, unit, term_weights=term_weights)


def _matrix(
    design: Design | DenseDesign, X: Encoded, term_weights: Floats | None
) -> csr_matrix | Matrix:
    matrix = design.transform(X)
    if X.sparse is None:
        return matrix
    terms = X.sparse
    if term_weights is not None:
        weighted = terms.data * term_weights[terms.indices]
        terms = csr_matrix((weighted, terms.indices, terms.indptr), shape=terms.shape)
    return csr_matrix(hstack([csr_matrix(matrix), terms], format="csr"))


def _estimator(C: float, ratio: float, target: Target, *, rows: int, seed: int) -> Any:
    if target.task == "regression":
        if not ratio:
            return Ridge(alpha=1 / C, solver="sparse_cg", max_iter=_MAX_ITERATIONS)
        return SGDRegressor(
            penalty="elasticnet",
            alpha=1 / (C * rows),
            l1_ratio=ratio,
            max_iter=_ELASTIC_EPOCHS,
            tol=_TOLERANCE,
            average=True,
            random_state=seed,
        )
    if not ratio:
        return LogisticRegression(C=C, max_iter=_MAX_ITERATIONS)
    return LogisticRegression(
        C=C,
        l1_ratio=ratio,
        solver="saga",
        max_iter=_ELASTIC_EPOCHS,
        tol=_TOLERANCE,
        random_state=seed,
    )


LINEAR = Algorithm(
    name="linear",
    space={
        "C": Range(0.003, 100, log=True),
        "knots": Range(2, 10, whole=True),
        "l1_ratio": Choice((0.0, 0.5)),
        "beyond": Choice(("level", "straight")),
    },
    starts=(
        {"C": 1.0, "knots": 4, "l1_ratio": 0.0, "beyond": "level"},
        {"C": 1.0, "knots": 2, "l1_ratio": 0.0, "beyond": "straight"},
        {"C": 0.1, "knots": 6, "l1_ratio": 0.0, "beyond": "level"},
    ),
    fit=_fit,
    cost="cheap",
)
