"""Estimators of the user's own as members."""

from __future__ import annotations

import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import own_estimators
from lamplighter.errors import TrainingError
from lamplighter.features.encode import FrameEncoder
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.own_estimator import own_algorithm
from lamplighter.training.space import Range
from lamplighter.training.target import encode_target
from learnable import learnable


def algorithm(make, task="binary", space=None):
    return own_algorithm("own", make, space=space or {}, starts=({},), tasks=(task,))


def rows_of(task="binary", rows=300):
    data = learnable(rows, task=task)
    target, y = encode_target(data.y, task)
    return Rows(FrameEncoder.fit(data.X).transform(data.X), y), target


def fitted(make, task="binary", params=None, weights=None, **fit):
    rows, target = rows_of(task)
    if weights is not None:
        rows = replace(rows, weights=weights)
    space = {name: Range(0, 10) for name in params or {}}
    settings = {"params": params or {}, "target": target, "seed": 7, "threads": 1} | fit
    return algorithm(make, task, space).fit(rows, Fit(**settings)), rows


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_class_of_the_users_own_predicts_probabilities_better_than_chance(task):
    member, rows = fitted(own_estimators.Centroids, task)
    found = member.predict(rows.X, threads=1)
    assert np.isfinite(found).all()
    if task == "binary":
        assert roc_auc_score(rows.y, found) > 0.6
    else:
        assert found.shape == (len(rows), int(rows.y.max()) + 1)
        assert found.sum(axis=1) == pytest.approx(1.0)


def test_a_regressor_predicts_values():
    member, rows = fitted(own_estimators.Mean, "regression")
    assert member.predict(rows.X, threads=1) == pytest.approx(np.full(len(rows), rows.y.mean()))


def test_parameters_seed_and_threads_reach_the_estimator_and_its_parts():
    member, _ = fitted(own_estimators.Centroids, params={"sharpness": 3.0}, threads=2)
    estimator = member.estimator
    assert (estimator.sharpness, estimator.random_state, estimator.n_jobs) == (3.0, 7, 2)
    pipeline, _ = fitted(own_estimators.scaled_logistic, params={"logisticregression__C": 0.1})
    assert pipeline.estimator.named_steps["logisticregression"].random_state == 7
    assert pipeline.estimator.named_steps["logisticregression"].C == 0.1


def test_weights_reach_a_fit_that_takes_them_and_no_other():
    weights = np.linspace(0.1, 2.0, 300)
    assert fitted(own_estimators.Centroids, weights=weights)[0].estimator.weighted_
    assert not fitted(own_estimators.Centroids)[0].estimator.weighted_
    fitted(own_estimators.scaled_logistic, weights=weights)
    fitted(own_estimators.Mean, "regression", weights=weights)


def test_a_member_comes_back_from_its_bytes_and_predicts_the_same():
    member, rows = fitted(own_estimators.Centroids)
    again = pickle.loads(pickle.dumps(member))
    assert np.array_equal(again.predict(rows.X, threads=1), member.predict(rows.X, threads=1))


def test_each_fit_begins_with_an_estimator_of_its_own():
    made = algorithm(own_estimators.Centroids)
    rows, target = rows_of()
    first, second = (made.fit(rows, Fit({}, target, seed=s, threads=1)) for s in (1, 2))
    assert (first.estimator.random_state, second.estimator.random_state) == (1, 2)


def test_a_class_that_a_fold_lacks_has_probability_zero():
    rows, target = rows_of("multiclass")
    known = rows.take(np.flatnonzero(rows.y != 1))
    member = algorithm(own_estimators.Centroids, "multiclass").fit(
        known, Fit({}, target, seed=0, threads=1)
    )
    found = member.predict(rows.X, threads=1)
    assert found.shape == (len(rows), len(target))
    assert (found[:, 1] == 0).all()


def test_probabilities_of_another_shape_are_refused():
    member, rows = fitted(own_estimators.WrongShape)
    with pytest.raises(TrainingError, match=r"returned the shape \(300, 7\), expected \(300, 2\)"):
        member.predict(rows.X, threads=1)


@pytest.mark.parametrize("where", ["fit", "predict"])
def test_an_estimator_that_exits_is_an_error_and_not_the_end(where):
    class Exits(own_estimators.Mean):
        def fit(self, X, y):
            return sys.exit(3) if where == "fit" else super().fit(X, y)

        def predict(self, X):
            sys.exit(3)

    def act():
        member, rows = fitted(Exits, "regression")
        member.predict(rows.X, threads=1)

    with pytest.raises(TrainingError, match=r"own called sys.exit\(3\); let it raise"):
        act()
