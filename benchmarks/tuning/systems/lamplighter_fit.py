"""Lamplighter: its search and its ensemble, as a night runs them, in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from benchmarks.tuning.prepared import Prepared
from benchmarks.tuning.systems.fitted import Fitted

from lamplighter.training.members import catalogue  # noqa: F401  (loads the libraries)
from lamplighter.tuning.fit_model import fit_model

VERSIONS = ("lamplighter", "scikit-learn", "xgboost-cpu", "hyperopt")


def fit(data: Prepared, *, variant: str, budget_s: float, seed: int, folder: object) -> Fitted:
    """Search and fit the ensemble within `budget_s` seconds."""
    said: list[str] = []
    found = fit_model(
        data.train.X,
        data.train.y,
        task=data.task,
        budget_s=budget_s,
        times=data.train.times,
        seed=seed,
        threads=1,
        progress=said.append,
    )
    predictor = found.predictor

    def predict(raw: pd.DataFrame) -> Any:
        return predictor.predict(raw, threads=1)

    def save(target: Path) -> None:
        (target / "predictor.bin").write_bytes(predictor.to_bytes())

    labels = tuple(int(c) for c in predictor.classes) if data.classes else ()
    return Fitted(predict, save, labels, {"chosen": found.chosen, "said": said[-3:]})
