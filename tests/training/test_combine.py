"""Blends and stacks against what can be reckoned otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from lamplighter.training.combine import Blend, fit_blend
from lamplighter.training.folds import task_loss
from lamplighter.training.stacking import fit_stack

RNG = np.random.default_rng(0)
ROWS = 4_000


def binary_members() -> tuple[list[np.ndarray], np.ndarray]:
    signals = RNG.normal(size=(3, ROWS))
    y = (RNG.random(ROWS) < 1 / (1 + np.exp(-signals.sum(axis=0)))).astype(float)
    return [1 / (1 + np.exp(-1.5 * s)) for s in signals], y


def test_blending_weights_of_probabilities_are_the_best_on_the_simplex():
    members, y = binary_members()
    shares = np.array(fit_blend("binary", members, y).shares)

    def loss(free: np.ndarray) -> float:
        w = np.exp(free) / np.exp(free).sum()
        return task_loss("binary", y, w @ np.stack(members))

    best = minimize(
        loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10}
    )
    assert task_loss("binary", y, shares @ np.stack(members)) == pytest.approx(best.fun, abs=1e-5)
    assert shares.sum() == pytest.approx(1)


def test_blending_weights_of_values_are_not_negative_and_sum_to_one():
    truth = RNG.normal(100, 10, ROWS)
    members = [
        truth + RNG.normal(0, 5, ROWS),
        truth + RNG.normal(0, 10, ROWS),
        RNG.normal(size=ROWS),
    ]
    shares = fit_blend("regression", members, truth).shares
    # The best weights of independent errors are inverse to their variances: 4 to 1.
    assert shares == pytest.approx((0.8, 0.2, 0.0), abs=0.02)
    assert min(shares) >= 0
    assert sum(shares) == pytest.approx(1)


def test_a_member_that_adds_nothing_gets_no_weight_at_all():
    members, y = binary_members()
    noise = RNG.random(ROWS)
    assert fit_blend("binary", [*members, noise], y).shares[3] == 0.0


def test_a_stack_corrects_members_that_are_too_sure():
    members, y = binary_members()
    members = [1 / (1 + np.exp(-3 * np.log(p / (1 - p)))) for p in members]
    stack = fit_stack("binary", members, y)
    best_single = min(task_loss("binary", y, p) for p in members)
    assert task_loss("binary", y, stack.combine(members)) < 0.8 * best_single


@pytest.mark.parametrize("fit", [fit_blend, fit_stack], ids=["blend", "stack"])
def test_combinations_of_several_classes_are_probabilities_and_beat_their_members(fit):
    signal = RNG.normal(size=(ROWS, 3))
    y = np.array([RNG.choice(3, p=np.exp(s) / np.exp(s).sum()) for s in signal]).astype(float)
    members = []
    for _ in range(2):
        scores = signal + RNG.normal(0, 0.8, size=signal.shape)
        members.append(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    combiner = fit("multiclass", members, y)
    combined = combiner.combine(members)
    np.testing.assert_allclose(combined.sum(axis=1), 1, atol=1e-9)
    best = min(task_loss("multiclass", y, p) for p in members)
    assert task_loss("multiclass", y, combined) < best
    assert len(combiner.weights()) == 2


def test_a_stack_of_values_finds_scale_and_offset():
    truth = RNG.normal(size=ROWS)
    members = [2 * truth + 5 + RNG.normal(0, 0.1, ROWS), RNG.normal(size=ROWS)]
    combined = fit_stack("regression", members, truth).combine(members)
    assert task_loss("regression", truth, combined) < 0.1


def test_certain_members_do_not_break_a_combination():
    y = np.array([0.0, 1.0, 1.0, 0.0])
    members = [np.array([0.0, 1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0])]
    for fit in (fit_blend, fit_stack):
        assert np.isfinite(fit("binary", members, y).combine(members)).all()


def test_a_blend_of_one_is_that_member():
    np.testing.assert_array_equal(Blend((1.0,)).combine([np.array([0.2, 0.7])]), [0.2, 0.7])


@pytest.mark.parametrize(("classes", "seen"), [(2, [0, 1]), (3, [0, 2]), (4, [0, 1, 3])])
def test_a_stack_gives_each_class_its_column_also_one_that_no_row_had(classes, seen):
    random = np.random.default_rng(1)
    y = random.choice(seen, 600).astype(float)
    truth = np.eye(classes)[y.astype(int)]
    members = [0.5 * truth + 0.5 * random.dirichlet(np.ones(classes), 600) for _ in range(2)]
    combined = fit_stack("multiclass", members, y).combine(members)
    assert combined.shape == (600, classes)
    assert combined.sum(axis=1) == pytest.approx(np.ones(600))
    assert (combined.argmax(axis=1) == y).mean() > 0.95
    assert combined[:, [k for k in range(classes) if k not in seen]].max(initial=0.0) < 1e-6
