"""That a search is worth its time, at full size."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.metrics import roc_auc_score

from lamplighter.training.ensemble import fit_ensemble
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.tuning.fit_model import MemoryTrials
from lamplighter.tuning.search import run_search
from learnable import expanding, learnable

TRAINED, HELD_OUT = 150_000, 20_000


@pytest.mark.long
def test_a_minute_on_one_core_is_no_worse_than_untuned_xgboost():
    whole = learnable(TRAINED + HELD_OUT)
    rng = np.random.default_rng(5)
    noise = pd.DataFrame(
        rng.normal(size=(len(whole.X), 14)), columns=[f"noise{i}" for i in range(14)]
    )
    X, y = pd.concat([whole.X, noise], axis=1), np.asarray(whole.y)
    data = replace(whole, X=X.iloc[:TRAINED], y=y[:TRAINED], folds=expanding(TRAINED))
    clock = time.process_time  # other tests may share the core
    store, begun = MemoryTrials(), clock()
    run_search(
        data,
        store,
        algorithms=ALGORITHMS,
        worker=0,
        budget_s=45.0,
        seed=0,
        threads=1,
        clock=clock,
        progress=lambda progress: None,
    )
    searched = clock() - begun
    fitted = fit_ensemble(
        data,
        store.stored,
        predictions=store.predictions,
        seed=0,
        threads=1,
        deadline=lambda: begun + 60.0 - clock(),
    )
    taken = clock() - begun
    later, truth = X.iloc[TRAINED:], y[TRAINED:]

    untuned = xgboost.XGBClassifier(n_jobs=1, enable_categorical=True)
    as_categories = X.astype({"carrier": "category", "dest": "category"})
    untuned.fit(as_categories.iloc[:TRAINED], y[:TRAINED])
    reference = roc_auc_score(truth, untuned.predict_proba(as_categories.iloc[TRAINED:])[:, 1])

    assert searched < 45.0 + 5.0
    assert taken < 60.0 + 10.0
    assert roc_auc_score(truth, fitted.predictor.predict(later)) > reference - 0.003
