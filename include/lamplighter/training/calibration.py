"""Calibration: probabilities that come true as often as they say, learnt from out-of-fold rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from sklearn.isotonic import IsotonicRegression

from lamplighter.evaluation.metrics import Task, row_losses
from lamplighter.training.cross_fit import turns
from lamplighter.training.stacking import Stack, fit_stack
from lamplighter.training.target import Floats

FEWEST_ROWS = 200
"""On fewer rows nothing is calibrated: the correction would be noise."""

Kind = Literal["isotonic", "sigmoid"]


class Calibration(Protocol):
    """Turns probabilities into truer ones."""

    @property
    def kind(self) -> Kind:
        """Which kind of calibration it is."""
        ...

    def apply(self, prediction: Floats) -> Floats:
        """Calibrate probabilities, shape (n_rows,) or (n_rows, n_classes)."""
        ...


@dataclass(frozen=True)
class Sigmoid:
    """A slope and an offset on the scores; with several classes an offset for each."""

    model: Stack
    kind: Kind = "sigmoid"

    def apply(self, prediction: Floats) -> Floats:
        return self.model.combine([prediction])


@dataclass(frozen=True)
class Isotonic:
    """A rising step function for each class (one, for two classes), drawn as a line."""

    steps: tuple[tuple[Floats, Floats], ...] = field(compare=False)
    kind: Kind = "isotonic"

    def apply(self, prediction: Floats) -> Floats:
        if prediction.ndim == 1:
            ((x, y),) = self.steps
            return np.asarray(np.interp(prediction, x, y))
        columns = [np.interp(p, x, y) for p, (x, y) in zip(prediction.T, self.steps, strict=True)]
        whole = np.stack(columns, axis=1)
        return np.asarray(whole / whole.sum(axis=1, keepdims=True))


_FEWEST_FOR_STEPS = 1_000
"""Rows below which steps are learnt by heart: on 440 the outermost ones said .001 and .999 of rows
that are a coin's throw, while the gain on judged rows was beyond noise."""


def choose_calibration(
    task: Task,
    y: Floats,
    prediction: Floats,
    *,
    among: Literal["auto", "none", "isotonic", "sigmoid"],
    in_time_order: bool,
) -> Calibration | None:
    """Fit the calibration that lowers the log loss, if one does so by more than noise.

    It is judged on rows from which it has not learnt: the gain has to exceed one standard error
    of the paired differences.

    Parameters
    ----------
    y : ndarray of float, shape (n_rows,)
    prediction : ndarray, shape (n_rows,) or (n_rows, n_classes)
        Of a model for rows that it was not fitted on, oldest first where there is time.
    """
    kinds = [kind for kind in FITS if among == kind or (among == "auto" and _fits(kind, len(y)))]
    if task == "regression" or len(y) < FEWEST_ROWS or not kinds:
        return None
    parts = list(turns(len(y), in_time_order=in_time_order))
    judged = np.concatenate([turn.judged for turn in parts])
    before = row_losses(task, y[judged], prediction[judged])
    gains = {}
    for kind in kinds:
        after = [
            FITS[kind](task, y[turn.learnt], prediction[turn.learnt]).apply(prediction[turn.judged])
            for turn in parts
        ]
        gains[kind] = before - row_losses(task, y[judged], np.concatenate(after))
    best = max(kinds, key=lambda kind: float(gains[kind].mean()))
    noise = float(gains[best].std(ddof=1)) / np.sqrt(len(judged))
    return FITS[best](task, y, prediction) if gains[best].mean() > noise else None


def fit_sigmoid(task: Task, y: Floats, prediction: Floats) -> Sigmoid:
    """Fit a slope and offsets on the scores [1]_.

    References
    ----------
    .. [1] J. Platt, "Probabilistic outputs for support vector machines", 1999; for several classes
       C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks", ICML
       2017, with one temperature and an offset for each class.
    """
    return Sigmoid(fit_stack(task, [prediction], y))


def fit_isotonic(task: Task, y: Floats, prediction: Floats) -> Isotonic:
    """Fit a rising function for each class against the rest, renormalised [1]_.

    References
    ----------
    .. [1] B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate multiclass
       probability estimates", KDD 2002.
    """
    if prediction.ndim == 1:
        return Isotonic((_rising(prediction, y == 1),))
    return Isotonic(tuple(_rising(p, y == label) for label, p in enumerate(prediction.T)))


FITS: dict[Kind, Callable[[Task, Floats, Floats], Calibration]] = {
    "sigmoid": fit_sigmoid,
    "isotonic": fit_isotonic,
}
"""How each kind is fitted, the simpler first."""


def _fits(kind: Kind, rows: int) -> bool:
    return kind == "sigmoid" or rows >= _FEWEST_FOR_STEPS


def _rising(p: Floats, hit: np.ndarray) -> tuple[Floats, Floats]:
    # No row says that something is impossible: one count is shared by both outcomes.
    least = 0.5 / (len(p) + 1)
    fitted = IsotonicRegression(y_min=least, y_max=1 - least).fit(p, hit.astype(float))
    return np.asarray(fitted.X_thresholds_), np.asarray(fitted.y_thresholds_)
