"""The ensemble of a night: who is in it, and what breaks it not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lamplighter.errors import SpecError, TrainingError
from lamplighter.spec.search import Ensemble
from lamplighter.training import ensemble
from lamplighter.training.contest import alone
from lamplighter.training.ensemble import FittedEnsemble, TrainingSet, fit_ensemble
from lamplighter.training.folds import Folds, task_loss
from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.room import Load
from lamplighter.training.target import encode_target
from lamplighter.training.trial import TrialRecord
from learnable import QUICK, expanding, learnable, quick_trial, stored_predictions

ALL = [quick_trial(index, name) for index, name in enumerate(QUICK)]
METHODS = {"voting", "blending", "greedy", "stacking"}


def fit(data: TrainingSet, trials: list[TrialRecord], **changes: object) -> FittedEnsemble:
    if "predictions" not in changes:
        changes["predictions"] = stored_predictions(data, trials)
    return fit_ensemble(data, trials, **({"seed": 0, "threads": 1} | changes))


def no_fit(rows, fit):
    raise AssertionError("nobody is fitted to choose an ensemble")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_member_and_method_has_its_loss_and_the_winner_predicts(task):
    data = learnable(task=task)
    fitted = fit(data, ALL)
    assert set(fitted.losses) == {*QUICK, *METHODS}
    assert fitted.losses[fitted.chosen] < min(fitted.losses[name] for name in QUICK) + 1e-3
    assert set(fitted.weights) <= set(QUICK)
    later = learnable(rows=500, task=task, seed=9)
    target, y = encode_target(later.y, task)
    assert fitted.predictor.classes == target.classes
    loss = task_loss(task, y, fitted.predictor.predict(later.X))
    assert loss == pytest.approx(fitted.losses[fitted.chosen], rel=0.25)


def test_to_choose_an_ensemble_nobody_is_fitted(monkeypatch):
    data = learnable(rows=600)
    predictions = stored_predictions(data, ALL)
    for name in QUICK:
        monkeypatch.setitem(ALGORITHMS, name, replace(ALGORITHMS[name], fit=no_fit))
    said: list[str] = []
    with pytest.raises(TrainingError, match="no member could be fitted on all 600 rows"):
        fit(data, ALL, predictions=predictions, progress=said.append)
    assert not any("fold" in line for line in said)
    assert sum("fitting on all" in line for line in said) == 3  # each of them once


def test_shuffled_labels_are_not_learnt():
    # Stacks of three members, for fresh rows: AUC must be a coin's within its interval.
    aucs, wins = [], 0
    for seed in range(4):
        data = learnable(rows=300, seed=seed)
        shuffled = replace(data, y=np.random.default_rng(seed).permutation(data.y))
        settings = Ensemble(methods=("stacking", "stacking_twice"))
        fitted = fit(shuffled, ALL, settings=settings)
        fresh = learnable(rows=2_000, seed=seed + 50)
        y = np.random.default_rng(seed).permutation(fresh.y)
        aucs.append(roc_auc_score(y, fitted.predictor.predict(fresh.X)))
        base = task_loss("binary", shuffled.y, np.full(300, np.mean(shuffled.y)))
        wins += fitted.losses[fitted.chosen] < 0.98 * base
    # Of 2,000 rows with 35 % positives an AUC of chance has the standard error .0136.
    assert np.mean(aucs) == pytest.approx(0.5, abs=3 * 0.0136 / np.sqrt(4))
    assert wins <= 1


def test_a_member_that_learns_rows_by_heart_gains_nothing():
    # On rows it was fitted on a single tree to the last leaf is never wrong.
    data = learnable(rows=900)
    by_heart = quick_trial(
        5,
        "xgboost",
        params=dict(ALGORITHMS["xgboost"].defaults)
        | {"rounds": 150, "learning_rate": 0.3, "max_depth": 10, "min_child_weight": 1.0}
        | {"reg_lambda": 0.1},
    )
    fitted = fit(data, [by_heart, *ALL[1:]])
    assert fitted.losses[fitted.chosen] < 0.9 * fitted.losses["xgboost"]
    assert fitted.weights.get("xgboost", 0.0) < 0.2


def test_folds_without_time_are_contested_too():
    data = learnable(rows=600)
    place = np.arange(600) % 3
    folds = [(np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(3)]
    assert not Folds.of(replace(data, folds=folds), seed=0).in_time_order
    assert Folds.of(data, seed=0).in_time_order
    assert set(fit(replace(data, folds=folds), ALL).losses) == {*QUICK, *METHODS}


def test_a_single_fold_is_in_time_order_only_if_nothing_it_trains_on_comes_last():
    data = learnable(rows=600)
    last = (np.arange(480), np.arange(480, 600))
    mixed = (np.flatnonzero(np.arange(600) % 5), np.arange(0, 600, 5))
    by_time = np.random.default_rng(0).permutation(600)  # rows that are not stored in their order
    for fold, ordered in ((last, True), (mixed, False), ((by_time[:480], by_time[480:]), True)):
        assert Folds.of(replace(data, folds=[fold]), seed=0).in_time_order is ordered


def test_one_fold_is_enough_for_a_contest():
    data = learnable(rows=900)
    fitted = fit(replace(data, folds=data.folds[-1:]), ALL)
    assert set(fitted.losses) == {*QUICK, *METHODS} - {"stacking"}


def test_the_level_of_one_unusual_stretch_of_time_is_not_learnt_unless_the_spec_asks():
    data = learnable(rows=4_000)
    y = np.array(data.y)
    week = np.arange(3_000, 4_000)
    late = week[y[week] == 1]
    y[late[::2]] = 0  # half of those that would be late are not
    data = replace(data, y=y, folds=[(np.arange(3_000), week)])
    fresh = learnable(rows=4_000, seed=5)
    usual = np.mean(np.array(fresh.y))

    def level(**settings: object) -> float:
        return float(
            fit(data, ALL, settings=Ensemble(**settings)).predictor.predict(fresh.X).mean()
        )

    assert level() > 0.8 * usual
    assert level(methods=("stacking",)) < 0.75 * usual


def test_every_trial_may_take_part_but_failed_and_pruned_ones():
    second = quick_trial(7, "linear", params={**ALL[2].params, "C": 1.0})
    failed = quick_trial(6, "linear", loss=None, status="failed", error="ValueError: no")
    data = learnable()
    fitted = fit(data, [*ALL, second, failed], settings=Ensemble(methods=("greedy",)))
    assert set(fitted.weights) <= {*QUICK, "linear_2"}
    without = fit(data, [*ALL, second], settings=Ensemble(methods=("greedy",)))
    assert fitted.losses == without.losses


@pytest.mark.parametrize("rows", [1, 375])
def test_a_member_that_predicted_nan_takes_no_part_and_is_told(rows):
    data, said = learnable(), []
    predictions = stored_predictions(data, ALL)
    broken = [p.copy() for p in predictions(1)]
    broken[0][:rows] = np.nan
    fitted = fit(
        data,
        ALL,
        predictions=lambda index: tuple(broken) if index == 1 else predictions(index),
        progress=said.append,
    )
    assert "hist_gradient_boosting" not in fitted.losses
    assert (
        f"hist_gradient_boosting takes no part: it predicted NaN or infinity for {rows} of "
        "1125 rows"
    ) in said


def test_a_trial_whose_predictions_are_gone_takes_no_part():
    data = learnable()
    predictions = stored_predictions(data, ALL)
    fitted = fit(data, ALL, predictions=lambda i: None if i == 0 else predictions(i))
    assert "xgboost" not in fitted.losses


def test_without_any_stored_predictions_the_best_trial_is_taken():
    fitted = fit(learnable(rows=600), ALL, predictions=lambda index: None)
    assert fitted.chosen == "xgboost"
    assert fitted.losses == {t.algorithm: t.loss for t in ALL}
    assert fitted.weights == {"xgboost": 1.0}


def test_a_winner_that_cannot_be_fitted_on_all_rows_gives_way_to_the_rest(monkeypatch):
    linear = ALGORITHMS["linear"]

    def fails_on_all_rows(rows, fit):
        if len(rows) == 1_500:
            raise MemoryError("no room for 1,500 rows")
        return linear.fit(rows, fit)

    monkeypatch.setitem(ALGORITHMS, "linear", replace(linear, fit=fails_on_all_rows))
    fitted = fit(learnable(), ALL)
    assert fitted.weights
    assert set(fitted.weights) <= {"xgboost", "hist_gradient_boosting"}


def test_a_member_that_answers_nan_on_all_rows_gives_way_to_the_rest(monkeypatch):
    class Broken:
        rounds = None

        def predict(self, X, *, threads):
            return np.full(len(X), np.nan)

    said: list[str] = []
    data = learnable()
    predictions = stored_predictions(data, ALL)
    broken = Algorithm("linear", space={}, starts=({},), fit=lambda rows, fit: Broken())
    monkeypatch.setitem(ALGORITHMS, "linear", broken)
    fitted = fit(data, ALL, predictions=predictions, progress=said.append)
    assert "linear" not in fitted.weights
    assert any("linear predicts NaN or infinity for 1000 of 1000 rows" in line for line in said)


def test_nobody_left_is_a_clear_error():
    failed = [replace(t, loss=None, status="failed", error="ValueError: bad") for t in ALL]
    with pytest.raises(
        TrainingError, match=r"all 3 trials failed \(hist.*: ValueError: bad; .*look"
    ):
        fit(learnable(), failed)
    with pytest.raises(TrainingError, match="the search holds no trial"):
        fit(learnable(), [])


def test_without_time_left_the_cheapest_member_is_fitted_alone():
    said: list[str] = []
    trials = [replace(t, seconds=seconds) for t, seconds in zip(ALL, (9.0, 5.0, 0.1), strict=True)]
    fitted = fit(learnable(), trials, deadline=lambda: 0.0, progress=said.append)
    assert fitted.chosen == "linear"
    assert fitted.weights == {"linear": 1.0}
    assert any(line.startswith("xgboost takes no part: it needs") for line in said)


def test_members_that_there_is_no_time_for_are_not_chosen():
    trials = [replace(ALL[0], seconds=1e5), *ALL[1:]]
    fitted = fit(learnable(), trials, deadline=lambda: 1_000.0)
    assert "xgboost" not in fitted.weights
    assert len(fitted.weights) >= 1


def test_limits_on_size_and_time_are_kept_and_told():
    data, said = learnable(rows=900), []
    predictions = stored_predictions(data, ALL)
    free = fit(data, ALL, predictions=predictions, settings=Ensemble(methods=("voting",)))
    assert len(free.weights) == 3
    most = 0.9 * len(free.predictor.to_bytes()) / 1e6
    settings = Ensemble(methods=("voting",), max_size_mb=most)
    small = fit(data, ALL, predictions=predictions, settings=settings, progress=said.append)
    assert len(small.predictor.to_bytes()) / 1e6 < most
    settings = Ensemble(methods=("voting",), max_size_mb=1e-4)
    smallest = fit(data, ALL, predictions=predictions, settings=settings, progress=said.append)
    assert len(smallest.weights) == 1
    assert any("MB, where 0.0001 are allowed" in line for line in said)


def test_a_member_beyond_the_limits_gives_its_place_to_the_best_one_that_keeps_them(monkeypatch):
    data, said = learnable(rows=900), []
    predictions = stored_predictions(data, ALL)
    expected = ensemble.expected_load

    def blind_to_trees(workshop, trial, **others):
        return expected(workshop, trial, **others) if trial.index else Load(others["seconds"])

    monkeypatch.setattr(ensemble, "expected_load", blind_to_trees)
    linear = fit(data, ALL[2:], predictions=predictions, settings=Ensemble(methods=("voting",)))
    most = 1.2 * len(linear.predictor.to_bytes()) / 1e6
    settings = Ensemble(methods=("voting",), max_members=1, max_size_mb=most)
    best_first = [replace(ALL[0], loss=0.1), *ALL[1:]]
    monkeypatch.setattr(ensemble._Candidates, "contest", lambda self, found: alone_of(self, found))
    small = fit(data, best_first, predictions=predictions, settings=settings, progress=said.append)
    assert list(small.weights) == ["linear"]
    assert len(small.predictor.to_bytes()) / 1e6 < most
    assert any(line.startswith("xgboost is left out: alone it needs") for line in said)
    assert "linear takes its place: the best one alone that keeps the limits" in said


def alone_of(candidates, found):
    """Hold no contest: the best one, or whoever is fitted, is alone."""
    return alone(
        next(iter(candidates.final_fit.fitted), "xgboost"), {"xgboost": 0.1, "linear": 0.5}
    )


def test_a_bag_takes_part_where_the_spec_asks_for_it():
    data = learnable(rows=600)
    fitted = fit(data, ALL[:1], settings=Ensemble(methods=("bagging",)))
    assert set(fitted.losses) == {"xgboost", "bagging"}
    assert fitted.losses["bagging"] < fitted.losses["xgboost"]
    assert fitted.chosen == "bagging"


def test_costs_of_an_unknown_class_are_told_before_anything_is_fitted(monkeypatch):
    monkeypatch.setitem(ALGORITHMS, "linear", replace(ALGORITHMS["linear"], fit=no_fit))
    data = learnable(rows=600)
    with pytest.raises(SpecError, match=r"names the class '2', which no training row has; .*0, 1"):
        fit(data, ALL[2:], predictions=lambda i: None, costs={"2": {"0": 1.0}})


def test_a_fold_whose_training_rows_are_of_one_class_is_left_out():
    data = learnable(rows=800)
    y = np.asarray(data.y).copy()
    y[:200] = 0  # the training rows of the first of three folds
    folds = Folds.of(replace(data, y=y), seed=0)
    assert folds.usable == (1, 2)
    assert set(QUICK) <= set(fit(replace(data, y=y), ALL).losses)


def test_only_folds_of_one_class_are_an_error():
    data = learnable(rows=80)
    y = np.r_[np.zeros(79, dtype=int), 1]
    with pytest.raises(TrainingError, match="none of 3 folds can be learnt from: their training"):
        fit(replace(data, y=y, folds=expanding(80)), ALL)


def test_losses_do_not_depend_on_the_order_of_trials():
    fits = [
        fit(learnable(rows=600), list(order))
        for order in itertools.islice(itertools.permutations(ALL), 0, 6, 5)
    ]
    assert fits[0].losses == fits[1].losses
    assert fits[0].predictor.to_bytes() == fits[1].predictor.to_bytes()
