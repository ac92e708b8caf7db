"""Labels as the numbers that metrics take: classes from 0, in a model's own order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamplighter.errors import DataError
from lamplighter.evaluation.wording import count
from lamplighter.training.scorer import Scorer
from lamplighter.training.threshold import class_name


def of_known_class(
    labels: np.ndarray, scorer: Scorer, *, where: str
) -> tuple[NDArray[np.bool_], str | None]:
    """Return which rows have a class that the model knows, and a sentence on those that do not.

    A class that came up later says nothing about which of two models is better that both do not
    know it; nor is a model's loss on it a finite number.
    """
    if scorer.task == "regression":
        return np.ones(len(labels), dtype=bool), None
    known = np.array([label in scorer.classes for label in labels], dtype=bool)
    if known.all():
        return known, None
    unseen = ", ".join(sorted({class_name(label) for label in labels[~known]}))
    left_out = count(int((~known).sum()), "row")
    return known, f"{left_out} of {where} left out: class {unseen}, which no training row had"


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
    unseen = sorted({class_name(label) for label in labels if label not in numbers})
    if unseen:
        raise DataError(
            f"{where} has the class {', '.join(unseen)}, which no training row has; choose a "
            "later as_of, or hold out fewer days"
        )
    return np.array([numbers[label] for label in labels], dtype=float)


def base_rate(labels: np.ndarray, scorer: Scorer) -> Any:
    """Return the constant prediction that needs no model: the share of each class, or the mean.

    Of a binary target it is one number, the share of the positive class.
    """
    if scorer.task == "regression":
        return float(np.mean(labels))
    shares = [float(np.mean(labels == label)) for label in scorer.classes]
    return shares[1] if scorer.task == "binary" else shares
