"""Small data that can be learnt from, like flights: numbers, categories, gaps, days in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.training.ensemble import TrainingSet
from lamplighter.training.folds import Folds
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop

QUICK = ("xgboost", "hist_gradient_boosting", "linear")
"""Algorithms whose members are fitted in no time."""

DESTINATIONS = [f"D{number:03d}" for number in range(40)]


def learnable(rows: int = 1_500, *, task: str = "binary", seed: int = 0) -> TrainingSet:
    """Return rows in time order with expanding folds."""
    X, signal = _features(rows, seed)
    return TrainingSet(X=X, y=_target(signal, task, seed), folds=expanding(rows), task=task)


def expanding(rows: int, folds: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut rows into folds + 1 blocks; each fold trains on all blocks before the one it judges."""
    blocks = np.array_split(np.arange(rows), folds + 1)
    return [(np.concatenate(blocks[:k]), blocks[k]) for k in range(1, folds + 1)]


def quick_trial(index: int, algorithm: str, **changes: Any) -> TrialRecord:
    """Return a trial with cheap parameters."""
    params = {"rounds": 25} if algorithm != "linear" else {}
    trial = TrialRecord(
        index=index,
        algorithm=algorithm,
        params=dict(ALGORITHMS[algorithm].defaults) | params,
        loss=0.5 + index / 100,
        seconds=0.1,
        status="ok",
    )
    return replace(trial, **changes)


def stored_predictions(
    data: TrainingSet, trials: Sequence[TrialRecord], *, seed: int = 0
) -> Callable[[int], tuple[np.ndarray, ...] | None]:
    """Fit trials on the folds, as a search does, and return what they predicted, by index."""
    folds = Folds.of(data, seed=seed)
    workshop = Workshop(folds, ALGORITHMS, seed=seed, threads=1)
    found = {}
    for trial in trials:
        parts = []
        for number in folds.scored if trial.status == "ok" else ():
            fold = workshop.fold(number, workshop.recipe(trial.params))
            member = workshop.fit(trial.algorithm, trial.params, fold.train, index=trial.index)
            parts.append(member.predict(fold.validation.X, threads=1))
        if parts:
            found[trial.index] = tuple(parts)
    return found.get


def _features(rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    carrier = rng.choice(["AA", "B6", "DL", "UA"], rows, p=[0.4, 0.3, 0.2, 0.1])
    dest = rng.choice(DESTINATIONS, rows)
    hour = rng.integers(5, 24, rows)
    wind = rng.gamma(2.0, 5.0, rows)
    delay = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(0, 10, rows))
    night = rng.random(rows) < 0.3
    effect = pd.Series(carrier).map({"AA": -0.4, "B6": 0.5, "DL": 0.0, "UA": 0.3}).to_numpy()
    signal = (
        -1.0
        + effect
        + 0.8 * np.sin((hour - 9) / 4)
        + 0.08 * np.nan_to_num(delay)
        + 0.04 * (wind - 10) * night
    )
    frame = pd.DataFrame(
        {"carrier": carrier, "dest": dest, "hour": hour, "wind": wind, "delay": delay}
    )
    return frame.assign(night=night), signal


def _target(signal: np.ndarray, task: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed + 1)
    if task == "regression":
        return 20 + 10 * signal + rng.normal(0, 4, len(signal))
    if task == "multiclass":
        noisy = signal + rng.logistic(size=len(signal))
        return np.array(["early", "on time", "late"])[np.digitize(noisy, [-1.5, 0.0])]
    return (rng.random(len(signal)) < 1 / (1 + np.exp(-signal))).astype(int)
