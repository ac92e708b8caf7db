"""Bounds for looking every night: what they let through, against simulation and by hand."""

import numpy as np
import pytest
from scipy import stats

from lamplighter.evaluation.sequential import (
    Look,
    critical_value,
    spending,
)


def bounds(days, spent):
    looks = [Look(d, s) for d, s in zip(days, spent, strict=True)]
    return [critical_value(tuple(looks[: i + 1])) for i in range(len(looks))]


def test_a_single_look_is_the_usual_test():
    assert bounds([30], [0.01]) == [pytest.approx(stats.norm.isf(0.01))]


@pytest.mark.parametrize("floor", [-5.0, -0.5])
def test_two_looks_agree_with_the_bivariate_normal_law(floor):
    first = critical_value((Look(20, 0.01, floor),))
    second = critical_value((Look(20, 0.01, floor), Look(50, 0.02)))
    joint = stats.multivariate_normal(cov=[[1, np.sqrt(20 / 50)], [np.sqrt(20 / 50), 1]])
    stayed = stats.norm.cdf(first) - stats.norm.cdf(floor)
    stayed_below = joint.cdf([first, second]) - joint.cdf([floor, second])
    assert (stayed - stayed_below) / stayed == pytest.approx(0.02, rel=1e-4)


def test_every_night_risks_what_it_may_whoever_has_the_place():
    rng = np.random.default_rng(0)
    days, spent, floor = range(14, 60), 0.002, -0.3
    looks = tuple(Look(day, spent, floor) for day in days)
    walk, risked, took = rng.normal(size=100_000) * np.sqrt(14), 0, 0
    for place, look in enumerate(looks):
        if place:
            walk += rng.normal(size=len(walk))
        distance = walk / np.sqrt(look.days)
        crossed = distance >= critical_value(looks[: place + 1])
        risked, took = risked + len(walk), took + crossed.sum()
        stays = ~crossed & (distance >= floor)
        walk = walk[stays]
    assert took / risked == pytest.approx(spent, abs=4 * np.sqrt(spent / risked))


def test_a_look_that_may_spend_nothing_cannot_be_passed():
    assert bounds([20, 30], [0.0, 0.01])[0] == np.inf


def test_a_look_without_a_new_day_cannot_be_passed_and_changes_no_later_bound():
    again = bounds([20, 20, 30], [0.01, 0.01, 0.01])
    assert again[1] == np.inf
    assert again[2] == bounds([20, 30], [0.01, 0.01])[1]


def test_looks_at_fewer_days_than_before_cannot_be_passed_and_change_no_later_bound():
    again = bounds([20, 18, 19, 30], [0.01, 0.01, 0.01, 0.01])
    assert again[1:3] == [np.inf, np.inf]
    assert again[3] == bounds([20, 30], [0.01, 0.01])[1]


def test_a_look_at_no_day_is_refused():
    with pytest.raises(ValueError, match="expected at least 1"):
        bounds([0], [0.01])


def test_spending_stays_below_its_part_of_the_time():
    fractions = np.linspace(0, 1, 101)
    spent = np.array([spending(f, 0.01) for f in fractions])
    assert (spent <= 0.01 * fractions + 1e-15).all()
    assert (np.diff(spent) > 0).all()
