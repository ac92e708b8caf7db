"""What the report draws of predictions against truth, as a few plain numbers each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamplighter.evaluation.metrics import Task
from lamplighter.evaluation.ranking import Floats

_BINS = 10
_ROC_POINTS = 100
_MOST_CLASSES = 20


@dataclass(frozen=True)
class Bin:
    """Rows of like prediction: a tenth of all rows, or what ties leave of it."""

    rows: int
    predicted: float
    observed: float
    observed_low: float | None = None
    observed_high: float | None = None


@dataclass(frozen=True)
class Curves:
    """What a task's report can draw; empty where it makes no sense for the task.

    `calibration` holds, for each bin, the mean prediction and the share of positives (binary), or
    the mean confidence in the likeliest class and the share of hits (several classes), or the mean
    prediction and the mean value with its 10 % and 90 % quantiles (regression). `roc` holds pairs
    (false positive rate, true positive rate). `confusion[i][j]` counts rows of class i that were
    called j.
    """

    calibration: tuple[Bin, ...] = ()
    roc: tuple[tuple[float, float], ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()


def curves_of(task: Task, y: Floats, prediction: Floats) -> Curves:
    """Return the curves of finite predictions.

    Examples
    --------
    >>> drawn = curves_of("binary", np.array([0.0, 1.0]), np.array([0.2, 0.7]))
    >>> drawn.roc
    ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    """
    if task == "binary":
        return Curves(calibration=_bins(prediction, y), roc=_roc(y == 1, prediction))
    if task == "regression":
        return Curves(calibration=_bins(prediction, y, spread=True))
    called = prediction.argmax(axis=1)
    return Curves(
        calibration=_bins(prediction.max(axis=1), (called == y).astype(float)),
        confusion=_confusion(y.astype(int), called, prediction.shape[1]),
    )


def _bins(prediction: Floats, observed: Floats, *, spread: bool = False) -> tuple[Bin, ...]:
    edges = np.unique(np.quantile(prediction, np.linspace(0, 1, _BINS + 1)[1:-1]))
    place = np.searchsorted(edges, prediction, side="left")
    return tuple(
        _bin(prediction[place == b], observed[place == b], spread=spread)
        for b in range(len(edges) + 1)
        if (place == b).any()
    )


def _bin(prediction: Floats, observed: Floats, *, spread: bool) -> Bin:
    low, high = np.quantile(observed, [0.1, 0.9]) if spread else (None, None)
    return Bin(
        rows=len(prediction),
        predicted=float(prediction.mean()),
        observed=float(observed.mean()),
        observed_low=None if low is None else float(low),
        observed_high=None if high is None else float(high),
    )


def _roc(positive: np.ndarray, scores: Floats) -> tuple[tuple[float, float], ...]:
    if positive.all() or not positive.any():
        return ()
    order = np.argsort(-scores, kind="stable")
    hits, last = positive[order], np.flatnonzero(np.diff(scores[order], append=np.inf))
    true = np.concatenate([[0], np.cumsum(hits)[last]]) / hits.sum()
    false = np.concatenate([[0], np.cumsum(~hits)[last]]) / (~hits).sum()
    if len(true) > _ROC_POINTS:
        kept = np.unique(np.linspace(0, len(true) - 1, _ROC_POINTS).round().astype(int))
        true, false = true[kept], false[kept]
    return tuple(zip(false.tolist(), true.tolist(), strict=True))


def _confusion(y: np.ndarray, called: np.ndarray, classes: int) -> tuple[tuple[int, ...], ...]:
    if classes > _MOST_CLASSES:
        return ()
    counts = np.bincount(y * classes + called, minlength=classes**2).reshape(classes, classes)
    return tuple(tuple(row) for row in counts.tolist())
