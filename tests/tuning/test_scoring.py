"""Scores of trials: out of fold in everything, the number of rounds included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.training.array_folds import folds_of_rows
from lamplighter.training.folds import Folds, TrainingSet
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop, validation_targets
from lamplighter.tuning.race import Race
from lamplighter.tuning.scoring import Scoring

ROWS = 200


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
