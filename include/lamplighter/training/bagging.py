"""Bagging: the same trial fitted several times on resampled rows, and averaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Member
from lamplighter.training.recipe import Prepared
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop

BAGS = 5


@dataclass(frozen=True)
class Bag:
    """The plain mean of members of one kind."""

    members: tuple[Member, ...]

    @property
    def rounds(self) -> int | None:
        """None: a bag is not grown in rounds."""
        return None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        """Return the mean of what the members predict."""
        return np.asarray(np.mean([m.predict(X, threads=threads) for m in self.members], axis=0))


def fit_bag(
    workshop: Workshop,
    trial: TrialRecord,
    prepared: Prepared,
    *,
    seconds_left: Callable[[], float] | None = None,
) -> Bag:
    """Fit a trial's member on bootstraps of the rows, each with a seed of its own [1]_.

    When the time is up, the members there are make a bag, of one at least.

    References
    ----------
    .. [1] L. Breiman, "Bagging predictors", Machine Learning 24, 1996.
    """
    members: list[Member] = []
    for bag in range(BAGS):
        if members and seconds_left is not None and seconds_left() <= 0:
            break
        seed = derive_seed(workshop.seed, "bag", trial.index, bag)
        n = len(prepared.rows)
        drawn = np.sort(np.random.default_rng(seed).integers(0, n, n))
        rows = replace(prepared, rows=prepared.rows.take(drawn))
        members.append(
            workshop.fit(trial.algorithm, trial.params, rows, index=seed, seconds_left=seconds_left)
        )
    return Bag(tuple(members))


def bag_out_of_fold(workshop: Workshop, trial: TrialRecord) -> tuple[Floats, ...]:
    """Return what bags of a trial predict for each scored fold, fitted on the fold's own rows."""
    recipe = workshop.recipe(trial.params)
    found = []
    for number in workshop.folds.scored:
        fold = workshop.fold(number, recipe)
        bag = fit_bag(workshop, trial, fold.train)
        found.append(bag.predict(fold.validation.X, threads=workshop.threads))
    return tuple(found)
