"""A configuration fitted again: the same members on other rows, and nothing chosen anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lamplighter.errors import TrainingError
from lamplighter.spec.search import Ensemble
from lamplighter.training.ensemble import FittedEnsemble, fit_ensemble
from lamplighter.training.fit_again import fit_again
from lamplighter.training.folds import TrainingSet
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.predictor import Predictor
from learnable import expanding, learnable, quick_trial, stored_predictions

TRIALS = [quick_trial(0, "xgboost"), quick_trial(1, "linear")]


def first_rows(data: TrainingSet, rows: int) -> TrainingSet:
    return replace(data, X=data.X.head(rows), y=np.asarray(data.y)[:rows], folds=expanding(rows))


def fitted(data: TrainingSet, **settings: object) -> FittedEnsemble:
    return fit_ensemble(
        data,
        TRIALS,
        predictions=stored_predictions(data, TRIALS),
        settings=Ensemble.model_validate({"methods": ["blending"], **settings}),
        seed=0,
        threads=1,
    )


def again(before: FittedEnsemble, data: TrainingSet, *, seed: int = 1) -> Predictor:
    return fit_again(
        before.predictor, before.trials, data, algorithms=ALGORITHMS, seed=seed, threads=1
    )


def test_more_rows_give_the_same_members_with_their_rounds_and_weights() -> None:
    data = learnable(1_500)
    before = fitted(first_rows(data, 1_100))
    after = again(before, data)
    assert after.names == before.predictor.names
    rounds = [member.rounds for member in before.predictor.members]
    assert [member.rounds for member in after.members] == rounds
    assert after.combiner.weights() == pytest.approx(before.predictor.combiner.weights())
    assert not np.allclose(after.predict(data.X), before.predictor.predict(data.X))


def test_rows_that_were_held_out_are_fitted_better_than_before() -> None:
    data = learnable(1_500)
    before = fitted(first_rows(data, 1_100))
    fresh, y = data.X.iloc[1_100:], np.asarray(data.y)[1_100:]
    losses = [
        float(np.mean(-np.log(np.where(y == 1, p, 1 - p))))
        for p in (before.predictor.predict(fresh), again(before, data).predict(fresh))
    ]
    assert losses[1] < losses[0]


def test_the_same_rows_and_seed_give_the_same_bytes() -> None:
    data = learnable(1_200)
    before = fitted(first_rows(data, 900))
    assert again(before, data).to_bytes() == again(before, data).to_bytes()
    assert again(before, data).to_bytes() != again(before, data, seed=2).to_bytes()


def test_quantiles_are_those_of_before_around_the_new_values() -> None:
    data = learnable(2_000, task="regression")
    before = fitted(first_rows(data, 1_600), quantiles=[0.1, 0.9])
    after = again(before, data)
    rows = data.X.tail(50)
    old = before.predictor.predict_quantiles(rows) - before.predictor.predict(rows)[:, None]
    new = after.predict_quantiles(rows) - after.predict(rows)[:, None]
    np.testing.assert_allclose(new, old, atol=1e-9)


def test_a_class_that_has_gone_keeps_its_place() -> None:
    data = learnable(1_500, task="multiclass")
    before = fitted(first_rows(data, 1_100))
    classes = before.predictor.classes
    kept = np.flatnonzero(np.asarray(data.y) != classes[0])
    fewer = replace(
        data, X=data.X.iloc[kept], y=np.asarray(data.y)[kept], folds=expanding(len(kept))
    )
    after = again(before, fewer)
    assert after.classes == classes
    assert after.predict(data.X).shape == (1_500, len(classes))


def test_a_class_that_is_new_is_refused_with_what_to_do() -> None:
    data = learnable(1_500, task="multiclass")
    rare = np.asarray(data.y)[0]
    kept = np.flatnonzero(np.asarray(data.y) != rare)
    fewer = replace(
        data, X=data.X.iloc[kept], y=np.asarray(data.y)[kept], folds=expanding(len(kept))
    )
    before = fitted(fewer)
    with pytest.raises(TrainingError, match="of a class that the model to be fitted again does no"):
        again(before, data)


def test_a_member_whose_algorithm_is_gone_is_named() -> None:
    data = learnable(900)
    before = fitted(data)
    with pytest.raises(TrainingError, match="there is no algorithm linear any more"):
        fit_again(
            before.predictor, before.trials, data,
            algorithms={"xgboost": ALGORITHMS["xgboost"]}, seed=1, threads=1,
        )  # fmt: skip
