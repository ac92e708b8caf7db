"""Quantile intervals cover fresh rows as often as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lamplighter.features.encode import FrameEncoder
from lamplighter.spec.features import Features
from lamplighter.spec.search import Ensemble
from lamplighter.training.array_folds import folds_of_rows
from lamplighter.training.ensemble import fit_ensemble
from lamplighter.training.folds import TrainingSet
from lamplighter.training.predictor import Predictor
from lamplighter.training.quantiles import fit_intervals
from learnable import learnable, quick_trial, stored_predictions

LEVELS = (0.05, 0.5, 0.95)


def uneven(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return targets and predictions whose errors are five times larger where x is above 0."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    prediction = 3 * x
    y = prediction + rng.normal(0, np.where(x > 0, 5.0, 1.0))
    return y, prediction, pd.DataFrame({"x": x})


@pytest.mark.parametrize("ordered", [True, False])
def test_levels_cover_fresh_rows_in_both_halves_of_uneven_data(ordered):
    y, prediction, X = uneven(2_000, seed=0)
    encoder = FrameEncoder.fit(X)
    found = fit_intervals(LEVELS, y, prediction, encoder.transform(X), in_time_order=ordered)
    fresh, said, rows = uneven(4_000, seed=1)
    levels = found.around(said, encoder.transform(rows))
    for half in (rows["x"].to_numpy() > 0, rows["x"].to_numpy() <= 0):
        below = (fresh[half, None] <= levels[half]).mean(axis=0)
        assert below == pytest.approx(LEVELS, abs=0.04)
    assert (np.diff(levels, axis=1) >= 0).all()


def test_few_rows_get_intervals_that_do_not_promise_too_much():
    inside = []
    for seed in range(60):
        y, prediction, X = uneven(60, seed=seed)
        encoder = FrameEncoder.fit(X)
        rows = encoder.transform(X)
        found = fit_intervals((0.1, 0.9), y, prediction, rows, in_time_order=False)
        fresh, said, later = uneven(200, seed=seed + 1_000)
        low, high = found.around(said, encoder.transform(later)).T
        inside.append(((fresh >= low) & (fresh <= high)).mean())
    assert np.mean(inside) > 0.8 - 0.01


def test_a_predictor_of_the_whole_covers_the_rows_after_it():
    data = learnable(rows=1_500, task="regression")
    trials = [quick_trial(0, "linear"), quick_trial(1, "hist_gradient_boosting")]
    settings = Ensemble(quantiles=(0.1, 0.9))
    fitted = fit_ensemble(
        data,
        trials,
        predictions=stored_predictions(data, trials),
        settings=settings,
        seed=0,
        threads=1,
    )
    restored = Predictor.from_bytes(fitted.predictor.to_bytes())
    later = learnable(rows=1_500, task="regression", seed=7)
    low, high = restored.predict_quantiles(later.X).T
    assert ((later.y >= low) & (later.y <= high)).mean() == pytest.approx(0.8, abs=0.04)
    assert restored.predict_quantiles(later.X.head(0)).shape == (0, 2)
    without = replace(restored, intervals=None)
    with pytest.raises(ValueError, match=r"no quantiles; set ensemble\.quantiles"):
        without.predict_quantiles(later.X)


@pytest.mark.parametrize("known", [0, 100])
def test_a_feature_that_is_new_or_never_known_spoils_no_interval(known):
    y, prediction, X = uneven(1_000, seed=0)
    X["new"] = np.where(np.arange(1_000) < 1_000 - known, np.nan, 1.0)
    rows = FrameEncoder.fit(X).transform(X)
    found = fit_intervals(LEVELS, y, prediction, rows, in_time_order=True)
    assert np.isfinite(found.around(prediction, rows)).all()


def test_means_of_the_target_make_no_interval_too_narrow():
    def shops(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
        rng = np.random.default_rng(seed)
        shop = [f"S{number}" for number in rng.integers(0, 1_500, 3_000)]
        return pd.DataFrame({"shop": shop, "x": rng.normal(size=3_000)}), rng.normal(size=3_000)

    X, y = shops(1)
    data = TrainingSet(
        X,
        y,
        folds_of_rows(len(X), y, task="regression", folds=3),
        "regression",
        Features(target_means="always"),
    )
    trials = [quick_trial(0, "hist_gradient_boosting")]
    predictor = fit_ensemble(
        data,
        trials,
        predictions=stored_predictions(data, trials),
        settings=Ensemble(quantiles=(0.1, 0.9)),
        seed=0,
        threads=1,
    ).predictor
    fresh, values = shops(2)
    low, high = predictor.predict_quantiles(fresh).T
    assert ((low <= values) & (values <= high)).mean() == pytest.approx(0.8, abs=0.03)
