"""What is measured of predictions: a table of metrics, and the loss of each row."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from lamplighter.errors import SpecError
from lamplighter.evaluation.ranking import (
    Bools,
    Floats,
    Ints,
    Reweighted,
    average_precision,
    roc_auc,
)

Task = Literal["binary", "multiclass", "regression"]

LOSS_OF_TASK: dict[Task, str] = {
    "binary": "log_loss",
    "multiclass": "log_loss",
    "regression": "squared_error",
}
"""Name of what `row_losses` gives, and so of what the gate compares."""

_SMALLEST = float(np.finfo(np.float64).eps)


class Metric(Protocol):
    """One number for many rows, and the same number for many weightings of their blocks."""

    @property
    def name(self) -> str: ...
    @property
    def greater_is_better(self) -> bool: ...
    @property
    def tasks(self) -> tuple[Task, ...]: ...
    @property
    def limits(self) -> tuple[float, float]: ...

    def prepare(self, y: Floats, prediction: Floats, codes: Ints, blocks: int) -> Reweighted:
        """Return the metric as a function of how often each block counts.

        `codes` (n_rows,) says in which of the `blocks` a row lies. The function takes the counts,
        shape (n_weightings, n_blocks), and gives (n_weightings,); NaN where it is undefined.
        """
        ...


@dataclass(frozen=True)
class MeanMetric:
    """A metric that follows from means over rows, so that a weighting costs a sum over blocks."""

    name: str
    greater_is_better: bool
    tasks: tuple[Task, ...]
    limits: tuple[float, float]
    terms: Callable[[Floats, Floats], Floats]
    of_means: Callable[[Floats], Floats]

    def prepare(self, y: Floats, prediction: Floats, codes: Ints, blocks: int) -> Reweighted:
        terms = self.terms(y, prediction)
        sums = np.stack([np.bincount(codes, term, blocks) for term in terms.T], axis=1)
        rows = np.bincount(codes, minlength=blocks).astype(float)
        return lambda counts: self.of_means((counts @ sums) / (counts @ rows)[:, None])


@dataclass(frozen=True)
class RankMetric:
    """A metric of the order that scores put rows in. Several classes: mean of one against rest."""

    name: str
    greater_is_better: bool
    tasks: tuple[Task, ...]
    limits: tuple[float, float]
    of_scores: Callable[[Bools, Floats, Ints, int], Reweighted]

    def prepare(self, y: Floats, prediction: Floats, codes: Ints, blocks: int) -> Reweighted:
        if prediction.ndim == 1:
            return self.of_scores(y == 1, prediction, codes, blocks)
        per_class = [
            self.of_scores(y == label, prediction[:, label], codes, blocks)
            for label in range(prediction.shape[1])
        ]
        return lambda counts: np.mean([value(counts) for value in per_class], axis=0)


def measure(metric: Metric, y: Floats, prediction: Floats) -> float:
    """Return the metric of all rows; NaN where it is undefined (AUC of a single class).

    Examples
    --------
    >>> measure(METRICS["roc_auc"], np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.6, 0.4]))
    0.5
    """
    one_block = np.zeros(len(y), dtype=np.int64)
    return float(metric.prepare(y, prediction, one_block, 1)(np.ones((1, 1)))[0])


def row_losses(task: Task, y: ArrayLike, prediction: ArrayLike) -> Floats:
    """Return the loss of each row: log loss in nats, or the squared error.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    y : array_like, shape (n_rows,)
        0 or 1; for several classes the class's number from 0; for regression the value.
    prediction : array_like, shape (n_rows,) or (n_rows, n_classes)
        Probability of 1; for several classes a probability each; for regression the value.
        Probabilities are kept away from 0 and 1 by 2.2e-16, as scikit-learn does, so that one
        confident mistake costs 36 nats and not infinitely many.

    Returns
    -------
    ndarray of float, shape (n_rows,)
        Smaller is better.

    Examples
    --------
    >>> row_losses("binary", [1, 0], [0.5, 0.5]).round(3).tolist()
    [0.693, 0.693]
    """
    truth, predicted = np.asarray(y, dtype=float), np.asarray(prediction, dtype=float)
    if task == "regression":
        return np.asarray((truth - predicted) ** 2)
    return -np.log(np.clip(_probability_of_truth(truth, predicted), _SMALLEST, 1.0))


def metrics_of(task: Task) -> dict[str, Metric]:
    """Return the metrics that make sense for a task, in the order reports show them."""
    return {name: metric for name, metric in METRICS.items() if task in metric.tasks}


def metric_named(name: str, task: Task) -> Metric:
    """Return a metric of a task by name; `SpecError` names the nearest one that exists."""
    known = metrics_of(task)
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; choose from {', '.join(known)}"
    raise SpecError(f"{name!r} is not a metric of a {task} model{hint}")


def _probability_of_truth(y: Floats, prediction: Floats) -> Floats:
    if prediction.ndim == 1:
        return np.asarray(np.where(y == 1, prediction, 1 - prediction))
    return np.asarray(prediction[np.arange(len(y)), y.astype(int)])


def _log_loss(y: Floats, p: Floats) -> Floats:
    return row_losses("multiclass" if p.ndim == 2 else "binary", y, p)[:, None]


def _brier(y: Floats, p: Floats) -> Floats:
    if p.ndim == 1:
        return np.asarray((p - y) ** 2)[:, None]
    truth = np.eye(p.shape[1])[y.astype(int)]
    return np.asarray(((p - truth) ** 2).sum(axis=1))[:, None]


def _hit(y: Floats, p: Floats) -> Floats:
    predicted = p.argmax(axis=1) if p.ndim == 2 else p >= 0.5
    return np.asarray(predicted == y, dtype=float)[:, None]


def _squared_error(y: Floats, p: Floats) -> Floats:
    return np.asarray((y - p) ** 2)[:, None]


def _absolute_error(y: Floats, p: Floats) -> Floats:
    return np.abs(y - p)[:, None]


def _error_and_spread(y: Floats, p: Floats) -> Floats:
    centred = y - y.mean()  # the variance below is a difference: keep it small
    return np.stack([(y - p) ** 2, centred, centred**2], axis=1)


def _itself(means: Floats) -> Floats:
    return means[:, 0]


def _root(means: Floats) -> Floats:
    return np.asarray(np.sqrt(means[:, 0]))


def _explained(means: Floats) -> Floats:
    error, centre, square = means.T
    variance = square - centre**2
    unexplained = np.full(len(error), np.nan)
    np.divide(error, variance, out=unexplained, where=variance > 1e-12 * square)
    return 1 - unexplained


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_VALUES: tuple[Task, ...] = ("regression",)
_SHARE, _SIZE = (0.0, 1.0), (0.0, math.inf)

_ALL: tuple[Metric, ...] = (
    RankMetric("roc_auc", True, _CLASSES, _SHARE, roc_auc),
    MeanMetric("log_loss", False, _CLASSES, _SIZE, _log_loss, _itself),
    MeanMetric("brier", False, _CLASSES, _SIZE, _brier, _itself),
    RankMetric("average_precision", True, ("binary",), _SHARE, average_precision),
    MeanMetric("accuracy", True, _CLASSES, _SHARE, _hit, _itself),
    MeanMetric("rmse", False, _VALUES, _SIZE, _squared_error, _root),
    MeanMetric("mae", False, _VALUES, _SIZE, _absolute_error, _itself),
    MeanMetric("r2", True, _VALUES, (-math.inf, 1.0), _error_and_spread, _explained),
)

COST = "cost"
"""Name of what decisions cost a row, where a spec has a cost matrix."""


def cost_metric(row_costs: Callable[[Floats, Floats], Floats]) -> Metric:
    """Return the mean cost of a row, from a function of labels and predictions."""
    return MeanMetric(
        COST,
        greater_is_better=False,
        tasks=_CLASSES,
        limits=(-math.inf, math.inf),
        terms=lambda y, p: row_costs(y, p)[:, None],
        of_means=_itself,
    )


METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
"""Every metric by name. Those of scikit-learn, with its names and definitions."""
