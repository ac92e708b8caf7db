"""Calibration of scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from lamplighter.training.members.platt import Platt


def drawn(rows: int = 4_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores, classes drawn from softmax(3 s + (1, 0, -1)), and those probabilities."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(rows, 3))
    truth = softmax(3 * scores + [1, 0, -1], axis=1)
    return scores, (truth.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1), truth


def test_slope_and_intercepts_are_found_again():
    scores, classes, truth = drawn()
    platt = Platt.fit(scores, classes)
    assert platt.slope == pytest.approx(3, rel=0.1)
    assert platt.intercepts - platt.intercepts[1] == pytest.approx([1, 0, -1], abs=0.2)
    assert np.abs(platt.probabilities(scores) - truth).mean() < 0.01


def test_a_row_of_weight_two_counts_like_two_rows():
    scores, classes, _ = drawn(200)
    weights = np.where(np.arange(200) < 50, 2.0, 1.0)
    twice = np.repeat(np.arange(200), weights.astype(int))
    weighed, repeated = (
        Platt.fit(scores, classes, weights),
        Platt.fit(scores[twice], classes[twice]),
    )
    assert weighed.slope == pytest.approx(repeated.slope, rel=0.01)


def test_scores_that_tell_nothing_give_the_shares_of_the_classes():
    scores = np.random.default_rng(0).normal(size=(3_000, 2))
    classes = (np.arange(3_000) % 10 == 0).astype(int)
    assert Platt.fit(scores, classes).probabilities(scores)[:, 1].mean() == pytest.approx(
        0.1, abs=0.01
    )
    assert Platt.fit(scores, classes).probabilities(scores)[:, 1].std() < 0.02
