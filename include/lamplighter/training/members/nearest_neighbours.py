"""Nearest neighbours: the mean of the rows most like a row, the nearer the heavier.

The probabilities are drawn towards the base rates, as a few neighbours say little, and calibrated
on training rows whose own target is left out. Of very many rows a sample is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.neighbors import NearestNeighbors

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.dense_design import SCALES, DenseDesign, Matrix
from lamplighter.training.members.platt import Platt
from lamplighter.training.space import Choice, Range
from lamplighter.training.target import Floats, Target

_KEPT_ROWS = 10_000
_CALIBRATED_ROWS = 2_000
_PRIOR_NEIGHBOURS = 0.5
_SMALLEST = 1e-4


@dataclass(frozen=True)
class Neighbourhood:
    """The rows kept, what they say, and how much each counts."""

    rows: Matrix = field(repr=False)
    targets: NDArray[np.float64] = field(repr=False)
    counts: Matrix = field(repr=False)
    base: Floats
    neighbours: int
    by_distance: bool

    @property
    def says(self) -> csr_matrix | Floats:
        """What each row says: its class as one of many, or its value."""
        if len(self.base) == 1:
            return self.targets[:, None]
        ends = np.arange(len(self.targets) + 1)
        shape = (len(self.targets), len(self.base))
        return csr_matrix((np.ones(shape[0]), self.targets.astype(np.intp), ends), shape=shape)

    def __call__(self, X: Matrix, *, skip: NDArray[np.intp] | None = None) -> Floats:
        """Return what the neighbours of rows say; `skip` is each row's own place among the kept."""
        count = min(self.neighbours, len(self.rows) - (skip is not None))
        search = NearestNeighbors(algorithm="brute").fit(self.rows)
        distance, nearest = search.kneighbors(X, count + (skip is not None))
        if skip is not None:
            # A row's own place goes, or the farthest where equal rows have crowded it out.
            own = nearest == skip[:, None]
            own[~own.any(axis=1), -1] = True
            distance, nearest = (kept[~own].reshape(-1, count) for kept in (distance, nearest))
        weight = self.counts[nearest]
        if self.by_distance:
            # In units of the mean distance: a neighbour at no distance counts ten times.
            unit = distance.mean(axis=1, keepdims=True)
            weight = weight / (distance / np.maximum(unit, 1e-12) + 0.1)
        weight = weight * (count / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12))
        ends = np.arange(0, weight.size + 1, count)
        shape = (len(X), len(self.rows))
        said = csr_matrix((weight.ravel(), nearest.ravel(), ends), shape=shape) @ self.says
        said = said.toarray() if issparse(said) else said
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
    if regression:
        base = np.array([np.average(train.y, weights=weights)])
    else:
        base = np.bincount(train.y.astype(np.intp), weights, len(fit.target)) / len(train)
    neighbourhood = Neighbourhood(
        rows=design.transform(train.X),
        targets=train.y,
        counts=weights.astype(np.float32),
        base=base,
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
    cost="cheap",
)
