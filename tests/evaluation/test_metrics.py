"""Metrics are scikit-learn's, on all rows and under every weighting of the blocks."""

import numpy as np
import pytest
from sklearn import metrics as reference

from lamplighter.errors import SpecError
from lamplighter.evaluation.metrics import (
    LOSS_OF_TASK,
    METRICS,
    measure,
    metric_named,
    metrics_of,
    row_losses,
)

REFERENCE = {
    "binary": {
        "roc_auc": reference.roc_auc_score,
        "log_loss": reference.log_loss,
        "brier": reference.brier_score_loss,
        "average_precision": reference.average_precision_score,
        "accuracy": lambda y, p: reference.accuracy_score(y, p >= 0.5),
    },
    "multiclass": {
        "roc_auc": lambda y, p: reference.roc_auc_score(y, p, multi_class="ovr"),
        "log_loss": reference.log_loss,
        "brier": lambda y, p: reference.brier_score_loss(y, p, scale_by_half=False),
        "accuracy": lambda y, p: reference.accuracy_score(y, p.argmax(axis=1)),
    },
    "regression": {
        "rmse": reference.root_mean_squared_error,
        "mae": reference.mean_absolute_error,
        "r2": reference.r2_score,
    },
}
CASES = [(task, name) for task, names in REFERENCE.items() for name in names]


def examples(task, *, rows=300, seed=0):
    """Labels, predictions with many ties, and seven blocks."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(7, size=rows)
    if task == "regression":
        y = rng.normal(size=rows) * 3 + 1_000
        return y, y + rng.normal(size=rows), codes
    if task == "binary":
        p = rng.random(rows).round(1)
        return (rng.random(rows) < p).astype(float), p.clip(0.01, 0.99), codes
    p = rng.dirichlet([1, 1, 1], size=rows)
    return np.array([rng.choice(3, p=q) for q in p], dtype=float), p, codes


@pytest.mark.parametrize(("task", "name"), CASES)
def test_metric_of_all_rows_is_that_of_scikit_learn(task, name):
    y, prediction, _ = examples(task)
    expected = REFERENCE[task][name](y, prediction)
    assert measure(METRICS[name], y, prediction) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_weighting_a_block_is_the_same_as_repeating_its_rows(task, name):
    y, prediction, codes = examples(task)
    counts = np.array([[0, 1, 2, 3, 1, 0, 1], [1, 1, 1, 1, 1, 1, 0]], dtype=float)
    found = METRICS[name].prepare(y, prediction, codes, 7)(counts)
    for weights, value in zip(counts, found, strict=True):
        rows = np.repeat(np.arange(len(y)), weights[codes].astype(int))
        assert value == pytest.approx(REFERENCE[task][name](y[rows], prediction[rows]), rel=1e-9)


def test_every_metric_in_the_table_has_been_compared():
    assert set(CASES) == {(task, name) for task in LOSS_OF_TASK for name in metrics_of(task)}


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_rank_metric_without_a_positive_row_is_undefined(name):
    assert np.isnan(measure(METRICS[name], np.zeros(3), np.array([0.1, 0.2, 0.3])))


def test_r2_of_a_constant_label_is_undefined():
    assert np.isnan(measure(METRICS["r2"], np.full(3, 7.1), np.array([7.0, 7.1, 7.2])))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_mean_row_loss_is_the_log_loss(task):
    y, prediction, _ = examples(task)
    expected = measure(METRICS["log_loss"], y, prediction)
    assert row_losses(task, y, prediction).mean() == pytest.approx(expected)


def test_a_confident_mistake_costs_much_but_not_infinitely():
    assert row_losses("binary", [1, 0], [0.0, 1.0]) == pytest.approx([36.04, 36.04], abs=0.01)


def test_boosters_may_predict_in_single_precision():
    y, prediction, _ = examples("binary")
    single = row_losses("binary", y, prediction.astype(np.float32))
    assert single == pytest.approx(row_losses("binary", y, prediction), abs=1e-5)


def test_unknown_metric_is_refused_with_the_nearest_one():
    with pytest.raises(SpecError, match=r"'roc_auk' is not a metric of a binary model; did you"):
        metric_named("roc_auk", "binary")


def test_metric_of_another_task_is_refused_with_the_choice():
    with pytest.raises(SpecError, match=r"'zzz' is not .* choose from rmse, mae, r2"):
        metric_named("zzz", "regression")
