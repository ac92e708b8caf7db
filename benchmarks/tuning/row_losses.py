"""Losses of the held-out rows, and the small sample of them that a cell's file keeps.

Intervals of paired differences need the losses of two systems on the same rows. A cell keeps
those of at most 2,000 rows, the same rows for all systems, in half precision: 5 kB.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT_ROWS = 2_000
_SEED = 20130701
_LEAST = 1e-15

Floats = NDArray[np.float64]


def row_losses(y: NDArray[Any], predicted: NDArray[Any], *, classes: int) -> Floats:
    """Return each row's log-loss in nats or squared error.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
        Codes of classes, or values.
    predicted : ndarray
        Probabilities, shape (n_rows, n_classes), or values, shape (n_rows,).
    classes : int
        0 in regression.

    Raises
    ------
    ValueError
        If a prediction is not finite.

    Examples
    --------
    >>> row_losses(np.array([1]), np.array([[0.5, 0.5]]), classes=2).round(4)
    array([0.6931])
    """
    predicted = np.asarray(predicted, dtype=np.float64)
    if bad := int((~np.isfinite(predicted)).reshape(len(y), -1).any(axis=1).sum()):
        raise ValueError(f"{bad} of {len(y)} predictions are not finite numbers")
    if not classes:
        return (y - predicted.reshape(-1)) ** 2
    total = predicted.sum(axis=1)
    chosen = predicted[np.arange(len(y)), y] / np.where(total > 0, total, 1)
    return -np.log(np.clip(chosen, _LEAST, 1))


def score(losses: Floats, *, classes: int) -> float:
    """Return the mean log-loss, or the root of the mean squared error."""
    mean = float(np.mean(losses))
    return mean if classes else float(np.sqrt(mean))


def pack(losses: Floats, *, unit: float = 1.0) -> dict[str, Any]:
    """Return a sample of at most `KEPT_ROWS` rows as JSON, in multiples of `unit`."""
    kept = _kept(len(losses))
    halves = (losses[kept] / unit).clip(0, np.finfo(np.float16).max).astype("<f2")
    text = base64.b64encode(halves.tobytes()).decode()
    return {"rows": len(kept), "of": len(losses), "unit": unit, "float16": text}


def unpack(packed: dict[str, Any]) -> Floats:
    """Return the losses that `pack` kept, to half precision.

    Examples
    --------
    >>> unpack(pack(np.array([0.25, 3.0])))
    array([0.25, 3.  ])
    """
    halves = np.frombuffer(base64.b64decode(packed["float16"]), dtype="<f2")
    return halves.astype(np.float64) * packed["unit"]


def _kept(rows: int) -> NDArray[np.intp]:
    if rows <= KEPT_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(_SEED).choice(rows, KEPT_ROWS, replace=False))
