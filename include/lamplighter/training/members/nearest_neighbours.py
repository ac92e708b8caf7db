"""Nearest neighbours: the mean of the rows most like a row, the nearer the heavier.

The probabilities are drawn towards the base rates, as a few neighbours say little, and calibrated
on training rows whose own target is left out. Of very many rows a sample is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.dense_design import SCALES, DenseDesign, Matrix
from lamplighter.training.members.platt import Platt
from lamplighter.training.space import Choice, Range
from lamplighter.training.target import Floats, Target

_KEPT_ROWS = 10_000
_CALIBRATED_ROWS = 2_000
_CHUNK = 500
_PRIOR_NEIGHBOURS = 0.5
_SMALLEST = 1e-4


@dataclass(frozen=True)
class Neighbourhood:
    """The rows kept, what they say, and how much each counts."""

    rows: Matrix = field(repr=False)
    says: Matrix = field(repr=False)
    counts: Matrix = field(repr=False)
    base: Matrix
    neighbours: int
    by_distance: bool

    def __call__(self, X: Matrix, *, skip: NDArray[np.intp] | None = None) -> Floats:
        """Return what the neighbours of rows say; `skip` is each row's own place among the kept."""
        squares = (self.rows**2).sum(axis=1)
        parts = []
        for start in range(0, len(X), _CHUNK):
            part = X[start : start + _CHUNK]
            apart = squares - 2 * (part @ self.rows.T)
            if skip is not None:
                apart[np.arange(len(part)), skip[start : start + _CHUNK]] = np.inf
            parts.append(self._mean(apart, (part**2).sum(axis=1)))
        return np.concatenate(parts).astype(np.float64)

    def _mean(self, apart: Matrix, own: Matrix) -> Matrix:
        """Average over the nearest; `apart` lacks each row's own square."""
        count = min(self.neighbours, apart.shape[1])
        nearest = np.argpartition(apart, count - 1, axis=1)[:, :count]
        distance = np.sqrt(np.maximum(np.take_along_axis(apart, nearest, axis=1) + own[:, None], 0))
        weight = self.counts[nearest]
        if self.by_distance:
            # In units of the mean distance: a neighbour at no distance counts ten times.
            unit = np.where(np.isfinite(distance), distance, 0).mean(axis=1, keepdims=True)
            weight = weight / (distance / np.maximum(unit, 1e-12) + 0.1)
        weight = np.where(np.isfinite(distance), weight, 0)
        weight *= count / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        said = np.einsum("nk,nkc->nc", weight, self.says[nearest])
        return np.asarray((said + _PRIOR_NEIGHBOURS * self.base) / (count + _PRIOR_NEIGHBOURS))


@dataclass(frozen=True)
class NearestNeighboursMember:
    """A neighbourhood in the space of its design."""

    design: DenseDesign
    neighbourhood: Neighbourhood = field(compare=False)
    platt: Platt | None
    target: Target
    rounds: int | None = None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        means = self.neighbourhood(self.design.transform(X))
        if self.platt is None:
            return means[:, 0]
        probabilities = self.platt.probabilities(_log(means))
        return probabilities[:, 1] if self.target.task == "binary" else probabilities


def _fit(train: Rows, fit: Fit) -> NearestNeighboursMember:
    rng = np.random.default_rng(fit.seed)
    if len(train) > _KEPT_ROWS:
        train = train.take(np.sort(rng.choice(len(train), _KEPT_ROWS, replace=False)))
    design = DenseDesign.fit(train.X, scale=fit.params["scale"])
    weights = np.ones(len(train)) if train.weights is None else train.weights
    weights = weights / weights.mean()
    regression = fit.target.task == "regression"
    says = train.y[:, None] if regression else np.eye(len(fit.target))[train.y.astype(np.intp)]
    neighbourhood = Neighbourhood(
        rows=design.transform(train.X),
        says=says.astype(np.float32),
        counts=weights.astype(np.float32),
        base=np.average(says, axis=0, weights=weights).astype(np.float32),
        neighbours=int(fit.params["neighbours"]),
        by_distance=bool(fit.params["by_distance"]),
    )
    platt = None
    if not regression:
        few = np.arange(0, len(train), max(1, len(train) // _CALIBRATED_ROWS), dtype=np.intp)
        means = neighbourhood(neighbourhood.rows[few], skip=few)
        platt = Platt.fit(_log(means), train.y[few], weights[few])
    return NearestNeighboursMember(design, neighbourhood, platt, fit.target)


def _log(shares: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(shares, _SMALLEST)))


NEAREST_NEIGHBOURS = Algorithm(
    name="nearest_neighbours",
    space={
        "neighbours": Range(3, 100, log=True, whole=True),
        "by_distance": Choice((True, False)),
        "scale": Choice(SCALES),
    },
    starts=(
        {"neighbours": 12, "by_distance": True, "scale": "normal"},
        {"neighbours": 40, "by_distance": True, "scale": "spread"},
    ),
    fit=_fit,
    cost="medium",
)
