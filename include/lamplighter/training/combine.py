"""Combining members: a weighted blend of their predictions, or a model stacked on top of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from scipy.optimize import nnls
from sklearn.linear_model import LogisticRegression, Ridge

from lamplighter.evaluation.metrics import Task
from lamplighter.training.target import Floats

_NEGLIGIBLE = 0.01
_SMALLEST = 1e-6
_EM_STEPS = 500
_IMPOSSIBLE = -50.0


class Combiner(Protocol):
    """Turns the predictions of several members into one."""

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        """Combine arrays of shape (n_rows,) or (n_rows, n_classes)."""
        ...

    def weights(self) -> tuple[float, ...]:
        """Return how much each member counts."""
        ...


@dataclass(frozen=True)
class Blend:
    """The weighted mean; weights are not negative and sum to 1."""

    shares: tuple[float, ...]

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        return np.asarray(sum(share * p for share, p in zip(self.shares, predictions, strict=True)))

    def weights(self) -> tuple[float, ...]:
        return self.shares


@dataclass(frozen=True)
class Stack:
    """A linear model on the members' logits (log probabilities, values).

    Attributes
    ----------
    coefficients : ndarray of float, shape (n_outputs, n_inputs)
    intercepts : ndarray of float, shape (n_outputs,)
    """

    task: Task
    n_members: int
    coefficients: Floats = field(compare=False)
    intercepts: Floats = field(compare=False)

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        scores = _inputs(self.task, predictions) @ self.coefficients.T + self.intercepts
        if self.task == "regression":
            return np.asarray(scores[:, 0])
        if self.task == "binary":
            return np.asarray(1 / (1 + np.exp(-scores[:, 0])))
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def weights(self) -> tuple[float, ...]:
        """Return each member's coefficient; for several classes the mean on its own class."""
        if self.task != "multiclass":
            return tuple(float(c) for c in self.coefficients[0])
        classes = len(self.intercepts)
        own = self.coefficients.reshape(classes, self.n_members, classes)
        return tuple(float(m) for m in np.einsum("kmk->m", own) / classes)


def fit_blend(task: Task, predictions: Sequence[Floats], y: Floats) -> Blend:
    r"""Find the weights on the simplex with the least loss.

    For probabilities, with :math:`p_{im}` what member *m* gave to the true class of row *i*, the
    log loss is convex in the weights, and

    .. math:: w_m \leftarrow \frac{w_m}{n} \sum_i \frac{p_{im}}{\sum_l w_l p_{il}}

    climbs to its optimum [1]_. For values: non-negative least squares [2]_, their sum held at 1.

    References
    ----------
    .. [1] T. M. Cover, "An algorithm for maximizing expected log investment return", 1984.
    .. [2] L. Breiman, "Stacked regressions", 1996.

    Examples
    --------
    >>> right, wrong = np.array([0.9, 0.2, 0.8]), np.array([0.1, 0.9, 0.2])
    >>> fit_blend("binary", [right, wrong], np.array([1.0, 0.0, 1.0])).shares
    (1.0, 0.0)
    """
    if task == "regression":
        found = _least_squares_on_simplex(np.stack(predictions, axis=1), y)
    else:
        found = _likeliest_mixture(_of_truth(predictions, y))
    kept = np.where(found < _NEGLIGIBLE, 0.0, found)
    return Blend(tuple(float(share) for share in kept / kept.sum()))


def fit_stack(task: Task, predictions: Sequence[Floats], y: Floats) -> Stack:
    """Fit a linear model on the members' predictions [1]_.

    References
    ----------
    .. [1] D. H. Wolpert, "Stacked generalization", 1992.
    """
    inputs = _inputs(task, predictions)
    if task == "regression":
        model = Ridge(alpha=1e-3 * len(y) * float(np.var(inputs)) + 1e-12).fit(inputs, y)
        coefficients, intercepts = model.coef_[None, :], np.atleast_1d(model.intercept_)
    else:
        model = LogisticRegression(C=1.0, max_iter=500).fit(inputs, y)
        coefficients, intercepts = model.coef_, model.intercept_
        if task == "multiclass":
            coefficients, intercepts = _for_every_class(model, predictions[0].shape[1])
    return Stack(task, len(predictions), np.asarray(coefficients), np.asarray(intercepts))


COMBINERS: dict[str, Callable[[Task, Sequence[Floats], Floats], Combiner]] = {
    "blending": fit_blend,
    "stacking": fit_stack,
}
"""How each method of the spec is fitted."""


def _for_every_class(model: LogisticRegression, classes: int) -> tuple[Floats, Floats]:
    """Give each class a row of coefficients; one that no row had is as good as impossible."""
    found, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn gives the log-odds of the second alone
        found = np.vstack([-found / 2, found / 2])
        offsets = np.array([-1.0, 1.0]) * offsets[0] / 2
    coefficients = np.zeros((classes, found.shape[1]))
    intercepts = np.full(classes, _IMPOSSIBLE)
    seen = model.classes_.astype(int)
    coefficients[seen], intercepts[seen] = found, offsets
    return coefficients, intercepts


def _of_truth(predictions: Sequence[Floats], y: Floats) -> Floats:
    columns = []
    for p in predictions:
        of_truth = (
            np.where(y == 1, p, 1 - p) if p.ndim == 1 else p[np.arange(len(y)), y.astype(int)]
        )
        columns.append(np.clip(of_truth, _SMALLEST, 1.0))
    return np.stack(columns, axis=1)


def _likeliest_mixture(p: Floats) -> Floats:
    w = np.full(p.shape[1], 1 / p.shape[1])
    for _ in range(_EM_STEPS):
        previous = w
        w = w * np.mean(p / (p @ w)[:, None], axis=0)
        if np.abs(w - previous).max() < 1e-6:
            break
    return np.asarray(w)


def _least_squares_on_simplex(predictions: Floats, y: Floats) -> Floats:
    # One heavy row asks for a sum of 1 (C. L. Lawson and R. J. Hanson, "Solving Least Squares
    # Problems", 1974, on equality constraints by weighting).
    centre, scale = y.mean(), max(float(y.std()), 1e-12)
    heavy = 1e4 * np.sqrt(len(y))
    rows = np.vstack([(predictions - centre) / scale, np.full(predictions.shape[1], heavy)])
    found, _ = nnls(rows, np.append((y - centre) / scale, heavy))
    return np.asarray(found / found.sum())


def _inputs(task: Task, predictions: Sequence[Floats]) -> Floats:
    if task == "regression":
        return np.stack(predictions, axis=1)
    clipped = [np.clip(p, _SMALLEST, 1 - _SMALLEST) for p in predictions]
    if task == "binary":
        return np.stack([np.log(p / (1 - p)) for p in clipped], axis=1)
    return np.concatenate([np.log(p) for p in clipped], axis=1)
