"""Support vector machines, in their least-squares form, with a Gaussian kernel.

A least-squares machine [1]_ is one system of linear equations for all classes together, and it
gives the error that each row would have were it left out, in closed form. So its probabilities are
calibrated on held-out scores without a second fit, and so is the cost of an error chosen. On many
rows the kernel is approximated from a sample of them [2]_: memory and time stay bounded.

References
----------
.. [1] J. Suykens and J. Vandewalle, "Least squares support vector machine classifiers", 1999.
.. [2] C. Williams and M. Seeger, "Using the Nystroem method to speed up kernel machines", 2001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, lapack, solve_triangular
from scipy.linalg.blas import dsyrk
from scipy.sparse import csr_matrix

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.dense_design import SCALES, DenseDesign, Matrix
from lamplighter.training.members.platt import Platt
from lamplighter.training.space import Choice, Range
from lamplighter.training.target import Floats, Target

_EXACT_ROWS = 3_500
_EFFORT = 1.0e11
_EFFORT_A_SECOND = 1.2e10
_FEWEST_REMEMBERED = 300
"""Beyond `_EXACT_ROWS`: rows times the square of those remembered, at most and for each second that
is left, so that a fit ends in time; and the fewest that are remembered all the same."""

_CALIBRATED_ROWS = 1_500
_CHUNK = 2_000
_PREDICTED_CHUNK = 500
"""Rows whose likenesses to all remembered rows stay in the processor's cache."""

_JITTER = 1e-4
_MOST_INFLUENCE = 0.99

_PENALTY = 4.0
_STEPS = ((8.0, 64.0), (1 / 8, 1 / 64))
"""The usual cost of an error, and what it is multiplied by, upwards and downwards. Scores of rows
left out judge it."""

Positions = NDArray[np.intp]
Solve = Callable[[float], "_Solution"]


@dataclass(frozen=True)
class Kernel:
    """Likeness to the rows that a machine remembers: Gaussian, plus the cosine of their texts."""

    design: DenseDesign
    gamma: float
    rows: Matrix = field(repr=False, compare=False)
    terms: csr_matrix | None = field(repr=False, compare=False)

    def __call__(self, X: Encoded) -> Matrix:
        """Return the likeness of rows to those remembered, shape (n_rows, n_remembered)."""
        likeness = _gaussian(self.design.transform(X), self.rows, self.gamma)
        if self.terms is not None and X.sparse is not None:
            likeness += np.asarray((X.sparse @ self.terms.T).todense(), dtype=np.float32)
        return likeness


@dataclass(frozen=True)
class SvmMember:
    """A weighted sum of likenesses for each class, and the probabilities that it stands for."""

    kernel: Kernel
    weights: Matrix = field(repr=False, compare=False)
    base: Floats = field(compare=False)
    platt: Platt | None
    target: Target
    rounds: int | None = None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        parts = [
            self._predict(X.rows(np.arange(start, min(start + _PREDICTED_CHUNK, len(X)))))
            for start in range(0, len(X), _PREDICTED_CHUNK)
        ]
        return np.concatenate(parts)

    def _predict(self, X: Encoded) -> Floats:
        scores = (self.kernel(X) @ self.weights).astype(np.float64) + self.base
        if self.platt is None:
            return np.asarray(scores[:, 0])
        probabilities = self.platt.probabilities(scores)
        return probabilities[:, 1] if self.target.task == "binary" else probabilities


@dataclass(frozen=True)
class _Solution:
    """What solves the equations, and the scores of the judged rows as if each were left out."""

    weights: Floats
    left_out: Floats


@dataclass(frozen=True)
class _Tried:
    loss: float
    found: _Solution
    platt: Platt | None


def _fit(train: Rows, fit: Fit) -> SvmMember:
    rng = np.random.default_rng(fit.seed)
    weights = np.ones(len(train)) if train.weights is None else train.weights
    weights = np.maximum(weights / weights.mean(), 1e-3)
    targets, unit = _targets(train.y, fit.target)
    base = np.average(targets, axis=0, weights=weights)
    remembered = _remembered(len(train), rng, fit.seconds_left)
    kernel = _kernel(train.X, remembered, fit, rng)
    judged = np.arange(len(train))
    if len(remembered) == len(train):
        solve = _exactly(kernel, train.X, targets - base, weights)
    else:
        few = min(len(train), _CALIBRATED_ROWS)
        judged = np.sort(rng.choice(len(train), few, replace=False))
        solve = _approximately(kernel, train.X, targets - base, weights, remembered, judged)

    def tried(penalty: float) -> _Tried:
        found = solve(penalty)
        scores = found.left_out + base
        loss, platt = _judged(scores, train.y[judged] / unit, weights[judged], fit.target)
        return _Tried(loss, found, platt)

    best = _best(tried, fit)
    return SvmMember(
        kernel=kernel,
        weights=np.ascontiguousarray(best.found.weights * unit, dtype=np.float32),
        base=base * unit,
        platt=best.platt,
        target=fit.target,
    )


def _best(tried: Callable[[float], _Tried], fit: Fit) -> _Tried:
    """Go from the usual penalty up, or else down, while that helps and there is time."""
    usual = best = tried(_PENALTY)
    for steps in _STEPS:
        for step in steps:
            if fit.seconds_left is not None and fit.seconds_left() <= 0:
                return best
            found = tried(_PENALTY * step)
            if found.loss >= best.loss:
                break
            best = found
        if best is not usual:
            break
    return best


def _judged(
    scores: Floats, y: Floats, weights: Floats, target: Target
) -> tuple[float, Platt | None]:
    """Return the loss of scores of rows left out, and for classes what calibrates them."""
    if target.task == "regression":
        return float(np.average((scores[:, 0] - y) ** 2, weights=weights)), None
    platt = Platt.fit(scores, y, weights)
    likely = platt.probabilities(scores)[np.arange(len(y)), y.astype(np.intp)]
    return float(-np.average(np.log(np.maximum(likely, 1e-9)), weights=weights)), platt


def _targets(y: Floats, target: Target) -> tuple[Floats, float]:
    if target.task == "regression":
        unit = float(y.std()) or 1.0
        return (y / unit)[:, None], unit
    return np.eye(len(target))[y.astype(np.intp)], 1.0


def _remembered(
    rows: int, rng: np.random.Generator, seconds_left: Callable[[], float] | None
) -> Positions:
    if rows <= _EXACT_ROWS:
        return np.arange(rows)
    effort = _EFFORT
    if seconds_left is not None:
        effort = min(effort, _EFFORT_A_SECOND * max(0.0, seconds_left()))
    count = int(min(_EXACT_ROWS, max(_FEWEST_REMEMBERED, np.sqrt(effort / rows))))
    return np.sort(rng.choice(rows, count, replace=False))


def _kernel(X: Encoded, remembered: Positions, fit: Fit, rng: np.random.Generator) -> Kernel:
    design = DenseDesign.fit(X, scale=fit.params["scale"])
    kept = X.rows(remembered)
    rows = design.transform(kept)
    # The width of the kernel in units of how far two rows are apart.
    sample = rows[rng.choice(len(rows), min(len(rows), 500), replace=False)]
    apart = float(2 * sample.var(axis=0).sum()) or 1.0
    terms = None if kept.sparse is None else kept.sparse.astype(np.float32)
    return Kernel(design, float(fit.params["gamma"]) / apart, rows, terms)


def _exactly(kernel: Kernel, X: Encoded, Y: Floats, weights: Floats) -> Solve:
    K = kernel(X).astype(np.float64)

    def solve(penalty: float) -> _Solution:
        L = K.copy(order="F")
        L[np.diag_indices_from(L)] += 1 / (penalty * weights)
        L = cholesky(L, lower=True, overwrite_a=True, check_finite=False)
        A = lapack.dpotrs(L, Y, lower=1)[0]
        inverse = lapack.dpotri(L, lower=1, overwrite_c=1)[0]
        # The residual of a row left out is its weight over the inverse's diagonal.
        return _Solution(weights=A, left_out=Y - A / np.diag(inverse)[:, None])

    return solve


def _approximately(
    kernel: Kernel,
    X: Encoded,
    Y: Floats,
    weights: Floats,
    remembered: Positions,
    judged: Positions,
) -> Solve:
    K = kernel(X.rows(remembered)).astype(np.float64)
    K[np.diag_indices_from(K)] += _JITTER
    L = cholesky(K, lower=True, overwrite_a=True, check_finite=False).astype(np.float32)
    # Phi Phi^T is the approximated kernel; M and the right side are a ridge's on Phi.
    M = np.zeros((len(remembered), len(remembered)), order="F")
    right = np.zeros((len(remembered), Y.shape[1]))
    for start in range(0, len(X), _CHUNK):
        part = np.arange(start, min(start + _CHUNK, len(X)))
        root = np.sqrt(weights[part, None])
        phi = _features(kernel, X.rows(part), L) * root
        M = dsyrk(1.0, phi.T, beta=1.0, c=M, lower=1, overwrite_c=1)
        right += phi.T @ (Y[part] * root)
    phi_judged = _features(kernel, X.rows(judged), L)
    known, heavy = Y[judged], weights[judged, None]

    def solve(penalty: float) -> _Solution:
        R = M.copy(order="F")
        R[np.diag_indices_from(R)] += 1 / penalty
        R = cholesky(R, lower=True, overwrite_a=True, check_finite=False)
        theta = lapack.dpotrs(R, right, lower=1)[0]
        spread = solve_triangular(R, phi_judged.T, lower=True, check_finite=False)
        influence = np.minimum((spread**2).sum(axis=0)[:, None] * heavy, _MOST_INFLUENCE)
        left_out = known - (known - phi_judged @ theta) / (1 - influence)
        back = solve_triangular(
            L.astype(np.float64), theta, lower=True, trans=1, check_finite=False
        )
        return _Solution(weights=back, left_out=left_out)

    return solve


def _features(kernel: Kernel, X: Encoded, L: Matrix) -> Floats:
    phi = solve_triangular(L, kernel(X).T, lower=True, overwrite_b=True, check_finite=False)
    return np.asarray(phi.T, dtype=np.float64)


def _gaussian(a: Matrix, b: Matrix, gamma: float) -> Matrix:
    """Return ``exp(-gamma |a - b|^2)`` of all pairs; the product of matrices adds the squares."""
    left = np.ones((len(a), a.shape[1] + 2), dtype=np.float32)
    left[:, :-2] = 2 * gamma * a
    left[:, -2] = -gamma * np.einsum("ij,ij->i", a, a)
    right = np.ones((len(b), b.shape[1] + 2), dtype=np.float32)
    right[:, :-2] = b
    right[:, -1] = -gamma * np.einsum("ij,ij->i", b, b)
    exponents = left @ right.T
    np.minimum(exponents, 0, out=exponents)
    return np.asarray(np.exp(exponents, out=exponents))


SVM = Algorithm(
    name="svm",
    space={"gamma": Range(0.05, 10, log=True), "scale": Choice(SCALES)},
    starts=(
        {"gamma": 1.0, "scale": "spread"},
        {"gamma": 0.3, "scale": "normal"},
        {"gamma": 4.0, "scale": "spread"},
    ),
    fit=_fit,
    cost="dear",
)
