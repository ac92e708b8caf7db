"""Greedy selection of an ensemble: the member that helps most is added, again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lamplighter.evaluation.metrics import Task
from lamplighter.training.target import Floats

ROUNDS = 40
"""Additions: the finest weight is one in so many."""

_SMALLEST = 1e-6
_NOTHING = 1e-9

Admits = Callable[[Sequence[int]], bool]
"""Whether an ensemble of these members, by their places, may be."""


def select_greedily(
    task: Task,
    predictions: Sequence[Floats],
    y: Floats,
    *,
    admits: Admits = lambda places: True,
    rounds: int = ROUNDS,
) -> tuple[float, ...]:
    """Choose weights by adding, with replacement, the member that lowers the loss most [1]_.

    Parameters
    ----------
    predictions : sequence of ndarray, shape (n_rows,) or (n_rows, n_classes)
        Of each member, for rows that it was not fitted on. No NaN.
    y : ndarray of float, shape (n_rows,)
        The truth of these rows.
    admits : callable
        Says whether an ensemble of the members at these places may be; one that may not be is
        passed over. A member alone always may.
    rounds : int
        Additions; of the ensembles on the way, the one of least loss is taken.

    Returns
    -------
    tuple of float
        A weight for each member, 0 for those that were not chosen; they sum to 1.

    References
    ----------
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew and A. Ksikes, "Ensemble selection from libraries
       of models", ICML 2004.

    Examples
    --------
    >>> y = np.array([1.0, 2.0, 3.0])
    >>> select_greedily("regression", [y + 1, y - 1, y + 9], y)
    (0.5, 0.5, 0.0)
    """
    loss_after = _squares(predictions, y) if task == "regression" else _logs(predictions, y)
    counts, best, best_loss = np.zeros(len(predictions)), np.zeros(len(predictions)), np.inf
    for _ in range(rounds):
        losses = loss_after(counts)
        chosen = set(np.flatnonzero(counts).tolist())
        for place in np.argsort(losses, kind="stable").tolist():
            if place in chosen or not chosen or admits(sorted(chosen | {place})):
                break
        counts[place] += 1
        # An addition that does not help yet may do so once it weighs less.
        if losses[place] < best_loss * (1 - _NOTHING):
            best, best_loss = counts.copy(), losses[place]
    return tuple(float(share) for share in best / best.sum())


def of_truth(predictions: Sequence[Floats], y: Floats) -> Floats:
    """Return the probability that each member gave to what came true, (n_members, n_rows)."""
    labels = y.astype(np.intp)
    return np.stack(
        [
            np.clip(
                np.where(y == 1, p, 1 - p) if p.ndim == 1 else p[np.arange(len(y)), labels],
                _SMALLEST,
                1.0,
            )
            for p in predictions
        ]
    )


def _logs(predictions: Sequence[Floats], y: Floats) -> Callable[[Floats], Floats]:
    """Log loss of a mixture needs what each member gave to the truth alone, however many classes.

    Returns a function of how often each member counts, that gives the loss after one more of each.
    """
    p = of_truth(predictions, y).astype(np.float32)

    def loss_after(counts: Floats) -> Floats:
        mixed = (counts.astype(np.float32) @ p + p) / np.float32(counts.sum() + 1)
        return -np.log(mixed).mean(axis=1, dtype=np.float64)

    return loss_after


def _squares(predictions: Sequence[Floats], y: Floats) -> Callable[[Floats], Floats]:
    """Squared error of a mixture is a quadratic form of its weights: rows are read only once."""
    errors = np.stack(predictions) - y
    G = errors @ errors.T / len(y)

    def loss_after(counts: Floats) -> Floats:
        total = counts @ G @ counts + 2 * (G @ counts) + np.diag(G)
        return np.asarray(total / (counts.sum() + 1) ** 2)

    return loss_after
