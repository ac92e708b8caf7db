"""The table of algorithms, and the one way to fit a member of any of them."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from lamplighter.training.members.algorithm import Algorithm, Fit, Member, Rows
from lamplighter.training.members.hist_gradient_boosting import HIST_GRADIENT_BOOSTING
from lamplighter.training.members.linear import LINEAR
from lamplighter.training.members.xgboost import XGBOOST

ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm for algorithm in (XGBOOST, HIST_GRADIENT_BOOSTING, LINEAR)
}
"""Every algorithm by the name that a spec uses."""


def fit_member(algorithm: str, train: Rows, fit: Fit) -> Member:
    """Fit one member with at most ``fit.threads`` threads, whichever library they belong to."""
    # scikit-learn's boosting and BLAS have no argument for it.
    with threadpool_limits(limits=fit.threads):
        return ALGORITHMS[algorithm].fit(train, fit)
