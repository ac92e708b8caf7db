"""Probabilities from scores: one slope for all classes, and an intercept for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from lamplighter.training.target import Floats

_SHRINKAGE = 1.0


@dataclass(frozen=True)
class Platt:
    r"""Sigmoid calibration [1]_, for any number of classes: :math:`\mathrm{softmax}(a s + b)`.

    With all intercepts zero it is temperature scaling [2]_. It has to be fitted on scores of rows
    that the member was not fitted on.

    References
    ----------
    .. [1] J. Platt, "Probabilistic outputs for support vector machines", 1999.
    .. [2] C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks",
       2017.
    """

    slope: float
    intercepts: Floats = field(compare=False)

    @classmethod
    def fit(cls, scores: Floats, classes: Floats, weights: Floats | None = None) -> Self:
        """Find slope and intercepts by penalised likelihood.

        Parameters
        ----------
        scores : ndarray, shape (n_rows, n_classes)
            The larger, the more likely. Scores of one row compare, those of two rows need not.
        classes : ndarray, shape (n_rows,)
            Numbers of the true classes.
        weights : ndarray, shape (n_rows,), optional
            How much each row counts.
        """
        truth = classes.astype(np.intp)
        w = np.ones(len(truth)) if weights is None else weights * (len(truth) / weights.sum())
        one_hot = np.eye(scores.shape[1])[truth]
        centred = scores - scores.mean(axis=1, keepdims=True)
        unit = max(float(centred.std()), 1e-12)

        def loss(theta: Floats) -> tuple[float, Floats]:
            slope, b = np.exp(theta[0]), theta[1:]
            log_p = log_softmax(slope * centred / unit + b, axis=1)
            wrong = w[:, None] * (np.exp(log_p) - one_hot)
            value = -float(w @ log_p[np.arange(len(truth)), truth]) + _SHRINKAGE / 2 * float(b @ b)
            by_slope = float((wrong * centred).sum()) * slope / unit
            return value, np.concatenate([[by_slope], wrong.sum(axis=0) + _SHRINKAGE * b])

        start = np.zeros(1 + scores.shape[1])
        limits = [(-6.0, 6.0), *([(-10.0, 10.0)] * scores.shape[1])]
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits)
        return cls(slope=float(np.exp(found.x[0])) / unit, intercepts=np.asarray(found.x[1:]))

    def probabilities(self, scores: Floats) -> Floats:
        """Return the probabilities of the classes, shape (n_rows, n_classes)."""
        centred = scores - scores.mean(axis=1, keepdims=True)
        return np.asarray(softmax(self.slope * centred + self.intercepts, axis=1))
