"""Extremely randomised trees (P. Geurts, D. Ernst and L. Wehenkel, 2006): cuts at random."""

from __future__ import annotations

from functools import partial

from sklearn.tree import ExtraTreeClassifier, ExtraTreeRegressor

from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.forest import ForestMember, fit_forest
from lamplighter.training.space import Range

_SHARE = 0.85
"""The method grows its trees on all rows; what a tree leaves out here judges it."""


def _fit(train: Rows, fit: Fit) -> ForestMember:
    kind = ExtraTreeRegressor if fit.target.task == "regression" else ExtraTreeClassifier
    settings = {
        "max_features": float(fit.params["max_features"]),
        "min_samples_leaf": int(fit.params["min_samples_leaf"]),
    }
    return fit_forest(train, fit, grow=partial(_tree, kind, settings), share=_SHARE)


def _tree(
    kind: type[ExtraTreeClassifier] | type[ExtraTreeRegressor],
    settings: dict[str, float],
    seed: int,
) -> ExtraTreeClassifier | ExtraTreeRegressor:
    return kind(**settings, random_state=seed)


EXTRA_TREES = Algorithm(
    name="extra_trees",
    space={
        "max_features": Range(0.1, 1.0),
        "min_samples_leaf": Range(1, 50, log=True, whole=True),
    },
    starts=(
        {"max_features": 0.7, "min_samples_leaf": 2},
        {"max_features": 0.5, "min_samples_leaf": 10},
    ),
    fit=_fit,
    cost="medium",
)
