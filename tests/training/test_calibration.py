"""Calibration: it helps where probabilities are wrong and stays away where they are right."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.training.calibration import FITS, choose_calibration
from lamplighter.training.folds import task_loss

RNG = np.random.default_rng(0)


def binary(rows: int, *, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and what somebody says who is `slope` times too sure."""
    z = RNG.normal(0, 1.5, rows)
    y = (RNG.random(rows) < 1 / (1 + np.exp(-z))).astype(float)
    return y, 1 / (1 + np.exp(-slope * z))


def several(rows: int, *, slope: float, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    z = RNG.normal(size=(rows, classes))
    odds = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = np.array([RNG.choice(classes, p=p) for p in odds]).astype(float)
    said = np.exp(slope * z)
    return y, said / said.sum(axis=1, keepdims=True)


CASES = {"binary": binary, "multiclass": several}


@pytest.mark.parametrize("task", list(CASES))
@pytest.mark.parametrize("among", ["auto", "sigmoid", "isotonic"])
@pytest.mark.parametrize("ordered", [True, False])
def test_who_is_too_sure_is_calibrated_and_loses_less_on_fresh_rows(task, among, ordered):
    y, p = CASES[task](3_000, slope=3.0)
    found = choose_calibration(task, y, p, among=among, in_time_order=ordered)
    fresh, said = CASES[task](3_000, slope=3.0)
    assert task_loss(task, fresh, found.apply(said)) < 0.9 * task_loss(task, fresh, said)
    assert among in ("auto", found.kind)
    if task == "multiclass":
        np.testing.assert_allclose(found.apply(said).sum(axis=1), 1)


@pytest.mark.parametrize("task", list(CASES))
def test_who_is_calibrated_is_left_alone(task):
    kept = 0
    for _ in range(10):
        y, p = CASES[task](1_000, slope=1.0)
        kept += choose_calibration(task, y, p, among="auto", in_time_order=False) is not None
    assert kept <= 3


def test_a_bend_that_no_slope_mends_is_isotonic():
    z = RNG.random(4_000)
    y = (RNG.random(4_000) < np.where(z < 0.5, 0.1, 0.6)).astype(float)
    found = choose_calibration("binary", y, z, among="auto", in_time_order=False)
    assert found.kind == "isotonic"
    assert found.apply(np.array([0.2, 0.8])) == pytest.approx([0.1, 0.6], abs=0.05)


@pytest.mark.parametrize("kind", list(FITS))
def test_nothing_becomes_impossible(kind):
    y = np.array([0.0, 1.0] * 50)
    found = FITS[kind]("binary", y, y)  # never wrong on these rows
    assert found.apply(np.array([0.0, 1.0])).min() > 0
    assert found.apply(np.array([0.0, 1.0])).max() < 1


def test_two_hundred_classes_of_which_some_have_no_row_can_be_calibrated():
    y = RNG.integers(0, 150, 600).astype(float)
    p = 0.4 * np.eye(200)[y.astype(int)] + 0.6 / 200
    for fit in FITS.values():
        np.testing.assert_allclose(fit("multiclass", y, p).apply(p).sum(axis=1), 1)


def test_none_and_few_rows_leave_predictions_as_they_are():
    y, p = binary(3_000, slope=3.0)
    assert choose_calibration("binary", y, p, among="none", in_time_order=False) is None
    few = choose_calibration("binary", y[:100], p[:100], among="auto", in_time_order=False)
    assert few is None


def test_steps_are_not_learnt_from_a_few_hundred_rows_unless_the_spec_asks_for_them():
    z = RNG.random(440)
    y = (RNG.random(440) < np.where(z < 0.5, 0.1, 0.6)).astype(float)
    found = choose_calibration("binary", y, z, among="auto", in_time_order=False)
    assert found is None or found.kind == "sigmoid"
    asked = choose_calibration("binary", y, z, among="isotonic", in_time_order=False)
    assert asked.kind == "isotonic"
