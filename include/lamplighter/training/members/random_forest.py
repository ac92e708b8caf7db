"""Random forests (L. Breiman, 2001): the best cut of a few features, on a sample of the rows."""

from __future__ import annotations

from functools import partial

from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.forest import ForestMember, fit_forest
from lamplighter.training.space import Range


def _fit(train: Rows, fit: Fit) -> ForestMember:
    kind = DecisionTreeRegressor if fit.target.task == "regression" else DecisionTreeClassifier
    settings = {
        "max_features": float(fit.params["max_features"]),
        "min_samples_leaf": int(fit.params["min_samples_leaf"]),
    }
    grow = partial(_tree, kind, settings)
    return fit_forest(train, fit, grow=grow, share=float(fit.params["max_samples"]))


def _tree(
    kind: type[DecisionTreeClassifier] | type[DecisionTreeRegressor],
    settings: dict[str, float],
    seed: int,
) -> DecisionTreeClassifier | DecisionTreeRegressor:
    return kind(**settings, random_state=seed)


RANDOM_FOREST = Algorithm(
    name="random_forest",
    space={
        "max_features": Range(0.1, 1.0),
        "min_samples_leaf": Range(1, 50, log=True, whole=True),
        "max_samples": Range(0.3, 0.9),
    },
    starts=(
        {"max_features": 0.4, "min_samples_leaf": 2, "max_samples": 0.63},
        {"max_features": 0.2, "min_samples_leaf": 10, "max_samples": 0.63},
    ),
    fit=_fit,
    cost="medium",
)
