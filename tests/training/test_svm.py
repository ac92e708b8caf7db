"""The least-squares machine's closed forms, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from lamplighter.features.encode import Encoded
from lamplighter.training.members import svm
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.target import Target

TARGET = Target("regression")
PARAMS = {"gamma": 1.0, "scale": "spread"}


def rows(count: int, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 3))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + rng.normal(size=count) / 10
    return Rows(Encoded(X, np.zeros(3, dtype=bool)), y, rng.uniform(0.5, 2, count))


def kernel_of(train: Rows, kept: np.ndarray) -> svm.Kernel:
    fit = Fit(params=PARAMS, target=TARGET, seed=0, threads=1)
    return svm._kernel(train.X, kept, fit, np.random.default_rng(0))


def test_the_score_of_a_row_left_out_is_that_of_a_fit_without_it():
    train = rows(40)
    every = np.arange(40)
    kernel, Y = kernel_of(train, every), train.y[:, None]
    found = svm._exactly(kernel, train.X, Y, train.weights)(4.0)
    K = kernel(train.X).astype(np.float64)
    for out in (0, 17, 39):
        rest = every[every != out]
        A = np.linalg.solve(
            K[np.ix_(rest, rest)] + np.diag(1 / (4.0 * train.weights[rest])), Y[rest]
        )
        assert found.left_out[out] == pytest.approx(K[out, rest] @ A, abs=1e-5)


def test_the_approximation_that_remembers_every_row_is_the_exact_machine():
    train = rows(60)
    every = np.arange(60)
    kernel, Y = kernel_of(train, every), train.y[:, None]
    exact = svm._exactly(kernel, train.X, Y, train.weights)(4.0)
    near = svm._approximately(kernel, train.X, Y, train.weights, every, every)(4.0)
    fresh = kernel(rows(30, seed=1).X)
    np.testing.assert_allclose(fresh @ near.weights, fresh @ exact.weights, atol=0.01)
    np.testing.assert_allclose(near.left_out, exact.left_out, atol=0.02)


def test_many_rows_are_approximated_nearly_as_well(monkeypatch):
    train, fresh = rows(600), rows(300, seed=1)
    fit = Fit(params=PARAMS, target=TARGET, seed=0, threads=1)

    def error() -> float:
        member = svm.SVM.fit(train, fit)
        return float(np.sqrt(np.mean((member.predict(fresh.X, threads=1) - fresh.y) ** 2)))

    exact = error()
    monkeypatch.setattr(svm, "_EXACT_ROWS", 250)
    assert error() < 1.15 * exact < 0.5 * fresh.y.std()


def test_the_kernel_is_that_of_the_distances_between_rows():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(0, 3, (rows, 7)).astype(np.float32) for rows in (40, 30))
    expected = np.exp(-0.05 * cdist(a.astype(float), b.astype(float), "sqeuclidean"))
    assert np.abs(svm._gaussian(a, b, 0.05) - expected).max() < 1e-5
    assert svm._gaussian(a, a, 0.05).max() <= 1.0


def test_a_machine_remembers_no_more_rows_than_there_is_time_for():
    def count(rows: int, seconds: float | None) -> int:
        left = None if seconds is None else lambda: seconds
        return len(svm._remembered(rows, np.random.default_rng(0), left))

    assert count(10_000, None) == count(10_000, 60.0) == 3_162  # the square root of 1e11 / 1e4
    assert count(10_000, 1.0) == 1_095  # of 1.2e10 / 1e4
    assert count(10_000, -1.0) == 300
    assert count(3_000, -1.0) == 3_000  # so few are solved exactly


def test_a_machine_in_a_hurry_still_learns():
    train = rows(4_000)
    fit = Fit(params=PARAMS, target=TARGET, seed=0, threads=1, seconds_left=lambda: 0.05)
    member = svm.SVM.fit(train, fit)
    error = member.predict(train.X, threads=1) - train.y
    assert len(member.kernel.rows) == 387  # the square root of 0.05 x 1.2e10 / 4,000
    assert error.var() < 0.1 * train.y.var()
