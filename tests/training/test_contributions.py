"""Reasons of a score: they add up, and are right where the answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.spec.search import Ensemble
from lamplighter.training.contributions import contributions
from lamplighter.training.ensemble import fit_ensemble
from lamplighter.training.predictor import Predictor
from learnable import learnable, quick_trial, stored_predictions

TASKS = ("binary", "multiclass", "regression")


def predictor(task: str, *algorithms: str) -> tuple[Predictor, pd.DataFrame]:
    data = learnable(600, task=task)
    trials = [quick_trial(place, name) for place, name in enumerate(algorithms)]
    fitted = fit_ensemble(
        data,
        trials,
        predictions=stored_predictions(data, trials),
        settings=Ensemble(methods=("stacking",) if len(algorithms) > 1 else ()),
        seed=0,
        threads=1,
    )
    return fitted.predictor, data.X


def typical_of(X: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: [X[name].mode()[0] if X[name].dtype == "str" else X[name].median()]
            for name in X.columns
        }
    )


def log_odds(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return np.log(p / (1 - p))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "algorithms", [("hist_gradient_boosting",), ("xgboost", "linear")], ids=" and ".join
)
def test_contributions_add_up_to_the_score(task: str, algorithms: tuple[str, ...]) -> None:
    model, X = predictor(task, *algorithms)
    rows, typical = X.head(40), typical_of(X)
    found = contributions(model, rows, typical)
    predicted = model.predict(rows)
    if task == "regression":
        scores = predicted
    elif task == "binary":
        scores = log_odds(predicted)
    else:
        scores = log_odds(predicted.max(axis=1))
    assert found.features == model.features
    assert found.base + found.values.sum(axis=1) == pytest.approx(scores)


def test_a_linear_models_contributions_are_the_effects_of_its_features() -> None:
    model, X = predictor("binary", "linear")
    rows, typical = X.head(30), typical_of(X)
    found = contributions(model, rows, typical)
    for place, name in enumerate(found.features):
        alone = typical.loc[[0] * len(rows)].set_axis(rows.index).assign(**{name: rows[name]})
        effect = log_odds(model.predict(alone)) - found.base
        assert found.values[:, place] == pytest.approx(effect)


def test_an_effect_of_two_features_together_is_shared_equally() -> None:
    class Product:
        features, task, classes = ("a", "b", "idle"), "regression", ()

        def predict(self, X: pd.DataFrame, *, threads: int = 1) -> np.ndarray:
            return (X["a"] * X["b"]).to_numpy(dtype=float)

    rows = pd.DataFrame({"a": [2.0], "b": [3.0], "idle": [5.0]})
    found = contributions(Product(), rows, rows * 0)
    assert found.values.tolist() == [[3.0, 3.0, 0.0]]


def test_a_row_like_the_typical_one_needs_no_reasons() -> None:
    model, X = predictor("binary", "xgboost", "linear")
    typical = typical_of(X)
    assert np.abs(contributions(model, typical, typical).values).max() == pytest.approx(0)


def test_rows_are_explained_alike_whatever_rows_stand_beside_them() -> None:
    model, X = predictor("binary", "hist_gradient_boosting")
    typical = typical_of(X)
    together = contributions(model, X.head(20), typical).values
    alone = contributions(model, X.iloc[7:8], typical).values
    assert (together[7:8] == alone).all()
