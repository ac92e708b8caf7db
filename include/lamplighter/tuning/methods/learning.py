"""What methods that learn from trials have in common: first an algorithm, then a point of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Any

import numpy as np

from lamplighter.training.seeds import derive_seed
from lamplighter.training.space import Space
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.history import Past, comparable, past_points, worth_keeping
from lamplighter.tuning.methods.method import Spaces, Suggestion
from lamplighter.tuning.methods.which_algorithm import promising
from lamplighter.tuning.space import draw, size

Propose = Callable[[Space, Sequence[Past], int], dict[str, Any]]
"""From a space, its past points and a seed to a point."""

_LEARNS_FROM = 4
_TRIES = 8
_RANDOM_TRIES = 64


def suggest_learnt(
    propose: Propose, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
) -> Suggestion | None:
    """Suggest a point that was not tried before, of the algorithm that promises most.

    Until an algorithm has a few trials, its points are drawn at random.
    """
    points = past_points([trial for trial in trials if trial.index != index], spaces)
    for name in promising(list(spaces), points):
        own = [past for past in points if past.algorithm == name]
        tried = {_key(past.params) for past in own}
        if len(tried) < size(spaces[name]):
            learnt = worth_keeping(comparable(own))
            chosen = _untried(propose, spaces[name], learnt, tried, derive_seed(seed, index))
            return Suggestion(name, chosen)
    return None


def _untried(
    propose: Propose, space: Space, points: Sequence[Past], tried: Set[object], seed: int
) -> dict[str, Any]:
    point: dict[str, Any] = {}
    for attempt in range(_TRIES if len(points) >= _LEARNS_FROM else 0):
        point = propose(space, points, derive_seed(seed, "suggest", attempt))
        if _key(point) not in tried:
            return point
    rng = np.random.default_rng(derive_seed(seed, "draw"))
    for _ in range(_RANDOM_TRIES):
        point = draw(space, rng)
        if _key(point) not in tried:
            break
    return point


def _key(params: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(params.items()))
