"""When boosting ends: where the time is up, or where more rounds gain next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost

from lamplighter.training.members.algorithm import Rows
from lamplighter.training.target import Target

_WORTH = 2e-4


def least_gain(train: Rows, target: Target) -> float:
    """Return the gain that is worth another patience of rounds, in units of the loss.

    It is a small share of the loss of a model that knows the base rates, or the mean, alone: so it
    means the same for rare classes, and for targets of any unit.
    """
    if target.task == "regression":
        return _WORTH * float(np.std(train.y))
    counts = np.bincount(train.y.astype(np.intp), train.weights)
    shares = counts[counts > 0] / counts.sum()
    return _WORTH * float(-(shares @ np.log(shares)))


class StopInTime(xgboost.callback.TrainingCallback):  # type: ignore[misc]  # untyped to us
    """Ends XGBoost's training after the round in which no second was left."""

    def __init__(self, seconds_left: Callable[[], float]) -> None:
        super().__init__()
        self._seconds_left = seconds_left

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return bool(self._seconds_left() <= 0)
