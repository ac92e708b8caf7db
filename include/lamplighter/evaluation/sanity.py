"""Sanity of a candidate on the hold-out: what disqualifies it before any comparison."""

from __future__ import annotations

import numpy as np

from lamplighter.contracts import Evidence
from lamplighter.evaluation.metrics import Task
from lamplighter.evaluation.ranking import Floats
from lamplighter.evaluation.wording import count, figure, span


def find_problems(task: Task, y: Floats, prediction: Floats) -> tuple[str, ...]:
    """Return what makes a judgement of these predictions impossible, one sentence each.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    y : ndarray of float, shape (n_rows,)
        Labels of the hold-out; classes as numbers from 0.
    prediction : ndarray of float, shape (n_rows,) or (n_rows, n_classes)
        The candidate's predictions.

    Examples
    --------
    >>> find_problems("binary", np.array([0.0, 1.0]), np.array([0.2, np.nan]))
    ('1 of 2 predictions is not a finite number',)
    """
    if len(y) == 0:
        return ("the hold-out is empty; no labelled example lies in it",)
    problems = [_not_finite(prediction)]
    if task != "regression":
        problems += [_single_class(y), _not_probabilities(prediction)]
    return tuple(problem for problem in problems if problem)


def compare_with_base_rate(evidence: Evidence) -> tuple[str, ...]:
    """Return a problem unless the candidate is surely better than a constant prediction.

    Parameters
    ----------
    evidence : Evidence
        Paired losses of the base rate (as champion) and of the candidate on the hold-out.
    """
    if evidence.gain is None:
        return ("one day cannot show a gain over the base rate; hold out more days",)
    if evidence.gain.lower > 0:
        return ()
    extent = count(evidence.blocks, "row" if evidence.first_block is None else "day")
    found = "worse" if evidence.gain.upper < 0 else "not surely better"
    return (
        f"{evidence.metric} is {found} than the base rate's on {extent}: "
        f"gain {figure(evidence.gain.value)} ({span(evidence.gain)})",
    )


def _not_finite(prediction: Floats) -> str:
    rows = prediction.reshape(len(prediction), -1)
    bad = int((~np.isfinite(rows).all(axis=1)).sum())
    verb = "is not a finite number" if bad == 1 else "are not finite numbers"
    return f"{bad} of {len(rows)} predictions {verb}" if bad else ""


def _single_class(y: Floats) -> str:
    present = np.unique(y)
    if len(present) > 1:
        return ""
    return (
        f"the hold-out holds class {present[0]:g} only, in {len(y)} rows; no model can be judged "
        "on it, hold out more days"
    )


def _not_probabilities(prediction: Floats) -> str:
    finite = prediction[np.isfinite(prediction)]
    bad = int(((finite < -1e-9) | (finite > 1 + 1e-9)).sum())
    if bad:
        return f"{bad} predictions lie outside 0 to 1; expected probabilities"
    if prediction.ndim == 2 and np.abs(np.nansum(prediction, axis=1) - 1).max() > 1e-3:
        return "predictions of a row do not sum to 1 over the classes; expected probabilities"
    return ""
