"""Sparse, wide and imbalanced data, and many classes: no algorithm falls over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from lamplighter.features.encode import Encoded
from lamplighter.training.folds import task_loss
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.catalogue import ALGORITHMS, fit_member
from lamplighter.training.target import Target

FRESH = 1_600

each_algorithm = pytest.mark.parametrize("algorithm", list(ALGORITHMS))


@dataclass(frozen=True)
class Case:
    """Rows to learn from, rows to predict, and what is predicted."""

    train: Rows
    fresh: Rows
    target: Target


def split(
    X: np.ndarray,
    y: np.ndarray,
    target: Target,
    *,
    learnt: int,
    sparse: csr_matrix | None = None,
) -> Case:
    rows = Rows(Encoded(X, np.zeros(X.shape[1], dtype=bool), sparse), y.astype(float))
    return Case(
        rows.take(np.arange(learnt)), rows.take(np.arange(learnt, len(y), dtype=np.intp)), target
    )


def wide(learnt: int, columns: int) -> Case:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(learnt + FRESH, columns))
    X[rng.random(X.shape) < 0.05] = np.nan
    X[:, -1] = np.nan
    signal = np.nan_to_num(X[:, :3]).sum(axis=1) + rng.logistic(size=len(X)) / 2
    return split(X, signal > 0, Target("binary", (0, 1)), learnt=learnt)


def many_classes(learnt: int, classes: int) -> Case:
    """Return rows of many classes, of which training lacks the last."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, learnt + FRESH)
    y[:learnt][y[:learnt] == classes - 1] = 0
    X = 3 * rng.normal(size=(classes, 8))[y] + rng.normal(size=(len(y), 8))
    return split(X, y, Target("multiclass", tuple(range(classes))), learnt=learnt)


def imbalanced(learnt: int) -> Case:
    """Return rows of which 3 % are positive."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(learnt + FRESH, 6))
    rate = 1 / (1 + np.exp(5.3 - 1.5 * X[:, 0] - 1.5 * X[:, 1]))
    return split(X, rng.random(len(X)) < rate, Target("binary", (0, 1)), learnt=learnt)


def text(learnt: int, terms: int) -> Case:
    """Return documents as terms, with two dense columns that tell less."""
    rng = np.random.default_rng(0)
    matrix = csr_matrix(random_array((learnt + FRESH, terms), density=30 / terms, rng=rng))
    signal = matrix @ rng.normal(size=terms)
    y = signal + 0.3 * signal.std() * rng.normal(size=len(signal)) > 0
    hint = signal + 2 * signal.std() * rng.normal(size=len(signal))
    X = np.column_stack([np.diff(matrix.indptr), hint])
    return split(X, y, Target("binary", (0, 1)), learnt=learnt, sparse=matrix)


def check(algorithm: str, case: Case, *, rounds: int) -> None:
    """Fit, and expect finite probabilities that sum to 1, hardly worse than the base rates."""
    params = dict(ALGORITHMS[algorithm].defaults) | {"rounds": rounds}
    middle = len(case.fresh) // 2
    held_out = case.fresh.take(np.arange(middle, len(case.fresh), dtype=np.intp))
    fit = Fit(params=params, target=case.target, seed=0, threads=1, validation=held_out)
    prediction = fit_member(algorithm, case.train, fit).predict(case.fresh.X, threads=1)
    assert np.isfinite(prediction).all()
    assert prediction.min() >= 0
    assert prediction.max() <= 1
    classes = len(case.target)
    shares = (np.bincount(case.train.y.astype(int), minlength=classes) + 0.1) / len(case.train)
    base = np.full(len(case.fresh), shares[1])
    if case.target.task == "multiclass":
        np.testing.assert_allclose(prediction.sum(axis=1), 1, atol=1e-4)
        base = np.tile(shares, (len(case.fresh), 1))
    loss, of_base = (
        task_loss(case.target.task, case.fresh.y[:middle], p[:middle]) for p in (prediction, base)
    )
    assert loss < 1.05 * of_base, f"{algorithm}: {loss:.4f} against {of_base:.4f}"


@each_algorithm
@pytest.mark.parametrize(
    "case",
    [lambda: wide(200, 250), lambda: many_classes(450, 30), lambda: imbalanced(1_000)],
    ids=["wide", "many classes", "imbalanced"],
)
def test_small_hard_data_is_learnt(algorithm, case):
    check(algorithm, case(), rounds=12)


@pytest.mark.parametrize("algorithm", ["linear", "svm"])
def test_members_that_read_terms_beat_what_the_dense_columns_tell(algorithm):
    case = text(500, 150)
    dense = Case(
        *(Rows(Encoded(r.X.values, r.X.categorical), r.y) for r in (case.train, case.fresh)),
        case.target,
    )
    params = dict(ALGORITHMS[algorithm].defaults)
    fit = Fit(params=params, target=case.target, seed=0, threads=1)
    with_terms, without = (
        task_loss(
            "binary", c.fresh.y, fit_member(algorithm, c.train, fit).predict(c.fresh.X, threads=1)
        )
        for c in (case, dense)
    )
    assert with_terms < 0.95 * without


@pytest.mark.long
@each_algorithm
@pytest.mark.parametrize(
    "case",
    [
        lambda: wide(3_000, 1_500),
        lambda: many_classes(6_000, 200),
        lambda: imbalanced(15_000),
        lambda: text(5_000, 20_000),
    ],
    ids=["1,500 columns", "200 classes", "3 % positives", "5,000 documents"],
)
def test_large_hard_data_is_learnt(algorithm, case):
    check(algorithm, case(), rounds=12)
