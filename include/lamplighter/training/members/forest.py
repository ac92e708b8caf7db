"""Forests of deep trees: grown by scikit-learn, kept in a few bytes a node.

Trees are grown on bins, one after another until the time is up, each on its own sample of rows.
The rows that a tree did not see judge it: from them come the probabilities' slope and intercepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import BaseDecisionTree, DecisionTreeRegressor
from sklearn.tree._tree import Tree

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.bins import Bins
from lamplighter.training.members.platt import Platt
from lamplighter.training.target import Floats, Target

TREES = 100
"""More are better and cost more, at prediction too; past a hundred the gain is small."""

_ROWS_A_TREE = 25_000
_PRIOR_ROWS = 0.3
_CALIBRATED_CELLS = 400_000
_LEAF = np.iinfo(np.uint16).max
_BEYOND = 255
_SMALLEST = 1e-4

Grow = Callable[[int], BaseDecisionTree]


@dataclass(frozen=True)
class PackedTree:
    """A tree in the order of its nodes, each before its left branch and that before its right.

    Attributes
    ----------
    features : ndarray of uint16, shape (n_nodes,)
        What a node asks for; the largest number for a leaf.
    thresholds : ndarray of uint8, shape (n_inner,)
        Codes up to this one go left.
    missing_left : ndarray of uint8
        Bits of the inner nodes where what is missing goes left.
    leaves : ndarray, shape (n_leaves, n_outputs)
        What the leaves say: shares of the classes in units of 1/65535, or values.
    """

    features: NDArray[np.uint16] = field(repr=False)
    thresholds: NDArray[np.uint8] = field(repr=False)
    missing_left: NDArray[np.uint8] = field(repr=False)
    leaves: NDArray[Any] = field(repr=False)

    @classmethod
    def of(cls, tree: Tree, leaves: NDArray[Any]) -> PackedTree:
        """Pack a fitted tree."""
        inner = tree.children_left >= 0
        return cls(
            features=np.where(inner, tree.feature, _LEAF).astype(np.uint16),
            # An infinite one parts what is missing from all the rest.
            thresholds=np.floor(np.minimum(tree.threshold[inner], _BEYOND)).astype(np.uint8),
            missing_left=np.packbits(tree.missing_go_to_left[inner].astype(bool)),
            leaves=leaves,
        )

    def unpacked(self, n_features: int) -> Tree:
        """Build scikit-learn's tree again; its leaves are numbered in the order of `leaves`."""
        inner = self.features != _LEAF
        left, right, depth = _children(inner)
        nodes = np.zeros(len(inner), dtype=_NODE)
        nodes["left_child"], nodes["right_child"] = left, right
        nodes["feature"] = np.where(inner, self.features.astype(np.intp), -2)
        nodes["threshold"][inner] = self.thresholds + 0.5
        count = int(inner.sum())
        nodes["missing_go_to_left"][inner] = np.unpackbits(self.missing_left, count=count)
        tree = Tree(n_features, np.ones(1, dtype=np.intp), 1)
        # Its value is the number of the leaf.
        number = np.where(inner, 0, np.cumsum(~inner) - 1).astype(np.float64)
        tree.__setstate__(
            {
                "max_depth": depth,
                "node_count": len(nodes),
                "nodes": nodes,
                "values": number[:, None, None],
            }
        )
        return tree


@dataclass(frozen=True)
class ForestMember:
    """The mean of many trees."""

    bins: Bins
    trees: tuple[PackedTree, ...] = field(repr=False)
    platt: Platt | None
    target: Target
    rounds: int | None = None

    @cached_property
    def _unpacked(self) -> list[Tree]:
        return [tree.unpacked(len(self.bins.categorical)) for tree in self.trees]

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_unpacked"}

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        codes = self.bins.transform(X)
        total = np.zeros((len(codes), self.trees[0].leaves.shape[1]), dtype=np.float32)
        for packed, tree in zip(self.trees, self._unpacked, strict=True):
            # `take` gathers rows several times as fast as indexing does.
            total += packed.leaves.take(tree.predict(codes).ravel().astype(np.intp), axis=0)
        mean = total.astype(np.float64) / len(self.trees)
        if self.platt is None:
            return mean[:, 0]
        probabilities = self.platt.probabilities(_log_shares(mean / _LEAF))
        return probabilities[:, 1] if self.target.task == "binary" else probabilities


def fit_forest(train: Rows, fit: Fit, *, grow: Grow, share: float) -> ForestMember:
    """Grow trees, each on a share of the rows, drawn without replacement.

    Parameters
    ----------
    grow : callable
        ``grow(seed)`` makes a tree that is yet to be fitted.
    share : float
        Of the rows that a tree is fitted on, in (0, 1). On many rows it is less.
    """
    bins = Bins.fit(train.X)
    codes = bins.transform(train.X)
    seeds = np.random.default_rng(fit.seed).integers(0, 2**31, TREES)
    size = max(1, min(int(share * len(train)), _ROWS_A_TREE))
    base = _base(train, fit.target)
    judged = _Judged.of(train, fit.target)

    def one(seed: int) -> tuple[PackedTree, Tree, NDArray[np.bool_]]:
        rng = np.random.default_rng(seed)
        drawn = np.sort(rng.choice(len(train), size, replace=False))
        weights = None if train.weights is None else train.weights[drawn]
        grown = grow(int(seed)).fit(codes[drawn], train.y[drawn], sample_weight=weights)
        packed = PackedTree.of(grown.tree_, _leaves(grown, base, fit.target))
        unseen = np.ones(len(train), dtype=bool)
        unseen[drawn] = False
        return packed, grown.tree_, unseen[judged.rows]

    trees = []
    for packed, tree, unseen in _in_time(one, seeds, fit):
        trees.append(packed)
        judged.add(packed, tree, codes, unseen)
    platt = None if fit.target.task == "regression" else judged.platt(train)
    return ForestMember(bins=bins, trees=tuple(trees), platt=platt, target=fit.target)


def _in_time(one: Callable[[int], Any], seeds: NDArray[np.int64], fit: Fit) -> Iterator[Any]:
    """Grow trees in batches of as many as there are threads, the first batch always."""
    with ThreadPoolExecutor(fit.threads) as pool:
        for start in range(0, len(seeds), fit.threads):
            if start and fit.seconds_left is not None and fit.seconds_left() <= 0:
                return
            yield from pool.map(one, seeds[start : start + fit.threads])


@dataclass(frozen=True)
class _Judged:
    """Rows that calibrate: the sum of what trees that did not see them say, and their number."""

    rows: NDArray[np.intp]
    total: Floats
    count: Floats

    @classmethod
    def of(cls, train: Rows, target: Target) -> _Judged:
        outputs = max(1, len(target))
        most = 0 if target.task == "regression" else max(500, _CALIBRATED_CELLS // outputs)
        step = max(1, -(-len(train) // most)) if most else len(train) + 1
        rows = np.arange(0, len(train), step, dtype=np.intp) if most else np.zeros(0, np.intp)
        return cls(rows, np.zeros((len(rows), outputs)), np.zeros(len(rows)))

    def add(
        self, packed: PackedTree, tree: Tree, codes: NDArray[np.float32], unseen: NDArray[np.bool_]
    ) -> None:
        if not unseen.any():
            return
        number = np.cumsum(tree.children_left < 0) - 1
        leaves = number[tree.apply(codes[self.rows[unseen]])]
        self.total[unseen] += packed.leaves[leaves]
        self.count[unseen] += 1

    def platt(self, train: Rows) -> Platt:
        known = self.count > 0
        shares = self.total[known] / self.count[known, None] / _LEAF
        rows = self.rows[known]
        weights = None if train.weights is None else train.weights[rows]
        return Platt.fit(_log_shares(shares), train.y[rows], weights)


def _leaves(grown: BaseDecisionTree, base: Floats, target: Target) -> NDArray[Any]:
    """Return what each leaf says, drawn a little towards the base rates."""
    tree = grown.tree_
    leaf = tree.children_left < 0
    if target.task == "regression":
        return np.asarray(tree.value[leaf, 0], dtype=np.float32)
    shares = np.zeros((int(leaf.sum()), len(target)))
    shares[:, grown.classes_.astype(np.intp)] = tree.value[leaf, 0]
    n = tree.n_node_samples[leaf][:, None]
    drawn = (shares * n + _PRIOR_ROWS * base) / (n + _PRIOR_ROWS)
    return np.asarray(np.round(drawn * _LEAF), dtype=np.uint16)


def _base(train: Rows, target: Target) -> Floats:
    if target.task == "regression":
        return np.zeros(1)
    counts = np.bincount(train.y.astype(np.intp), train.weights, len(target))
    return np.asarray(counts / counts.sum())


def _log_shares(shares: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(shares, _SMALLEST)))


def _children(inner: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Return left and right children and the depth of a tree whose nodes are in order."""
    left = np.full(len(inner), -1, dtype=np.intp)
    right = np.full(len(inner), -1, dtype=np.intp)
    parents, leaves = np.flatnonzero(inner), np.flatnonzero(~inner)
    left[parents] = parents + 1
    # How many nodes lack their right branch, after each node: a leaf ends the wait of the last.
    lacking = np.cumsum(np.where(inner, 1, -1))
    by_ending = np.lexsort((leaves, lacking[leaves]))
    ended = (lacking[leaves][by_ending] + 1) * len(inner) + leaves[by_ending]
    # The first leaf after a node that ends its wait closes its left branch.
    closing = np.searchsorted(ended, lacking[parents] * len(inner) + parents)
    right[parents] = leaves[by_ending][closing] + 1
    return left, right, int(lacking.max(initial=0))


_NODE = DecisionTreeRegressor().fit([[0.0], [1.0]], [0.0, 1.0]).tree_.__getstate__()["nodes"].dtype
