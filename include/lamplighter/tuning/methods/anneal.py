"""Annealing, by hyperopt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hyperopt import anneal

from lamplighter.training.space import Space
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.history import Past
from lamplighter.tuning.methods.ask_hyperopt import ask_hyperopt
from lamplighter.tuning.methods.learning import suggest_learnt
from lamplighter.tuning.methods.method import Spaces, Suggestion


class Annealing:
    """Draws around one of the best trials, the closer the more trials there are.

    It costs less than the others to ask and goes for what is near, so it suits smooth losses.
    """

    handles_branches = True

    def suggest(
        self, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Suggest near a good trial of the algorithm that promises most."""
        return suggest_learnt(_propose, index, seed=seed, spaces=spaces, trials=trials)


def _propose(space: Space, points: Sequence[Past], seed: int) -> dict[str, Any]:
    return ask_hyperopt(anneal.suggest, space, points, seed)
