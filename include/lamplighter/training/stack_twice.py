"""Stacking in two levels: several models on the members' predictions, and a blend of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from lamplighter.evaluation.metrics import Task
from lamplighter.training.combine import Blend, Combiner, fit_blend
from lamplighter.training.cross_fit import turns
from lamplighter.training.stacking import fit_stack, scores_of
from lamplighter.training.target import Floats

_MOST_COLUMNS = 60
_ROWS_FOR_TREES = 500


@dataclass(frozen=True)
class Tower:
    """Two levels: models on the members' predictions, and a blend of these models."""

    first: tuple[Combiner, ...]
    second: Blend

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        """Combine arrays of shape (n_rows,) or (n_rows, n_classes)."""
        return self.second.combine([model.combine(predictions) for model in self.first])

    def weights(self) -> tuple[float, ...]:
        """Return each member's weight in the first level, weighted by the second."""
        return tuple(
            float(w) for w in self.second.combine([np.asarray(m.weights()) for m in self.first])
        )


@dataclass(frozen=True)
class TreesOnTop:
    """Small boosted trees on the members' scores, for what is not linear in them."""

    task: Task
    members: int
    classes: int
    estimator: Any = field(compare=False)

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        """Combine arrays of shape (n_rows,) or (n_rows, n_classes)."""
        table = _table(self.task, predictions)
        if self.task == "regression":
            return np.asarray(self.estimator.predict(table))
        found = self.estimator.predict_proba(table)
        if self.task == "binary":
            return np.asarray(found[:, 1])
        whole = np.zeros((len(table), self.classes))
        whole[:, self.estimator.classes_.astype(int)] = found
        return whole

    def weights(self) -> tuple[float, ...]:
        """Return equal weights: trees have none."""
        return (1 / self.members,) * self.members


def fit_tower(
    task: Task, predictions: Sequence[Floats], y: Floats, *, in_time_order: bool
) -> Tower:
    """Fit a stack, a blend and boosted trees; the second level weighs them on rows they never saw.

    Parameters
    ----------
    in_time_order : bool
        Whether rows are oldest first, so that a model is weighed on rows after its own only.
    """
    judged, found = [], []
    kinds = _first_level(task, predictions, y)
    for turn in turns(len(y), in_time_order=in_time_order):
        learnt = [p[turn.learnt] for p in predictions]
        models = [fit(task, learnt, y[turn.learnt]) for fit in kinds]
        found.append([m.combine([p[turn.judged] for p in predictions]) for m in models])
        judged.append(y[turn.judged])
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    second = fit_blend(task, columns, np.concatenate(judged))
    kept = [(fit, share) for fit, share in zip(kinds, second.shares, strict=True) if share]
    return Tower(
        tuple(fit(task, predictions, y) for fit, _ in kept), Blend(tuple(s for _, s in kept))
    )


def _first_level(
    task: Task, predictions: Sequence[Floats], y: Floats
) -> list[Callable[[Task, Sequence[Floats], Floats], Combiner]]:
    columns = sum(p.shape[1] if p.ndim == 2 else 1 for p in predictions)
    # With a class too few in some part, trees would not know it.
    if columns > _MOST_COLUMNS or len(y) < _ROWS_FOR_TREES:
        return [fit_stack, fit_blend]
    return [fit_stack, fit_blend, _fit_trees]


def _fit_trees(task: Task, predictions: Sequence[Floats], y: Floats) -> TreesOnTop:
    kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    estimator = kind(
        max_iter=60,
        learning_rate=0.08,
        max_leaf_nodes=6,
        min_samples_leaf=max(20, len(y) // 50),
        early_stopping=False,
        random_state=0,
    )
    estimator.fit(_table(task, predictions), y)
    classes = predictions[0].shape[1] if predictions[0].ndim == 2 else 0
    return TreesOnTop(task, len(predictions), classes, estimator)


def _table(task: Task, predictions: Sequence[Floats]) -> Floats:
    return np.column_stack([scores_of(task, p) for p in predictions])
