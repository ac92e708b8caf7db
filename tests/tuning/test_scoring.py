"""Scores of trials: out of fold in everything, the number of rounds included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.training.array_folds import folds_of_rows
from lamplighter.training.folds import Folds, TrainingSet
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop, validation_targets
from lamplighter.tuning.race import Race
from lamplighter.tuning.scoring import Scoring

ROWS = 200


class Grown:
    """A member of some rounds that knows nothing."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    def predict(self, X, *, threads):
        return np.full(len(X), 0.5)


def score_with(algorithm: Algorithm, trials, countdown):
    folds = Folds.of(noise(0), seed=0)
    workshop = Workshop(folds, {algorithm.name: algorithm}, seed=0, threads=1)
    race = Race("binary", validation_targets(folds), lambda index: None)
    trial = TrialRecord(0, algorithm.name, {}, loss=None, seconds=0.0, status="failed")
    return Scoring(folds, workshop, race, "rows").score(trial, trials, countdown)


def scored(data: TrainingSet, algorithm: str, **changes: float) -> TrialRecord:
    folds = Folds.of(data, seed=0)
    workshop = Workshop(folds, ALGORITHMS, seed=0, threads=1)
    race = Race(data.task, validation_targets(folds), lambda index: None)
    params = dict(ALGORITHMS[algorithm].defaults) | changes
    trial = TrialRecord(0, algorithm, params, loss=None, seconds=0.0, status="failed")
    ended, predictions = Scoring(folds, workshop, race, "rows").score(trial, [], None)
    assert predictions is not None
    assert [len(p) for p in predictions] == [len(y) for y in validation_targets(folds)]
    return ended


def test_every_fold_gets_its_share_of_the_seconds_and_half_of_it_finds_the_rounds():
    left, given = [100.0], []

    def fit(rows: Rows, fit: Fit) -> Grown:
        assert fit.seconds_left is not None
        given.append(round(fit.seconds_left(), 6))
        left[0] -= fit.seconds_left() / 2
        return Grown(7)

    score_with(Algorithm("slow", {}, ({},), fit), [], lambda: left[0])
    # Of 100 s the first of five folds may use 20, and of these 10 for its rounds.
    assert given[:4] == [10.0, 15.0, pytest.approx(10.9375), pytest.approx(16.40625)]


def test_a_trial_whose_time_is_up_is_given_up_unless_it_is_the_only_one():
    left = [1.0]

    def fit(rows: Rows, fit: Fit) -> Grown:
        left[0] -= 0.3
        return Grown(7)

    slow = Algorithm("slow", {}, ({},), fit)
    other = TrialRecord(1, "other", {}, loss=0.5, seconds=0.1, status="ok")
    given_up, predictions = score_with(slow, [other], lambda: left[0])
    assert (given_up.status, predictions) == ("pruned", None)
    assert given_up.error == "its time was up after 2 of 5 folds"
    left[0] = 1.0
    assert score_with(slow, [], lambda: left[0])[0].status == "ok"


def noise(seed: int) -> TrainingSet:
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(ROWS, 6)), columns=list("abcdef"))
    y = np.arange(ROWS) % 2
    folds = folds_of_rows(ROWS, y, task="binary", folds=5, seed=seed)
    return TrainingSet(X=X, y=y, folds=folds, task="binary")


@pytest.mark.parametrize("algorithm", ["xgboost", "hist_gradient_boosting"])
def test_rounds_chosen_on_few_rows_flatter_nobody(algorithm):
    # Where nothing can be learnt, the base rate has the least loss, log 2 = .693. Stopping by the
    # rows that are scored gives .674 to .693 here, less than can be had.
    losses = [scored(noise(seed), algorithm).loss for seed in range(4)]
    assert np.mean(losses) > np.log(2)


def test_the_rounds_of_a_booster_are_kept_and_those_of_others_are_not_asked_for():
    assert scored(noise(0), "xgboost").params["rounds"] >= 1
    assert "rounds" not in scored(noise(0), "linear").params


def test_the_loss_of_folds_is_that_of_all_rows():
    trial = scored(noise(1), "linear")
    assert len(trial.folds) == 5
    assert trial.loss == pytest.approx(np.mean(trial.folds))


@pytest.mark.parametrize("in_time_order", [True, False])
@pytest.mark.parametrize("method", ["oversample", "noise"])
def test_no_copy_of_a_row_that_was_learnt_from_says_when_to_stop(method, in_time_order):
    rng = np.random.default_rng(0)
    n = 600
    X = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    y = (rng.random(n) < 1 / (1 + np.exp(2 - X["a"]))).to_numpy(dtype=int)
    times = np.arange(n) if in_time_order else None
    folds = folds_of_rows(n, y, task="binary", folds=3, times=times)
    data = TrainingSet(X, y, folds, "binary")
    plain = scored(data, "xgboost")
    made = scored(data, "xgboost", **{"augment.method": method, "augment.strength": 1.0})
    assert made.params["rounds"] < 6 * plain.params["rounds"]
    assert made.loss < plain.loss + 0.05
