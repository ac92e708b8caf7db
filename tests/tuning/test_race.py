"""The race: a trial is given up when it is behind by more than chance, and never before."""

from __future__ import annotations

import numpy as np

from lamplighter.evaluation.metrics import row_losses
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.race import Race

RNG = np.random.default_rng(0)
TRUTH = [RNG.integers(0, 2, 400).astype(float) for _ in range(3)]


def predictions(off: float) -> list[np.ndarray]:
    return [np.clip(np.where(y == 1, 0.7, 0.3) + off * (1 - 2 * y), 0.01, 0.99) for y in TRUTH]


STORED = {0: predictions(0.0), 1: predictions(0.3), 2: predictions(-0.2)}
TRIALS = [
    TrialRecord(index, name, {}, loss=loss, seconds=1.0, status="ok", folds=(loss,) * 3)
    for index, name, loss in [(0, "xgboost", 0.36), (1, "xgboost", 0.92), (2, "linear", 0.11)]
]


def lost(algorithm: str, losses: list[np.ndarray], trials=TRIALS) -> bool:
    return Race("binary", TRUTH, STORED.get).is_lost(algorithm, losses, trials)


def losses(off: float, folds: int, *, noise: float = 0.0) -> list[np.ndarray]:
    found = [row_losses("binary", y, p) for y, p in zip(TRUTH, predictions(off), strict=True)]
    return [part + noise * RNG.normal(size=len(part)) for part in found[:folds]]


def test_a_trial_that_is_worse_on_every_row_is_given_up_after_its_first_fold():
    assert lost("xgboost", losses(0.1, 1))


def test_a_trial_runs_against_the_best_of_its_own_algorithm_only():
    assert not lost("svm", losses(0.6, 1))
    assert lost("linear", losses(0.0, 1))
    assert not lost("xgboost", losses(-0.1, 1))


def test_what_chance_explains_is_no_reason_to_give_up():
    assert not lost("xgboost", losses(0.02, 1, noise=2.0))


def test_after_the_last_fold_nobody_is_given_up():
    assert not lost("xgboost", losses(0.3, 3))


def test_a_best_trial_whose_predictions_are_gone_stops_nobody():
    gone = [TrialRecord(7, "xgboost", {}, loss=0.01, seconds=1.0, status="ok")]
    assert not lost("xgboost", losses(0.3, 1), gone)
