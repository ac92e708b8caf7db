"""Which parameters mattered in a search: what a forest that learnt the losses would miss."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord

_FEWEST_TRIALS = 12
_TREES = 100
_SHUFFLES = 10
_FOUND = "rounds"


@dataclass(frozen=True)
class Importance:
    """What can be said of one algorithm's parameters.

    Attributes
    ----------
    explained : float in (0, 1]
        Share of the differences between losses that the forest explains, out of bag.
    parameters : tuple of (name, share)
        The most important first; the shares add up to 1.
    """

    algorithm: str
    trials: int
    explained: float
    parameters: tuple[tuple[str, float], ...]


def parameter_importance(trials: Iterable[TrialRecord]) -> list[Importance]:
    """Measure by how much each parameter moved the loss, algorithm by algorithm.

    A random forest learns the losses from the parameters, and each parameter's values are shuffled
    in turn [1]_. That is a simple relative of functional analysis of variance [2]_: unlike it, it
    does not weigh the space evenly. Algorithms with few trials, or whose losses the forest cannot
    explain out of bag, are left out: nothing can be said of them.

    References
    ----------
    .. [1] L. Breiman, "Random forests", 2001.
    .. [2] F. Hutter, H. Hoos and K. Leyton-Brown, "An efficient approach for assessing
       hyperparameter importance", 2014.
    """
    by_algorithm: dict[str, list[TrialRecord]] = {}
    for trial in sorted(trials, key=lambda trial: trial.index):
        if trial.loss is not None and math.isfinite(trial.loss) and trial.fidelity == 1.0:
            by_algorithm.setdefault(trial.algorithm, []).append(trial)
    measured = (_measure(name, scored) for name, scored in by_algorithm.items())
    return [found for found in measured if found is not None]


def _measure(algorithm: str, trials: list[TrialRecord]) -> Importance | None:
    names = sorted({name for trial in trials for name in trial.params} - {_FOUND})
    names = [n for n in names if len({str(trial.params.get(n)) for trial in trials}) > 1]
    if len(trials) < _FEWEST_TRIALS or not names:
        return None
    X = np.column_stack([_column([trial.params.get(name) for trial in trials]) for name in names])
    losses = [trial.loss or 0.0 for trial in trials]
    # Hopeless trials far above the others would be all that the forest learns.
    middle, best = statistics.median(losses), min(losses)
    y = np.minimum(losses, middle + 3 * (middle - best))
    if np.ptp(y) == 0:
        return None
    forest = RandomForestRegressor(
        _TREES, min_samples_leaf=2, oob_score=True, random_state=0, n_jobs=1
    ).fit(X, y)
    explained = float(forest.oob_score_)
    if explained <= 0:
        return None
    shuffled = permutation_importance(
        forest, X, y, n_repeats=_SHUFFLES, random_state=0, n_jobs=1
    ).importances_mean
    share = np.maximum(shuffled, 0.0)
    share = share / (share.sum() or 1.0)
    ranked = sorted(zip(names, share, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return Importance(
        algorithm, len(trials), explained, tuple((name, float(part)) for name, part in ranked)
    )


def _column(values: list[Any]) -> Floats:
    """Return one column: numbers as they are, words by their number, -1 where there is none.

    Trees do not mind the scale of a number, nor whether it is its logarithm.
    """
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    known = [value for value in values if value is not None]
    if len(numbers) == len(known):
        below = min(numbers) - 1.0
        return np.array([below if value is None else float(value) for value in values])
    words = sorted({str(value) for value in known})
    return np.array([-1.0 if value is None else float(words.index(str(value))) for value in values])
