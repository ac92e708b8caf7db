"""Tree-structured Parzen estimators, by hyperopt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hyperopt import tpe

from lamplighter.training.space import Space
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.history import Past
from lamplighter.tuning.methods.ask_hyperopt import ask_hyperopt
from lamplighter.tuning.methods.learning import suggest_learnt
from lamplighter.tuning.methods.method import Spaces, Suggestion


class TreeParzen:
    """Draws where good trials are dense and bad ones are not [1]_.

    Each algorithm's space has an estimator of its own, which `promising` chooses among.

    References
    ----------
    .. [1] J. Bergstra, R. Bardenet, Y. Bengio and B. Kegl, "Algorithms for hyper-parameter
       optimization", 2011.
    """

    handles_branches = True

    def suggest(
        self, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Suggest by the estimator of the algorithm that promises most."""
        return suggest_learnt(_propose, index, seed=seed, spaces=spaces, trials=trials)


def _propose(space: Space, points: Sequence[Past], seed: int) -> dict[str, Any]:
    return ask_hyperopt(tpe.suggest, space, points, seed, n_startup_jobs=0, verbose=False)
