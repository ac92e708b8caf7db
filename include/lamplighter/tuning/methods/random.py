"""Random search: every point has the same chance, whatever the trials so far say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamplighter.training.seeds import derive_seed
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.methods.method import Spaces, Suggestion
from lamplighter.tuning.space import draw


class RandomSearch:
    """Random search [1]_.

    References
    ----------
    .. [1] J. Bergstra and Y. Bengio, "Random search for hyper-parameter optimization", 2012.
    """

    handles_branches = True

    def suggest(
        self, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Draw an algorithm, then a point of its space."""
        rng = np.random.default_rng(derive_seed(seed, "suggest", index))
        names = list(spaces)
        name = names[int(rng.integers(len(names)))]
        return Suggestion(name, draw(spaces[name], rng))
