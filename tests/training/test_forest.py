"""Packed trees say what scikit-learn's said."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.bins import Bins
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.members.forest import PackedTree, _children
from lamplighter.training.target import Target


@pytest.mark.parametrize("kind", [DecisionTreeRegressor, ExtraTreeRegressor])
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_a_packed_tree_predicts_like_the_tree_it_was_made_of(kind, gaps):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 120, size=(500, 6)).astype(np.float32)
    X[rng.random(X.shape) < gaps] = np.nan
    y = np.nan_to_num(X[:, 0]) - 50 * np.isnan(X[:, 1]) + rng.normal(size=500)
    grown = kind(random_state=0).fit(X, y)
    leaf = grown.tree_.children_left < 0
    packed = PackedTree.of(grown.tree_, grown.tree_.value[leaf, 0])
    again = pickle.loads(pickle.dumps(packed)).unpacked(6)
    fresh = rng.integers(-1, 130, size=(2_000, 6)).astype(np.float32)
    fresh[rng.random(fresh.shape) < gaps] = np.nan
    number = again.predict(fresh).ravel().astype(int)
    np.testing.assert_allclose(packed.leaves[number, 0], grown.predict(fresh))


def test_bins_keep_the_order_of_numbers_and_say_nothing_of_what_is_missing():
    values = np.array([[3.0, 0.0], [np.nan, 1.0], [-7.5, 2.0], [3.0, np.nan], [1e9, 0.0]])
    X = Encoded(values, np.array([False, True]))
    codes = Bins.fit(X).transform(X)
    np.testing.assert_array_equal(codes[:, 0], [1, np.nan, 0, 1, 2])
    np.testing.assert_array_equal(codes[:, 1], [0, 1, 2, np.nan, 0])


def test_a_forest_ends_when_the_time_is_up():
    rng = np.random.default_rng(0)
    rows = Rows(Encoded(rng.normal(size=(200, 3)), np.zeros(3, dtype=bool)), rng.normal(size=200))
    left = iter([2.0, 1.0, 0.0])
    fit = Fit(
        params=ALGORITHMS["extra_trees"].defaults,
        target=Target("regression"),
        seed=0,
        threads=1,
        seconds_left=lambda: next(left),
    )
    assert len(ALGORITHMS["extra_trees"].fit(rows, fit).trees) == 3


def drawn_tree(depth: int, random: np.random.Generator) -> tuple[list[bool], list[int], list[int]]:
    """Draw a tree as which nodes are inner ones, each with its left and right child, or -1."""
    if depth == 0 or random.random() < 0.2:
        return [False], [-1], [-1]
    first, second = drawn_tree(depth - 1, random), drawn_tree(depth - 1, random)
    inner, left, right = [True], [1], [1 + len(first[0])]
    for start, (more, to_left, to_right) in ((1, first), (1 + len(first[0]), second)):
        inner += more
        left += [child if child < 0 else child + start for child in to_left]
        right += [child if child < 0 else child + start for child in to_right]
    return inner, left, right


def test_a_packed_tree_gets_its_branches_back() -> None:
    random = np.random.default_rng(3)
    for depth in [*range(11)] * 5:
        inner, left, right = drawn_tree(depth, random)
        found = _children(np.array(inner))
        assert (found[0].tolist(), found[1].tolist()) == (left, right)
