"""The ensemble of a night: who is in it, and what breaks it not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from lamplighter.errors import TrainingError
from lamplighter.training.ensemble import FittedEnsemble, TrainingSet, fit_ensemble
from lamplighter.training.folds import Folds, task_loss
from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.target import encode_target
from lamplighter.training.trial import TrialRecord
from learnable import expanding, learnable, quick_trial

ALL = [quick_trial(index, name) for index, name in enumerate(ALGORITHMS)]


def fit(data: TrainingSet, trials: list[TrialRecord], **changes: object) -> FittedEnsemble:
    settings = {
        "methods": ("stacking", "blending"),
        "members_per_algorithm": 1,
        "seed": 0,
        "threads": 1,
    }
    return fit_ensemble(data, trials, **(settings | changes))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_member_and_combination_has_its_loss_and_the_winner_predicts(task):
    data = learnable(task=task)
    fitted = fit(data, ALL)
    assert set(fitted.losses) == {*ALGORITHMS, "stacking", "blending"}
    assert fitted.losses[fitted.chosen] < max(fitted.losses.values())
    assert set(fitted.weights) <= set(ALGORITHMS)
    later = learnable(rows=500, task=task, seed=9)
    target, y = encode_target(later.y, task)
    assert fitted.predictor.classes == target.classes
    loss = task_loss(task, y, fitted.predictor.predict(later.X))
    assert loss == pytest.approx(fitted.losses[fitted.chosen], rel=0.25)


def test_losses_are_of_rows_that_members_were_not_fitted_on():
    # Labels without any relation to the features: in sample, trees would find one.
    data = learnable(rows=900)
    shuffled = np.random.default_rng(1).permutation(data.y)
    fitted = fit(
        replace(data, y=shuffled), [replace(ALL[0], params=ALL[0].params | {"rounds": 200})]
    )
    alone = fitted.losses["xgboost"]
    assert alone == ALL[0].loss  # one member alone: no contest, the loss of its trial
    both = fit(replace(data, y=shuffled), ALL)
    base = task_loss("binary", shuffled, np.full(len(shuffled), shuffled.mean()))
    assert min(both.losses[name] for name in ALGORITHMS) > 0.99 * base


def test_folds_without_time_are_contested_too():
    data = learnable(rows=600)
    place = np.arange(600) % 3
    folds = [(np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(3)]
    assert not Folds.of(replace(data, folds=folds), seed=0).in_time_order
    assert Folds.of(data, seed=0).in_time_order
    assert set(fit(replace(data, folds=folds), ALL).losses) == {*ALGORITHMS, "stacking", "blending"}


def test_more_than_one_member_of_an_algorithm_may_take_part():
    trials = [*ALL, quick_trial(7, "linear", params={"C": 1.0, "knots": 3})]
    fitted = fit(learnable(), trials, members_per_algorithm=2)
    assert {"linear", "linear_2"} <= set(fitted.losses)


def test_the_best_trial_of_an_algorithm_takes_part_and_failed_ones_do_not():
    worse = quick_trial(5, "linear", loss=0.9, params={"C": 1e-9, "knots": 2})
    failed = quick_trial(6, "linear", loss=None, status="failed", error="ValueError: no")
    with_more = fit(learnable(), [*ALL, worse, failed])
    assert with_more.losses == fit(learnable(), ALL).losses


def test_a_member_that_breaks_out_of_fold_takes_no_part(monkeypatch):
    class Broken:
        rounds = None

        def predict(self, X, *, threads):
            return np.full(len(X), np.nan)

    broken = Algorithm("broken", space={}, starts=({},), fit=lambda rows, fit: Broken())
    monkeypatch.setitem(ALGORITHMS, "broken", broken)
    said: list[str] = []
    trials = [*ALL, replace(ALL[2], index=3, algorithm="broken", params={}, loss=0.1)]
    fitted = fit(learnable(), trials, progress=said.append)
    assert "broken" not in fitted.losses
    assert any("broken predicts NaN or infinity for 375 of 375 rows" in line for line in said)


def test_a_winner_that_cannot_be_fitted_on_all_rows_gives_way_to_the_next(monkeypatch):
    linear = ALGORITHMS["linear"]

    def fails_on_all_rows(rows, fit):
        if len(rows) == 1_500:
            raise MemoryError("no room for 1,500 rows")
        return linear.fit(rows, fit)

    monkeypatch.setitem(ALGORITHMS, "linear", replace(linear, fit=fails_on_all_rows))
    fitted = fit(learnable(), ALL)
    assert fitted.chosen in {"xgboost", "hist_gradient_boosting"}


def test_nobody_left_is_a_clear_error():
    failed = [replace(t, loss=None, status="failed", error="ValueError: bad") for t in ALL]
    with pytest.raises(
        TrainingError, match=r"all 3 trials failed \(hist.*: ValueError: bad; .*look"
    ):
        fit(learnable(), failed)
    with pytest.raises(TrainingError, match="the search holds no trial"):
        fit(learnable(), [])


def test_without_time_left_the_best_member_is_fitted_alone():
    said: list[str] = []
    fitted = fit(learnable(), ALL, deadline=lambda: 0.0, progress=said.append)
    assert fitted.chosen == "xgboost"
    assert fitted.losses == {"xgboost": 0.5}
    assert fitted.weights == {"xgboost": 1.0}
    assert any(line.startswith("linear takes no part: it needs about") for line in said)


def test_with_time_enough_everybody_takes_part():
    assert set(ALGORITHMS) <= set(fit(learnable(), ALL, deadline=lambda: 1_000.0).losses)


def test_a_fold_whose_training_rows_are_of_one_class_is_left_out():
    data = learnable(rows=800)
    y = np.asarray(data.y).copy()
    y[:200] = 0  # the training rows of the first of three folds
    folds = Folds.of(replace(data, y=y), seed=0)
    assert folds.usable == (1, 2)
    assert set(ALGORITHMS) <= set(fit(replace(data, y=y), ALL).losses)


def test_only_folds_of_one_class_are_an_error():
    data = learnable(rows=80)
    y = np.r_[np.zeros(79, dtype=int), 1]
    with pytest.raises(TrainingError, match="none of 3 folds can be learnt from: their training"):
        fit(replace(data, y=y, folds=expanding(80)), ALL)


def test_one_usable_fold_leaves_no_contest():
    data = learnable(rows=600)
    fitted = fit(replace(data, folds=data.folds[-1:]), ALL)
    assert fitted.chosen == "xgboost"
    assert fitted.losses == {t.algorithm: t.loss for t in ALL}


def test_losses_do_not_depend_on_the_order_of_trials():
    fits = [
        fit(learnable(rows=600), list(order))
        for order in itertools.islice(itertools.permutations(ALL), 0, 6, 5)
    ]
    assert fits[0].losses == fits[1].losses
    assert fits[0].predictor.to_bytes() == fits[1].predictor.to_bytes()
