"""The table of algorithms, and the one way to fit a member of any of them."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from lamplighter.training.members.adaboost import ADABOOST
from lamplighter.training.members.algorithm import Algorithm, Fit, Member, Rows
from lamplighter.training.members.extra_trees import EXTRA_TREES
from lamplighter.training.members.hist_gradient_boosting import HIST_GRADIENT_BOOSTING
from lamplighter.training.members.linear import LINEAR
from lamplighter.training.members.memory import Size, refuse_too_large
from lamplighter.training.members.mlp import MLP
from lamplighter.training.members.nearest_neighbours import NEAREST_NEIGHBOURS
from lamplighter.training.members.random_forest import RANDOM_FOREST
from lamplighter.training.members.svm import SVM
from lamplighter.training.members.xgboost import XGBOOST

ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        XGBOOST,
        HIST_GRADIENT_BOOSTING,
        LINEAR,
        MLP,
        EXTRA_TREES,
        SVM,
        RANDOM_FOREST,
        ADABOOST,
        NEAREST_NEIGHBOURS,
    )
}
"""Every algorithm that ships, by the name that a spec uses; the most promising first."""


def fit_member(algorithm: str | Algorithm, train: Rows, fit: Fit) -> Member:
    """Fit one member with at most ``fit.threads`` threads, whichever library they belong to.

    Parameters
    ----------
    algorithm : str or Algorithm
        A name of the catalogue, or an algorithm of the user's own.

    Raises
    ------
    TrainingError
        If there is less memory than the fit would take.
    """
    found = ALGORITHMS[algorithm] if isinstance(algorithm, str) else algorithm
    refuse_too_large(found.name, _size(train, fit), fit.params)
    # scikit-learn's boosting and BLAS have no argument for it.
    with threadpool_limits(limits=fit.threads):
        return found.fit(train, fit)


def _size(train: Rows, fit: Fit) -> Size:
    rows, columns = train.X.values.shape
    outputs = len(fit.target) if fit.target.task == "multiclass" else 1
    terms = 0 if train.X.sparse is None else int(train.X.sparse.nnz)
    return Size(rows=rows, columns=columns, outputs=outputs, terms=terms)
