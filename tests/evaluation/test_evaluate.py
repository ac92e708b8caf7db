"""Judging a candidate: what disqualifies it, what is compared with what, and on which rows."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from lamplighter.evaluation.evaluate import evaluate
from lamplighter.evaluation.gate import GateRule
from lamplighter.evaluation.metrics import metrics_of

DAY = np.repeat([f"2013-06-{day:02d}" for day in range(17, 31)], 200)


@pytest.fixture
def binary():
    rng = np.random.default_rng(0)
    log_odds = rng.normal(size=len(DAY)) - 1
    prediction = 1 / (1 + np.exp(-log_odds))
    return (rng.random(len(DAY)) < prediction).astype(float), prediction


def judge(y, prediction, blocks=DAY, **options):
    return evaluate(y, prediction, blocks, **{"task": "binary", "base_rate": 0.3} | options)


def test_a_good_candidate_has_no_problems_and_every_metric(binary):
    found = judge(*binary)
    assert (found.sane, found.notes) == (True, ())
    assert list(found.metrics) == list(found.base_rate_metrics) == list(metrics_of("binary"))
    assert (found.rows, found.blocks, len(found.days)) == (len(DAY), 14, 14)
    assert found.base_rate_metrics["roc_auc"].value == 0.5


def test_without_a_champion_nothing_is_compared(binary):
    found = judge(*binary)
    assert (found.evidence, found.champion_metrics, found.compared_rows) == (None, {}, 0)
    assert all(day.champion_loss is None for day in found.days)


def test_days_tell_the_same_losses_as_the_metrics(binary):
    y, prediction = binary
    found = judge(y, prediction, champion_prediction=prediction**2)
    first = found.days[0]
    rows = DAY == first.block
    assert first.candidate_loss == pytest.approx(log_loss(y[rows], prediction[rows]))
    assert first.champion_loss == pytest.approx(log_loss(y[rows], prediction[rows] ** 2))
    assert first.mean_label == pytest.approx(y[rows].mean())
    gains = [day.champion_loss - day.candidate_loss for day in found.days]
    assert found.evidence.gain.value == pytest.approx(np.mean(gains))


def test_a_day_of_one_class_has_a_loss_but_no_auc(binary):
    y, prediction = binary
    y[DAY == "2013-06-20"] = 0
    by_day = {day.block: day for day in judge(y, prediction).days}
    assert by_day["2013-06-20"].roc_auc is None
    assert by_day["2013-06-20"].candidate_loss > 0
    assert 0.5 < by_day["2013-06-21"].roc_auc < 1


def test_models_are_compared_only_on_rows_that_the_champion_did_not_train_on(binary):
    y, prediction = binary
    later = DAY > "2013-06-20"
    spoiled = np.where(later, prediction, np.nan)
    found = judge(y, prediction, champion_prediction=spoiled, comparable=later)
    assert found.evidence.first_block == "2013-06-21"
    assert (found.evidence.blocks, found.compared_rows) == (10, 2_000)
    assert found.champion_metrics["log_loss"].value == pytest.approx(
        log_loss(y[later], prediction[later])
    )
    assert found.notes == (
        "800 of 2800 rows do not lie after the champion's training cut-off; the two models are "
        "not compared on them",
    )


def test_a_champion_that_fails_everywhere_leaves_no_evidence(binary):
    found = judge(*binary, champion_prediction=np.full(len(DAY), np.nan))
    assert (found.evidence.blocks, found.evidence.gain) == (0, None)
    assert found.champion_metrics == {}
    assert found.sane
    assert "the champion gives no finite prediction for 2800 of 2800 rows" in found.notes[0]


def test_guards_are_measured_on_the_compared_rows(binary):
    y, prediction = binary
    rule = GateRule(guards=(("roc_auc", 0.01), ("log_loss", 0.5)))
    found = judge(y, 1 - prediction, champion_prediction=prediction, rule=rule)
    auc, loss = found.guards
    assert auc.worse_by == pytest.approx(auc.champion - auc.candidate)
    assert loss.worse_by == pytest.approx(loss.candidate - loss.champion)
    assert (auc.kept, loss.worse_by > 0) == (False, True)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: np.where(p > 0.7, np.nan, p), "predictions are not finite numbers"),
        (lambda p: np.where(p > 0.7, np.inf, p), "predictions are not finite numbers"),
        (lambda p: p + 0.5, "lie outside 0 to 1; expected probabilities"),
        (lambda p: 1 - p, "log_loss is worse than the base rate's on 14 days"),
        (lambda p: np.full_like(p, 0.3), "log_loss is not surely better than the base rate's"),
    ],
    ids=["nan", "infinite", "no probability", "upside down", "constant"],
)
def test_what_disqualifies_a_candidate(binary, spoil, message):
    y, prediction = binary
    found = judge(y, spoil(prediction))
    assert not found.sane
    assert message in "; ".join(found.problems)


def test_a_hold_out_of_one_class_judges_nobody(binary):
    _, prediction = binary
    found = judge(np.zeros(len(DAY)), prediction)
    assert "the hold-out holds class 0 only, in 2800 rows" in found.problems[0]
    assert "roc_auc" not in found.metrics
    assert "roc_auc is undefined" in found.notes[0]


def test_an_empty_hold_out_judges_nobody():
    found = judge(np.array([]), np.array([]), [])
    assert found.problems == ("the hold-out is empty; no labelled example lies in it",)


def test_one_day_is_too_little_to_beat_the_base_rate(binary):
    y, prediction = binary
    found = judge(y[:200], prediction[:200], DAY[:200])
    assert found.problems == ("one day cannot show a gain over the base rate; hold out more days",)
    assert "the hold-out is one day" in found.notes[-1]


def test_without_time_rows_are_the_blocks(binary):
    found = judge(*binary, None, champion_prediction=np.full(len(DAY), 0.3))
    assert (found.blocks, found.evidence.blocks, found.timed) == (2_800, 2_800, False)
    assert (found.days, found.evidence.first_block, found.evidence.lag1) == ((), None, None)


def test_several_classes_are_judged_too():
    rng = np.random.default_rng(0)
    prediction = rng.dirichlet([0.5, 0.5, 0.5], size=len(DAY))
    y = np.array([rng.choice(3, p=p) for p in prediction])
    found = judge(
        y, prediction, task="multiclass", base_rate=[1 / 3] * 3, champion_prediction=prediction
    )
    assert found.sane
    assert list(found.metrics) == list(metrics_of("multiclass"))
    assert np.sum(found.curves.confusion) == len(DAY)


def test_values_are_judged_too():
    rng = np.random.default_rng(0)
    y = rng.normal(size=len(DAY))
    found = judge(y, y + 0.3, task="regression", base_rate=0.0, champion_prediction=y - 0.5)
    assert (found.sane, found.loss) == (True, "squared_error")
    assert found.evidence.gain.value == pytest.approx(0.25 - 0.09)
    assert found.metrics["rmse"].value == pytest.approx(0.3)


def test_equal_input_gives_an_equal_evaluation(binary):
    assert judge(*binary) == judge(*binary)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [0.0, np.nan]}, "1 that are not finite"),
        ({"y": [0.0, 2.0]}, "label 2 is not a class; expected numbers from 0 to 1"),
        ({"prediction": [0.5]}, r"prediction has shape \(1,\), expected \(2,\)"),
        ({"champion_prediction": [[0.5]]}, r"champion_prediction has shape \(1, 1\)"),
        ({"blocks": ["a"]}, "got 1 block names for 2 rows"),
    ],
)
def test_input_that_does_not_fit_is_refused(change, message):
    fitting = {"y": [0.0, 1.0], "prediction": [0.1, 0.9], "blocks": ["a", "b"]}
    with pytest.raises(ValueError, match=message):
        judge(**fitting | change)


def test_a_night_of_flights_is_judged_in_two_seconds():
    import time

    rng = np.random.default_rng(0)
    day = rng.integers(10_000, 10_014, size=30_000).astype(str)
    prediction = rng.random(30_000)
    y = rng.random(30_000) < prediction
    began = time.process_time()
    judge(y, prediction, day, champion_prediction=prediction**1.1)
    assert time.process_time() - began < 2
