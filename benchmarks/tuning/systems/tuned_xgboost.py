"""XGBoost tuned by a TPE, hyperopt's or Optuna's, with early stopping: what a careful user writes.

A fifth of the training rows is held out to stop early and to compare trials: the last fifth in
time where there is time. While there is time left, the best trial is fitted again on all rows.
"""

from __future__ import annotations

import time
from typing import Any

import hyperopt
import numpy as np
import optuna
import pandas as pd
import xgboost
from benchmarks.tuning.prepared import Prepared
from benchmarks.tuning.systems.encoding import FrameEncoder, hold_out_a_fifth
from benchmarks.tuning.systems.fitted import Fitted, pickled
from hyperopt import hp

VERSIONS = ("xgboost-cpu", "hyperopt", "optuna")

_MOST_ROUNDS = 3000
_PATIENCE = 50

# Name: low, high, logarithmic, whole.
_SPACE = {
    "learning_rate": (0.01, 0.3, True, False),
    "max_depth": (3, 10, False, True),
    "min_child_weight": (0.5, 100.0, True, False),
    "subsample": (0.5, 1.0, False, False),
    "colsample_bytree": (0.4, 1.0, False, False),
    "reg_lambda": (0.001, 100.0, True, False),
    "reg_alpha": (0.001, 10.0, True, False),
}


class _Search:
    """One booster per set of parameters; remembers the best and what it cost."""

    def __init__(self, data: Prepared, X: pd.DataFrame, *, ends: float, seed: int) -> None:
        y = data.train.y
        ordered = data.train.times is not None
        fit, watch = hold_out_a_fifth(len(y), y=y, ordered=ordered, classes=data.classes, seed=seed)
        # A class that has no row to fit on is a column that is never learned.
        self.all = xgboost.QuantileDMatrix(X, y, enable_categorical=True, nthread=1)
        self.fit = xgboost.QuantileDMatrix(X.iloc[fit], y[fit], enable_categorical=True, nthread=1)
        self.watch = xgboost.QuantileDMatrix(
            X.iloc[watch], y[watch], enable_categorical=True, nthread=1, ref=self.fit
        )
        self.fixed = {"nthread": 1, "seed": seed, "tree_method": "hist", **_objective(data.classes)}
        self.ends = ends
        self.best_loss = np.inf
        self.best: tuple[dict[str, Any], xgboost.Booster, float] | None = None
        self.trials = 0

    def loss(self, params: dict[str, Any]) -> float:
        """Fit with early stopping, within what is left of the budget."""
        began = time.monotonic()
        params = {k: int(v) if _SPACE[k][3] else float(v) for k, v in params.items()}
        booster = xgboost.train(
            self.fixed | params,
            self.fit,
            num_boost_round=_MOST_ROUNDS,
            evals=[(self.watch, "watch")],
            early_stopping_rounds=_PATIENCE,
            verbose_eval=False,
            callbacks=[_Deadline(self.ends)],
        )
        self.trials += 1
        loss = float(booster.best_score)
        if loss < self.best_loss:
            self.best_loss = loss
            self.best = (params, booster, time.monotonic() - began)
        return loss

    def reserve_s(self) -> float:
        """Return what the final fit on all rows is going to take."""
        return 1.4 * self.best[2] if self.best else 0.0

    def final(self) -> xgboost.Booster:
        """Fit the best trial again on all rows if there is time, else return it."""
        assert self.best is not None
        params, booster, _ = self.best
        rounds = booster.best_iteration + 1
        if time.monotonic() + self.reserve_s() > self.ends:
            return booster[:rounds]
        return xgboost.train(self.fixed | params, self.all, num_boost_round=rounds)


class _Deadline(xgboost.callback.TrainingCallback):
    def __init__(self, ends: float) -> None:
        self.ends = ends

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return time.monotonic() > self.ends


def fit(data: Prepared, *, variant: str, budget_s: float, seed: int, folder: object) -> Fitted:
    """Search for nearly `budget_s` seconds with the TPE of `variant`, then fit the winner."""
    ends = time.monotonic() + 0.98 * budget_s
    encoder = FrameEncoder().fit(data.train.X, seed=seed)
    search = _Search(data, encoder.transform(data.train.X), ends=ends, seed=seed)
    _SEARCHES[variant](search, seed)
    booster = search.final()

    def predict(raw: pd.DataFrame) -> Any:
        matrix = xgboost.DMatrix(encoder.transform(raw), enable_categorical=True, nthread=1)
        return booster.predict(matrix)

    labels = tuple(range(data.classes))
    return Fitted(predict, pickled((encoder, booster)), labels, {"trials": search.trials})


def _hyperopt(search: _Search, seed: int) -> None:
    space = {name: _hyperopt_dimension(name, *limits) for name, limits in _SPACE.items()}
    hyperopt.fmin(
        search.loss,
        space,
        algo=hyperopt.tpe.suggest,
        max_evals=100_000,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
        early_stop_fn=lambda trials, *rest: (_is_over(search), rest),
    )


def _hyperopt_dimension(name: str, low: float, high: float, log: bool, whole: bool) -> Any:
    if whole:
        return hp.quniform(name, low, high, 1)
    if log:
        return hp.loguniform(name, np.log(low), np.log(high))
    return hp.uniform(name, low, high)


def _optuna(search: _Search, seed: int) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def objective(trial: optuna.Trial) -> float:
        return search.loss(
            {
                name: trial.suggest_int(name, int(low), int(high))
                if whole
                else trial.suggest_float(name, low, high, log=log)
                for name, (low, high, log, whole) in _SPACE.items()
            }
        )

    while not _is_over(search):
        study.optimize(objective, n_trials=1)


def _is_over(search: _Search) -> bool:
    return time.monotonic() + search.reserve_s() > search.ends


_SEARCHES = {"hyperopt": _hyperopt, "optuna": _optuna}


def _objective(classes: int) -> dict[str, Any]:
    if not classes:
        return {"objective": "reg:squarederror", "eval_metric": "rmse"}
    if classes == 2:
        return {"objective": "binary:logistic", "eval_metric": "logloss"}
    return {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": classes}
