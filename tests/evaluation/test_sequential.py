"""Bounds for looking every night: what they let through, against simulation and by hand."""

import numpy as np
import pytest
from scipy import stats

from lamplighter.evaluation.sequential import (
    Look,
    chance_to_cross,
    critical_value,
    spending,
)


def bounds(days, spent):
    looks = [Look(d, s) for d, s in zip(days, spent, strict=True)]
    return [critical_value(tuple(looks[: i + 1])) for i in range(len(looks))]


def test_a_single_look_is_the_usual_test():
    assert bounds([30], [0.01]) == [pytest.approx(stats.norm.isf(0.01))]


def test_two_looks_agree_with_the_bivariate_normal_law():
    first, second = bounds([20, 50], [0.01, 0.02])
    joint = stats.multivariate_normal(cov=[[1, np.sqrt(20 / 50)], [np.sqrt(20 / 50), 1]])
    below_first_above_second = stats.norm.cdf(first) - joint.cdf([first, second])
    assert below_first_above_second == pytest.approx(0.02, rel=1e-4)


def test_walks_of_equal_models_cross_as_often_as_all_looks_may_spend():
    days = np.arange(14, 60)
    spent = np.full(len(days), 0.05 / len(days))
    bound = bounds(days.tolist(), spent.tolist())
    rng = np.random.default_rng(0)
    walk = rng.normal(size=40_000) * np.sqrt(days[0])
    crossed = walk / np.sqrt(days[0]) >= bound[0]
    for day, limit in zip(days[1:], bound[1:], strict=True):
        walk += rng.normal(size=len(walk))
        crossed |= walk / np.sqrt(day) >= limit
    assert crossed.mean() == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / len(walk)))


def test_a_look_that_may_spend_nothing_cannot_be_passed():
    assert bounds([20, 30], [0.0, 0.01])[0] == np.inf


def test_a_look_without_a_new_day_cannot_be_passed_and_changes_no_later_bound():
    again = bounds([20, 20, 30], [0.01, 0.01, 0.01])
    assert again[1] == np.inf
    assert again[2] == bounds([20, 30], [0.01, 0.01])[1]


@pytest.mark.parametrize("days", [[0], [20, 19]])
def test_days_that_fall_are_refused(days):
    with pytest.raises(ValueError, match="never fewer than before"):
        bounds(days, [0.01] * len(days))


def test_spending_stays_below_its_part_of_the_time():
    fractions = np.linspace(0, 1, 101)
    spent = np.array([spending(f, 0.01) for f in fractions])
    assert (spent <= 0.01 * fractions + 1e-15).all()
    assert (np.diff(spent) > 0).all()


def test_the_chance_to_cross_agrees_with_simulation():
    rng = np.random.default_rng(1)
    value = 1.5 * np.sqrt(0.5)  # 1.5 standard errors after half of the days
    ends = value + value / 0.5 * 0.5 + rng.normal(size=200_000) * np.sqrt(0.5)
    simulated = (ends >= stats.norm.isf(0.01)).mean()
    assert chance_to_cross(1.5, share=0.5, spent=0.01) == pytest.approx(simulated, abs=0.004)
