"""The target: its classes, and their numbers from 0 that members are fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lamplighter.errors import TrainingError
from lamplighter.evaluation.metrics import Task

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """What is predicted. For binary tasks the second class, in sorted order, is the positive."""

    task: Task
    classes: tuple[bool | int | float | str, ...] = ()

    def __len__(self) -> int:
        return len(self.classes)


def encode_target(y: ArrayLike, task: Task) -> tuple[Target, Floats]:
    """Return the target and its values as numbers: class numbers from 0, or the values.

    Raises
    ------
    TrainingError
        If a value is missing, or the classes do not fit the task.

    Examples
    --------
    >>> encode_target(["on time", "late", "late"], "binary")
    (Target(task='binary', classes=('late', 'on time')), array([1., 0., 0.]))
    """
    values = pd.Series(np.asarray(y))
    missing = int(values.isna().sum())
    if missing:
        raise TrainingError(
            f"{missing} of {len(values)} targets are missing; train on known labels only"
        )
    if task == "regression":
        numbers = values.to_numpy(dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise TrainingError("the target holds infinite values; remove or cap them")
        return Target(task), numbers
    codes, uniques = pd.factorize(values, sort=True)
    classes = tuple(getattr(label, "item", lambda kept=label: kept)() for label in uniques)
    if len(classes) < 2 or (task == "binary" and len(classes) > 2):
        expected = "two" if task == "binary" else "two or more"
        shown = ", ".join(str(label) for label in classes[:5])
        raise TrainingError(
            f"a {task} target needs {expected} classes, found {len(classes)} ({shown}) "
            f"in {len(values)} rows; widen the training window, or check the target column"
        )
    return Target(task, classes), codes.astype(np.float64)
