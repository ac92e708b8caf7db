"""Labels as the numbers that metrics take: classes from 0, in a model's own order."""

from __future__ import annotations

import numpy as np

from lamplighter.errors import DataError
from lamplighter.training.scorer import Scorer


def label_codes(labels: np.ndarray, scorer: Scorer, *, where: str = "the hold-out") -> np.ndarray:
    """Return labels as floats, classes by their place in the model's classes.

    Raises
    ------
    DataError
        If a class is none that the model knows.
    """
    if scorer.task == "regression":
        return labels.astype(float)
    numbers = {label: code for code, label in enumerate(scorer.classes)}
    unseen = sorted({str(label) for label in labels if label not in numbers})
    if unseen:
        raise DataError(
            f"{where} has the class {', '.join(unseen)}, which no training row has; choose a "
            "later as_of, or hold out fewer days"
        )
    return np.array([numbers[label] for label in labels], dtype=float)
