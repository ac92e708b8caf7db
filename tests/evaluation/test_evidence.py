"""Paired evidence: what it computes, and how often it is wrong about equal models."""

import numpy as np
import pytest
from scipy.signal import lfilter

from lamplighter.evaluation.daily_differences import mean_of_differences
from lamplighter.evaluation.evidence import paired_evidence
from lamplighter.evaluation.means import mean_of_days

DAYS = [f"2013-06-{day:02d}" for day in range(1, 31)]


def day_differences(nights, days, *, lag1, seed, mean=0.0):
    """Daily loss differences of many nights, unit variance, lag-1 correlation as of flights."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(nights, days + 50)) * np.sqrt(1 - lag1**2)
    return mean + lfilter([1], [1, -lag1], noise, axis=1)[:, 50:]


def share_above_zero(differences):
    """Share of nights on which the interval lies above 0, one row a day."""
    blocks = [f"{day:03d}" for day in range(differences.shape[1])]
    lower = [
        paired_evidence(gain, np.zeros_like(gain), blocks, metric="log_loss").gain.lower
        for gain in differences
    ]
    return float(np.mean(np.array(lower) > 0))


def test_a_day_counts_once_however_many_rows_it_has():
    champion, candidate = np.array([3.0, 1.0, 1.0, 1.0]), np.zeros(4)
    found = paired_evidence(
        champion, candidate, ["2013-06-01", *["2013-06-02"] * 3], metric="log_loss"
    )
    assert (found.blocks, found.rows, found.gain.value) == (2, 4, 2.0)
    assert (found.first_block, found.last_block) == ("2013-06-01", "2013-06-02")


def test_long_run_variance_agrees_with_a_hand_calculation():
    # T = 4, so S = ceil(1.3 * 2) = 3 and nu = 12 / 6. Autocovariances of (0, 1, 3, 4), mean 2:
    # g0 = (4 + 1 + 1 + 4) / 4, g1 = (2 - 1 + 2) / 4, g2 = (-2 - 2) / 4; weights 1, 2/3, 1/3.
    # For independent values of variance 1: 1 - (1 + 2 (2/3) (3/4) + 2 (1/3) (2/4)) / 4 = 5/12.
    bracket = 2.5 + 2 * (2 / 3) * 0.75 + 2 * (1 / 3) * -1.0
    omega = bracket / (5 / 12)
    found = mean_of_days(np.array([0.0, 1.0, 3.0, 4.0]))
    assert found.value == 2
    assert found.standard_error == pytest.approx(np.sqrt(omega / 4))
    assert found.degrees_of_freedom == 2


def test_standard_error_of_differences_agrees_with_a_hand_calculation():
    # (0, 1, 3, 4), mean 2: squares 10, products of neighbours 2 - 1 + 2, so .3, and (1 + .9) / 4
    # more for its bias; drawn towards .25 as if that had been seen on 20 days.
    rho = (4 * (0.3 + 1.9 / 4) + 20 * 0.25) / 24
    g = (1 + rho) / (1 - rho) - 2 * rho * (1 - rho**4) / (4 * (1 - rho) ** 2)
    found = mean_of_differences(np.array([0.0, 1.0, 3.0, 4.0]))
    assert found.value == 2
    assert found.standard_error == pytest.approx(np.sqrt(10 / (4 - g) * g / 4))


def test_what_looks_like_negative_correlation_does_not_narrow_the_interval():
    alternating = np.tile([-1.0, 1.0], 15)
    plain = alternating.std(ddof=1) / np.sqrt(30)
    assert mean_of_days(alternating).standard_error == pytest.approx(plain)


def test_order_of_rows_does_not_matter_but_order_of_days_does():
    rng = np.random.default_rng(0)
    champion, candidate = rng.random((2, 600))
    blocks = np.repeat(DAYS, 20)
    shuffled = rng.permutation(600)
    found = paired_evidence(champion, candidate, blocks, metric="log_loss")
    again = paired_evidence(
        champion[shuffled], candidate[shuffled], blocks[shuffled], metric="log_loss"
    )
    assert again.gain.lower == pytest.approx(found.gain.lower)
    assert again.lag1 == pytest.approx(found.lag1)


@pytest.mark.parametrize("seed", range(20))
def test_p_value_is_small_exactly_when_the_interval_leaves_zero_out(seed):
    gain = np.random.default_rng(seed).normal(0.4, 1, size=30)
    found = paired_evidence(gain, np.zeros(30), DAYS, metric="log_loss", confidence=0.9)
    leaves_zero_out = found.gain.lower > 0 or found.gain.upper < 0
    assert (found.p_value < 0.1) == leaves_zero_out


def test_a_model_against_itself_gains_exactly_nothing():
    found = paired_evidence([0.5] * 30, [0.5] * 30, DAYS, metric="log_loss")
    assert (found.gain.value, found.gain.lower, found.gain.upper) == (0, 0, 0)
    assert (found.p_value, found.lag1) == (1, None)


@pytest.mark.parametrize(("rows", "blocks"), [(0, []), (3, ["2013-06-01"] * 3)])
def test_below_two_days_there_is_no_interval(rows, blocks):
    found = paired_evidence(np.ones(rows), np.zeros(rows), blocks, metric="log_loss")
    assert (found.gain, found.p_value, found.lag1) == (None, None, None)
    assert found.blocks == len(set(blocks))


def test_losses_that_are_not_finite_are_refused_with_a_count():
    with pytest.raises(ValueError, match=r"1 of 2 paired losses are not finite"):
        paired_evidence([np.nan, 1.0], [1.0, 1.0], None, metric="log_loss")


def test_a_row_without_a_day_is_refused():
    with pytest.raises(ValueError, match=r"1 of 2 rows have no block"):
        paired_evidence([1.0, 1.0], [1.0, 1.0], ["2013-06-01", None], metric="log_loss")


def test_lag_one_correlation_is_found_again():
    [series] = day_differences(1, 5_000, lag1=0.24, seed=1)
    blocks = [f"{day:05d}" for day in range(5_000)]
    found = paired_evidence(series, np.zeros(5_000), blocks, metric="log_loss")
    assert found.lag1 == pytest.approx(0.24, abs=0.03)


# Of two equal models the interval, two-sided at 95 %, lies above 0 on 2.5 % of nights at most,
# if it is honest. Seeds are fixed; a share of 8,000 nights is known to .0017, of 40,000 to .0008.


@pytest.mark.parametrize("days", [14, 30, 90])
def test_an_interval_over_noise_with_the_correlation_of_flights_lies_above_zero_seldom(days):
    nights = day_differences(8_000, days, lag1=0.24, seed=days)
    assert share_above_zero(nights) <= 0.025 + 2 * 0.0017


@pytest.mark.parametrize("days", [14, 30, 90])
def test_the_plain_t_test_would_promote_noise_twice_as_often_as_it_says(days):
    nights = day_differences(20_000, days, lag1=0.24, seed=days)
    t = nights.mean(axis=1) / (nights.std(axis=1, ddof=1) / np.sqrt(days))
    assert (t > 2.16).mean() > 0.04  # 2.16: Student's 97.5 % point at 13 degrees, smaller above


def test_an_improvement_of_one_standard_deviation_a_day_shows_within_a_fortnight():
    nights = day_differences(300, 14, lag1=0.24, seed=3, mean=1.0)
    assert share_above_zero(nights) > 0.6


@pytest.mark.parametrize("rows", [30, 150])
def test_an_interval_over_rows_lies_above_zero_seldom_where_nothing_is_gained(rows):
    rng = np.random.default_rng(rows)
    above = 0
    for _ in range(8_000):
        skewed = rng.gamma(1.0, size=(2, rows))  # losses of two equal models
        evidence = paired_evidence(*skewed, None, metric="log_loss")
        above += evidence.gain.lower > 0
    assert above / 8_000 <= 0.025 + 2 * 0.0017


@pytest.mark.long
@pytest.mark.parametrize("lag1", [0.0, 0.24])
@pytest.mark.parametrize("days", [10, 14, 30, 60, 90])
def test_an_interval_over_noise_lies_above_zero_as_seldom_as_it_says(days, lag1):
    nights = day_differences(40_000, days, lag1=lag1, seed=days)
    assert share_above_zero(nights) <= 0.025 + 2 * 0.0008
