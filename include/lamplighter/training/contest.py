"""The contest of members and combinations, on rows that none of them was fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.evaluation.metrics import Task, row_losses
from lamplighter.training.combine import COMBINERS, Combiner
from lamplighter.training.target import Floats


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of every member for the validation rows of some folds, oldest first."""

    task: Task
    y: tuple[Floats, ...]
    predictions: Mapping[str, tuple[Floats, ...]]
    in_time_order: bool

    def __len__(self) -> int:
        return len(self.y)

    def learnt_from(self, judged: int) -> list[int]:
        """Return the folds that a combiner may learn from before it is judged on a fold."""
        return [f for f in range(len(self)) if (f < judged if self.in_time_order else f != judged)]

    @property
    def judged(self) -> list[int]:
        """The folds that a combiner can be judged on: where there is time, not the oldest."""
        return [fold for fold in range(len(self)) if self.learnt_from(fold)]


@dataclass(frozen=True)
class Contest:
    """The losses of all entrants and who won; `combiner` is None when a single member did."""

    losses: dict[str, float]
    winner: str
    combiner: Combiner | None


def judge(found: OutOfFold, *, methods: Sequence[str]) -> Contest:
    """Find the best member or combination.

    A combination must beat the best single member by more than one standard error of the paired
    difference of their row losses; the simpler wins what is a tie by that rule [1]_.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani and J. Friedman, *The Elements of Statistical Learning*, 2nd
       ed., 2009, section 7.10, the one-standard-error rule.
    """
    rows = {
        name: row_losses(found.task, _join(found.y, found.judged), _join(parts, found.judged))
        for name, parts in found.predictions.items()
    }
    single = min(rows, key=lambda name: float(rows[name].mean()))
    for method in methods:
        rows[method] = _cross_fitted_losses(found, method)
    losses = {name: _as_loss(found.task, of_rows) for name, of_rows in rows.items()}

    best = min(methods, key=lambda method: losses[method], default=None)
    if best is None or not _beats(rows[best], rows[single]):
        return Contest(losses, winner=single, combiner=None)
    return Contest(losses, winner=best, combiner=_fit(found, best, range(len(found))))


def _cross_fitted_losses(found: OutOfFold, method: str) -> Floats:
    parts = []
    for fold in found.judged:
        combiner = _fit(found, method, found.learnt_from(fold))
        prediction = combiner.combine([parts[fold] for parts in found.predictions.values()])
        parts.append(row_losses(found.task, found.y[fold], prediction))
    return np.concatenate(parts)


def _fit(found: OutOfFold, method: str, folds: Sequence[int]) -> Combiner:
    predictions = [_join(parts, folds) for parts in found.predictions.values()]
    return COMBINERS[method](found.task, predictions, _join(found.y, folds))


def _join(parts: Sequence[Floats], folds: Sequence[int]) -> Floats:
    return np.concatenate([parts[fold] for fold in folds])


def _as_loss(task: Task, of_rows: Floats) -> float:
    mean = float(of_rows.mean())
    return float(np.sqrt(mean)) if task == "regression" else mean


def _beats(challenger: Floats, holder: Floats) -> bool:
    gain = holder - challenger
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))
