"""What each system gives back: a model that predicts, and can be written to disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fitted:
    """A fitted model of any system.

    Attributes
    ----------
    predict : callable
        From the raw features to values, shape (n_rows,), or probabilities, shape (n_rows,
        n_classes), of the classes in `labels`.
    save : callable
        Writes all that predicting needs below the given folder, in the system's own way.
    labels : sequence of int
        Codes of the classes that the columns of `predict` stand for; empty in regression.
    notes : dict
        What the system says of its work, such as how many trials it did.
    """

    predict: Callable[[pd.DataFrame], NDArray[Any]]
    save: Callable[[Path], None]
    labels: tuple[int, ...]
    notes: dict[str, Any]


def probabilities(predicted: NDArray[Any], labels: tuple[int, ...], classes: int) -> NDArray[Any]:
    """Return `predicted` with one column for each of `classes`; 0 for a class not learned.

    Examples
    --------
    >>> probabilities(np.array([[0.25, 0.75]]), (0, 2), 3).tolist()
    [[0.25, 0.0, 0.75]]
    """
    if not classes:
        return predicted
    if predicted.ndim == 1:
        predicted = np.column_stack([1 - predicted, predicted])
    aligned = np.zeros((len(predicted), classes))
    aligned[:, list(labels)] = predicted
    return aligned


def pickled(model: Any) -> Callable[[Path], None]:
    """Return a `save` that pickles `model`."""
    import cloudpickle

    def save(folder: Path) -> None:
        (folder / "model.pkl").write_bytes(cloudpickle.dumps(model))

    return save
