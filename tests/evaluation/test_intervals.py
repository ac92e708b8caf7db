"""Intervals by whole days: cover what they say, and survive days without both classes."""

import numpy as np
import pytest
from scipy.signal import lfilter
from sklearn.metrics import roc_auc_score

from lamplighter.evaluation.intervals import block_jackknife
from lamplighter.evaluation.metrics import METRICS, measure, metrics_of

AUC_AND_LOSS = {name: METRICS[name] for name in ("roc_auc", "log_loss")}


def flights_like(days, rng, *, rows_a_day=80, lag1=0.24):
    """Labels whose daily log odds drift, and the predictions of a model that misses the drift."""
    drift = lfilter([1], [1, -lag1], rng.normal(size=days + 30))[30:]
    day = np.repeat(np.arange(days), rows_a_day)
    x = rng.normal(size=len(day))
    log_odds = -1 + 0.6 * np.sqrt(1 - lag1**2) * drift[day] + x
    y = (rng.random(len(day)) < 1 / (1 + np.exp(-log_odds))).astype(float)
    return y, 1 / (1 + np.exp(1 - 0.9 * x)), np.array([f"{d:05d}" for d in range(days)])[day]


def coverage(days, samples, seed):
    rng = np.random.default_rng(seed)
    y, prediction, _ = flights_like(10_000, rng)
    truth = {name: measure(metric, y, prediction) for name, metric in AUC_AND_LOSS.items()}
    hits = dict.fromkeys(truth, 0)
    for _ in range(samples):
        found = block_jackknife(AUC_AND_LOSS, *flights_like(days, rng))
        for name, value in truth.items():
            hits[name] += found[name].lower <= value <= found[name].upper
    return {name: hit / samples for name, hit in hits.items()}


def test_intervals_of_a_fortnight_cover_the_truth_as_often_as_they_say():
    covered = coverage(14, samples=400, seed=1)
    assert min(covered.values()) > 0.92  # 95 % less three standard errors


@pytest.mark.long
@pytest.mark.parametrize("days", [7, 14, 30, 90])
def test_intervals_cover_the_truth_as_often_as_they_say(days):
    covered = coverage(days, samples=2_000, seed=days)
    assert min(covered.values()) > 0.935


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("timed", [True, False])
def test_every_metric_has_an_interval_around_its_value(task, timed):
    rng = np.random.default_rng(0)
    y = rng.integers(2 if task == "binary" else 3, size=420).astype(float)
    prediction = rng.random(420)
    if task == "multiclass":
        prediction = rng.dirichlet([1, 1, 1], size=420)
    days = np.repeat([f"2013-06-{day:02d}" for day in range(1, 15)], 30)
    found = block_jackknife(metrics_of(task), y, prediction, days if timed else None)
    assert list(found) == list(metrics_of(task))
    for name, estimate in found.items():
        assert estimate.lower < estimate.value < estimate.upper
        assert estimate.value == pytest.approx(measure(METRICS[name], y, prediction))


def test_days_on_which_the_auc_is_undefined_still_count():
    rng = np.random.default_rng(0)
    days = np.repeat([f"2013-06-{day:02d}" for day in range(1, 15)], 30)
    prediction = rng.random(420)
    y = (rng.random(420) < prediction).astype(float)
    y[days == "2013-06-05"] = 0
    found = block_jackknife(AUC_AND_LOSS, y, prediction, days)
    assert found["roc_auc"].value == pytest.approx(roc_auc_score(y, prediction))


@pytest.mark.parametrize(
    "positives", [np.zeros(60, dtype=bool), np.arange(60) < 10], ids=["nowhere", "on one day"]
)
def test_auc_has_no_interval_where_positives_fell(positives):
    days = np.repeat(["2013-06-01", "2013-06-02", "2013-06-03"], 20)
    found = block_jackknife(AUC_AND_LOSS, positives.astype(float), np.linspace(0.1, 0.9, 60), days)
    assert list(found) == ["log_loss"]


def test_a_long_day_weighs_more_than_a_short_one():
    days = ["2013-06-01"] * 9 + ["2013-06-02"]
    found = block_jackknife({"mae": METRICS["mae"]}, np.zeros(10), [0.0] * 9 + [1.0], days)
    assert found["mae"].value == pytest.approx(0.1)


def test_intervals_end_where_the_metric_ends():
    y, prediction = np.array([0.0, 1.0] * 6), np.array([0.1, 0.9, 0.2, 0.8] * 3)
    prediction[0] = 0.85
    found = block_jackknife(metrics_of("binary"), y, prediction, np.repeat(list("abc"), 4))
    assert found["roc_auc"].upper == 1
    assert found["log_loss"].lower >= 0


def test_a_single_day_is_judged_by_its_rows():
    rng = np.random.default_rng(0)
    prediction = rng.random(200)
    y = (rng.random(200) < prediction).astype(float)
    one_day = block_jackknife(AUC_AND_LOSS, y, prediction, ["2013-06-01"] * 200)
    assert one_day == block_jackknife(AUC_AND_LOSS, y, prediction, None)


def test_order_of_rows_does_not_matter_where_there_are_days():
    y, prediction, days = flights_like(14, np.random.default_rng(5))
    shuffled = np.random.default_rng(6).permutation(len(y))
    found = block_jackknife(AUC_AND_LOSS, y, prediction, days)
    again = block_jackknife(AUC_AND_LOSS, y[shuffled], prediction[shuffled], days[shuffled])
    assert again["log_loss"].upper == pytest.approx(found["log_loss"].upper)


def test_below_two_rows_there_is_no_interval():
    assert block_jackknife(AUC_AND_LOSS, [1.0], [0.5], None) == {}
