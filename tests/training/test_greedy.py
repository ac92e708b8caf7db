"""Greedy selection against brute force, and what it may choose from."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lamplighter.training.folds import task_loss
from lamplighter.training.greedy import select_greedily

RNG = np.random.default_rng(0)


def members_of(task: str, rows: int = 400, members: int = 5) -> tuple[list[np.ndarray], np.ndarray]:
    if task == "regression":
        y = RNG.normal(size=rows)
        return [y + RNG.normal(0, 1 + m / 4, rows) for m in range(members)], y
    classes = 2 if task == "binary" else 4
    signal = RNG.normal(size=(rows, classes))
    odds = np.exp(signal)
    y = np.array([RNG.choice(classes, p=row / row.sum()) for row in odds]).astype(float)
    found = []
    for m in range(members):
        scores = signal + RNG.normal(0, 0.5 + m / 4, signal.shape)
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        found.append(p[:, 1] if task == "binary" else p)
    return found, y


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_each_addition_is_the_one_that_brute_force_finds(task):
    members, y = members_of(task)
    counts, on_the_way = np.zeros(5), []
    for _ in range(12):
        tried = [counts + np.eye(5)[m] for m in range(5)]
        losses = [
            task_loss(task, y, sum(c * p for c, p in zip(t, members, strict=True)) / t.sum())
            for t in tried
        ]
        counts = tried[int(np.argmin(losses))]
        on_the_way.append((min(losses), tuple(counts / counts.sum())))
    expected = min(on_the_way, key=lambda step: step[0])[1]
    assert select_greedily(task, members, y, rounds=12) == pytest.approx(expected)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_weights_are_nearly_as_good_as_the_best_of_all_on_a_grid(task):
    members, y = members_of(task, members=3)
    grid = [w for w in itertools.product(range(21), repeat=3) if sum(w) == 20]
    best = min(
        task_loss(task, y, sum(s / 20 * p for s, p in zip(w, members, strict=True))) for w in grid
    )
    chosen = select_greedily(task, members, y)
    loss = task_loss(task, y, sum(s * p for s, p in zip(chosen, members, strict=True)))
    assert loss == pytest.approx(best, rel=2e-3)
    assert sum(chosen) == pytest.approx(1)


def test_a_member_whose_errors_cancel_is_found_though_it_is_worse_alone():
    y = RNG.normal(size=300)
    error = RNG.normal(size=300)
    members = [y + error, y - 1.2 * error, y + RNG.normal(0, 1.1, 300)]
    assert select_greedily("regression", members, y) == pytest.approx((6 / 11, 5 / 11, 0), abs=0.03)


def test_an_ensemble_that_may_not_be_is_passed_over():
    members, y = members_of("binary")
    chosen = select_greedily("binary", members, y, admits=lambda places: len(places) <= 2)
    assert sum(share > 0 for share in chosen) == 2
    alone = select_greedily("binary", members, y, admits=lambda places: False)
    assert max(alone) == 1.0


def test_two_hundred_classes_and_certain_members_do_not_break_it():
    y = RNG.integers(0, 200, 500).astype(float)
    right = np.eye(200)[y.astype(int)]
    wrong = np.eye(200)[(y.astype(int) + 1) % 200]
    assert select_greedily("multiclass", [wrong, right], y) == (0.0, 1.0)
