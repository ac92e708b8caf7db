"""What every model that is judged or released can do, whoever made it."""

from __future__ import annotations

from typing import Any, Protocol

import pandas as pd

from lamplighter.training.target import Floats


class Scorer(Protocol):
    """A model as scoring sees it: `Predictor`, or an adopted one."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the raw features that `predict` needs."""

    @property
    def task(self) -> str:
        """What is predicted: binary, multiclass or regression."""

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes in the order of `predict`; a binary task's second one is the positive."""

    def predict(self, X: pd.DataFrame, *, threads: int = 1) -> Floats:
        """Predict from raw features, one row each."""
