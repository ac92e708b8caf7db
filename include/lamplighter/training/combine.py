"""Combining members by a weighted mean of their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import nnls

from lamplighter.evaluation.metrics import Task
from lamplighter.training.greedy import of_truth
from lamplighter.training.target import Floats

_NEGLIGIBLE = 0.01
_EM_STEPS = 500


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

    @classmethod
    def even(cls, members: int) -> Blend:
        """Return the plain mean of so many members."""
        return cls((1 / members,) * members)

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        return np.asarray(sum(share * p for share, p in zip(self.shares, predictions, strict=True)))

    def weights(self) -> tuple[float, ...]:
        return self.shares


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
        found = _likeliest_mixture(of_truth(predictions, y).T)
    kept = np.where(found < _NEGLIGIBLE, 0.0, found)
    return Blend(tuple(float(share) for share in kept / kept.sum()))


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
