"""The next point of a search: a pure function of the seed, its index and the stored trials."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import hyperopt
from hyperopt import tpe

from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.seeds import derive_seed
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.space import from_point, past_trials, to_hyperopt

_RANDOM_TRIALS = 8
"""Points drawn at random, defaults included, before the estimator has something to go by."""


def suggest(
    index: int,
    *,
    seed: int,
    algorithms: Sequence[str],
    among: Sequence[str],
    trials: Sequence[TrialRecord],
) -> tuple[str, dict[str, Any]]:
    """Return algorithm and parameters of a trial.

    The first indices are the known good defaults, one of each algorithm; then the tree-structured
    Parzen estimator [1]_ over all of them. hyperopt's own random state is not kept: the trial's
    seed derives from `seed` and `index`, and its memory is rebuilt from `trials` in the order of
    their indices.

    Parameters
    ----------
    index : int
        The trial's place in the search.
    seed : int
        The search's seed.
    algorithms : sequence of str
        All algorithms of the search.
    among : sequence of str
        Those that there is still time for.
    trials : sequence of TrialRecord
        The stored trials.

    References
    ----------
    .. [1] J. Bergstra, R. Bardenet, Y. Bengio and B. Kegl, "Algorithms for hyper-parameter
       optimization", 2011.
    """
    if index < len(algorithms) and algorithms[index] in among:
        return algorithms[index], dict(ALGORITHMS[algorithms[index]].defaults)
    space = to_hyperopt(among)
    earlier = sorted((t for t in trials if t.index != index), key=lambda trial: trial.index)
    with warnings.catch_warnings():
        # hyperopt 0.3 sets the shape of arrays in place, which numpy 2.5 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        documents = tpe.suggest(
            [index],
            hyperopt.Domain(_never_called, space),
            past_trials(earlier, among),
            derive_seed(seed, "suggest", index),
            n_startup_jobs=_RANDOM_TRIALS,
            verbose=False,
        )
    values = {label: found[0] for label, found in documents[0]["misc"]["vals"].items() if found}
    return from_point(hyperopt.space_eval(space, values))


def _never_called(_: Any) -> float:
    raise AssertionError("hyperopt only suggests; trials are fitted elsewhere")
