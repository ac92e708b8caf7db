"""The statistics of drift against hand calculations and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lamplighter.monitoring import chi_square, kolmogorov_smirnov, missingness
from lamplighter.monitoring.false_discovery import adjusted_p_values
from lamplighter.monitoring.stability_index import population_stability_index
from lamplighter.monitoring.usual import Null


def test_the_index_agrees_with_a_hand_calculation() -> None:
    # With half a row added to each bin: (2.5, 2.5) / 5 against (0.5, 4.5) / 5.
    p, q = np.array([0.5, 0.5]), np.array([0.1, 0.9])
    by_hand = float(np.sum((q - p) * np.log(q / p)))
    assert float(population_stability_index([2, 2], [0, 4])) == pytest.approx(by_hand)


def test_the_index_of_many_windows_at_once_is_that_of_each() -> None:
    windows = np.random.default_rng(0).integers(0, 50, (6, 4))
    rest = windows.sum(axis=0) - windows
    together = population_stability_index(rest, windows)
    alone = [float(population_stability_index(r, w)) for r, w in zip(rest, windows, strict=True)]
    assert together == pytest.approx(alone)


def test_other_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="reference has 3 bins and current 2"):
        population_stability_index([1, 2, 3], [1, 2])


@pytest.mark.parametrize("seed", range(3))
def test_distance_and_p_value_are_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    left, right = random.integers(0, 30, 400), random.integers(seed, 31, 300)
    counts = [np.bincount(side, minlength=31) for side in (left, right)]
    expected = stats.ks_2samp(left, right, method="asymp")
    distance = float(kolmogorov_smirnov.kolmogorov_smirnov(*counts))
    assert distance == pytest.approx(expected.statistic)
    p_value = kolmogorov_smirnov.p_value_of_rows(distance, 400, 300)
    # SciPy corrects its asymptotic value for small samples.
    assert p_value == pytest.approx(expected.pvalue, rel=0.2)


def test_a_multiple_of_a_chi_square_stands_in_for_kolmogorovs_distribution() -> None:
    mean = float(kolmogorov_smirnov.mean_square_distance(1, 1)) / 2
    for level in (0.1, 0.05, 0.01):
        quantile = stats.kstwobign.isf(level) ** 2
        stand_in = stats.chi2.sf(kolmogorov_smirnov.FREEDOM * quantile / mean, 5)
        assert stand_in == pytest.approx(level, rel=0.4)


def test_chi_square_is_scipys() -> None:
    table = np.array([[20, 30, 50, 0], [35, 25, 20, 0]])
    expected = stats.chi2_contingency(table[:, :3], correction=False)
    found = float(chi_square.chi_square_per_row(*table))
    freedom = chi_square.freedom(*table)
    assert found / (1 / 100 + 1 / 80) == pytest.approx(expected.statistic)
    assert chi_square.p_value_of_rows(found, 100, 80, freedom) == pytest.approx(expected.pvalue)


def test_the_change_of_missing_values_is_the_test_of_two_proportions() -> None:
    # For two groups the squared z of pooled proportions is Pearson's chi-square.
    table = [[100, 900], [160, 840]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert missingness.p_value_of_rows(100, 1000, 160, 1000) == pytest.approx(expected, rel=0.05)


def test_adjusted_p_values_are_scipys() -> None:
    p_values = np.random.default_rng(0).random(25) ** 3
    expected = stats.false_discovery_control(p_values)
    assert adjusted_p_values(p_values) == pytest.approx(expected)
    assert adjusted_p_values([]).tolist() == []


def test_few_windows_of_evidence_are_trusted_less_than_many() -> None:
    statistics = np.random.default_rng(0).chisquare(3, 200)
    few, many = (
        Null.of(statistics, blocks=blocks, most_freedom=3, least=0.0) for blocks in (4, 100)
    )
    assert few.p_value(20.0) > 10 * many.p_value(20.0)
    assert many.p_value(many.quantile(0.99)) == pytest.approx(0.01)


def test_days_more_alike_than_chance_do_not_make_rows_more_telling_than_they_are() -> None:
    null = Null.of(np.full(10, 1e-9), blocks=10, most_freedom=5, least=0.01)
    assert null.p_value(0.01) > 0.3
