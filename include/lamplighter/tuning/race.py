"""A trial run fold by fold, and given up as soon as it is clear that it cannot win any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from lamplighter.evaluation.metrics import Task, row_losses
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord, ranked

_SURE = 2.0
"""Standard errors of the paired difference from which on a trial counts as beaten."""


@dataclass
class Race:
    """What trials have to keep up with, fold by fold.

    A trial runs against the best one of its own algorithm, not against the best of all: a family
    that is worse alone may be what the ensemble lacks. So the first trial of an algorithm always
    ends. It is beaten when its losses, row by row, are worse by more than chance explains: on few
    rows hardly ever, on many soon. That is racing [1]_ with the normal approximation.

    Attributes
    ----------
    targets : sequence of ndarray
        Of each scored fold.
    predictions : callable
        Returns what a trial predicted for each scored fold.

    References
    ----------
    .. [1] O. Maron and A. W. Moore, "Hoeffding races: accelerating model selection search for
       classification and function approximation", 1994.
    """

    task: Task
    targets: Sequence[Floats]
    predictions: Callable[[int], Sequence[Floats] | None]
    _losses: dict[int, list[Floats] | None] = field(default_factory=dict, repr=False)

    def is_lost(
        self, algorithm: str, losses: Sequence[Floats], trials: Sequence[TrialRecord]
    ) -> bool:
        """Say whether a trial with these row losses on its first folds shall be given up."""
        best = self._losses_of_best(algorithm, trials) if losses else None
        if best is None or len(losses) >= len(best):
            return False
        behind = np.concatenate(losses) - np.concatenate(best[: len(losses)])
        return bool(behind.mean() > _SURE * behind.std() / np.sqrt(len(behind)))

    def _losses_of_best(self, algorithm: str, trials: Sequence[TrialRecord]) -> list[Floats] | None:
        own = (t for t in trials if t.algorithm == algorithm and t.index >= 0 and t.fidelity == 1)
        best = next((trial for _, trial in ranked(own)), None)
        if best is None:
            return None
        if best.index not in self._losses:
            found = self.predictions(best.index)
            self._losses[best.index] = (
                None
                if found is None
                else [row_losses(self.task, y, p) for y, p in zip(self.targets, found, strict=True)]
            )
        return self._losses[best.index]
