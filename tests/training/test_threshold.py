"""The decision of least cost against brute force."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamplighter.errors import SpecError
from lamplighter.training.target import Target
from lamplighter.training.threshold import (
    NEVER,
    CostRule,
    cheapest_threshold,
    cost_matrix,
    expected_threshold,
    fit_cost_rule,
    refuse_idle_costs,
)

RNG = np.random.default_rng(0)
BINARY = Target("binary", (0, 1))
FRAUD = {"1": {"0": 120.0}, "0": {"1": 4.0}}


def calibrated(rows: int) -> tuple[np.ndarray, np.ndarray]:
    p = RNG.beta(0.5, 4, rows)
    return (RNG.random(rows) < p).astype(float), p


def test_the_threshold_of_a_cost_matrix_is_where_both_decisions_cost_the_same():
    threshold = expected_threshold(cost_matrix(FRAUD, BINARY))
    assert threshold == pytest.approx(4 / 124)
    assert threshold * 120 == pytest.approx((1 - threshold) * 4)


@pytest.mark.parametrize(
    ("costs", "threshold"),
    [
        ({"1": {"0": 5.0, "1": 1.0}, "0": {"1": 4.0}}, 0.5),  # a hit costs too
        ({"0": {"1": 4.0}}, NEVER),  # a miss costs nothing
        ({"1": {"0": 4.0}}, 0.0),  # a false alarm costs nothing
    ],
)
def test_thresholds_of_odd_matrices(costs, threshold):
    assert expected_threshold(cost_matrix(costs, BINARY)) == threshold


def test_a_class_that_was_never_worth_deciding_for_has_a_threshold_that_json_can_hold():
    # However sure the model was of the positive class, it was wrong.
    y, p = np.zeros(40), np.linspace(0.9, 1.0, 40)
    rule = fit_cost_rule(FRAUD, BINARY, y=y, prediction=p)
    assert json.dumps(rule.threshold, allow_nan=False) == str(NEVER)
    assert not rule.decide(p).any()


@pytest.mark.parametrize("digits", [1, 6], ids=["ties", "no ties"])
def test_the_cheapest_threshold_is_the_one_that_brute_force_finds(digits):
    matrix = cost_matrix(FRAUD, BINARY)
    for _ in range(20):
        y, p = calibrated(60)
        p = p.round(digits)
        tried = [*np.unique(p), np.inf, 0.0]
        best = min(CostRule(matrix, t).row_costs(y, p).sum() for t in tried)
        found = CostRule(matrix, cheapest_threshold(matrix, y, p))
        assert found.row_costs(y, p).sum() == best


def test_probabilities_that_are_right_keep_the_expected_threshold():
    y, p = calibrated(4_000)
    rule = fit_cost_rule(FRAUD, BINARY, y=y, prediction=p)
    assert rule.threshold == pytest.approx(4 / 124)


def test_probabilities_that_are_wrong_get_a_cheaper_one():
    y, p = calibrated(4_000)
    wrong = p**3
    rule = fit_cost_rule(FRAUD, BINARY, y=y, prediction=wrong)
    fresh, said = calibrated(4_000)
    believing = fit_cost_rule(FRAUD, BINARY)
    right = believing.row_costs(fresh, said).mean()
    assert rule.threshold < 0.01 < believing.threshold
    assert rule.row_costs(fresh, said**3).mean() == pytest.approx(right, rel=0.05)
    assert believing.row_costs(fresh, said**3).mean() > 1.5 * right


def test_of_several_classes_the_one_of_least_expected_cost_is_decided():
    names = ("honest", "odd", "fraud")
    target = Target("multiclass", names)
    costs = {
        "fraud": {"honest": 50.0, "odd": 5.0},
        "odd": {"honest": 3.0},
        "honest": {"odd": 1.0, "fraud": 8.0},
    }
    p = RNG.dirichlet([1, 1, 1], 200)
    rule = fit_cost_rule(costs, target)
    by_hand = [
        min(
            range(3),
            key=lambda j, row=row: sum(
                row[i] * costs.get(names[i], {}).get(names[j], 0.0) for i in range(3)
            ),
        )
        for row in p
    ]
    assert rule.decide(p).tolist() == by_hand
    assert rule.threshold is None


def test_an_unknown_class_is_one_clear_message():
    with pytest.raises(SpecError, match=r"class 'fraude', which no training row has; did"):
        cost_matrix({"fraude": {"honest": 1.0}}, Target("multiclass", ("fraud", "honest", "odd")))


@pytest.mark.parametrize(
    ("costs", "label"),
    [
        ({"1": {"0": 4.0}}, "1"),
        ({"0": {"1": 4.0}}, "0"),
        ({"1": {"0": -4.0}, "0": {"1": 4.0}}, "0"),
        ({"b": {"c": 4.0}, "c": {"b": 4.0}}, "a"),  # a mistake that is not named is free
    ],
)
def test_costs_under_which_every_row_gets_the_same_decision_are_refused(costs, label):
    target = Target("multiclass", ("a", "b", "c")) if label == "a" else BINARY
    with pytest.raises(SpecError, match=f"deciding for '{label}' cost least whatever is true"):
        refuse_idle_costs(costs, target)
    refuse_idle_costs(FRAUD, BINARY)
