"""How predictions of the past did, by labels that came later: metrics with what a day allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.evaluation.groups import groups_of
from lamplighter.evaluation.intervals import block_jackknife
from lamplighter.evaluation.metrics import Metric, Task, measure, metrics_of
from lamplighter.evaluation.ranking import Floats
from lamplighter.spec.checks import Slices

_MOST_VALUES = 20


def interval_metrics(
    task: Task,
    y: Floats,
    prediction: Floats,
    *,
    confidence: float,
    cost: Metric | None = None,
) -> dict[str, dict[str, float | None]]:
    """Return the metrics of an interval's labelled rows as plain JSON values.

    Parameters
    ----------
    y : ndarray of float, shape (n_rows,)
        Labels; classes as numbers from 0.
    prediction : ndarray of float, shape (n_rows,) or (n_rows, n_classes)
        Finite.
    confidence : float
        Coverage of the intervals, which treat rows as independent: they leave out how days differ.
    cost : Metric, optional
        What decisions cost a row, where the spec says so.

    Returns
    -------
    dict of str to dict
        ``{"value", "lower", "upper"}`` by metric. The bounds are None where so few rows allow no
        interval; a metric that is undefined, such as the AUC of a single class, is left out.

    Examples
    --------
    >>> found = interval_metrics("regression", np.ones(4), np.zeros(4), confidence=0.95)
    >>> found["mae"]
    {'value': 1.0, 'lower': 1.0, 'upper': 1.0}
    """
    metrics: Mapping[str, Metric] = metrics_of(task) | ({cost.name: cost} if cost else {})
    if not len(y):
        return {}
    estimates = block_jackknife(metrics, y, prediction, None, confidence=confidence)
    found: dict[str, dict[str, float | None]] = {}
    for name, metric in metrics.items():
        if name in estimates:
            found[name] = estimates[name].model_dump(mode="json")
            continue
        value = measure(metric, y, prediction)
        if math.isfinite(value):
            found[name] = {"value": value, "lower": None, "upper": None}
    return found


def interval_slices(
    rule: Slices,
    columns: pd.DataFrame,
    y: Floats,
    prediction: Floats,
    *,
    metric: Metric,
    confidence: float,
) -> list[dict[str, Any]]:
    """Return a metric of parts of an interval's rows as plain JSON values.

    Columns are cut by named values or edges, or by the values that occur. Numbers of many values
    without edges are not cut: where parts depend on a day's rows, days cannot be compared.

    Parameters
    ----------
    columns : DataFrame, shape (n_rows, n_columns)
        What rows are cut by.
    y : ndarray of float, shape (n_rows,)
        Labels; NaN where unknown.
    prediction : ndarray of float, shape (n_rows,) or (n_rows, n_classes)

    Returns
    -------
    list of dict
        ``slice``, ``rows``, ``labelled_rows``, ``metric`` and ``estimate``, which is None for a
        slice of fewer labelled rows than ``rule.min_rows``, or where it is undefined.
    """
    found = []
    for name, slicing in rule.by.items():
        values = columns[name]
        number = pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != bool
        many = number and values.nunique() > _MOST_VALUES
        if slicing.bins or (many and not slicing.edges and not slicing.values):
            continue
        for group in groups_of(name, slicing, values, values):
            known = group.rows & ~np.isnan(y)
            part = block_jackknife(
                {metric.name: metric}, y[known], prediction[known], None, confidence=confidence
            )
            estimate = part.get(metric.name) if known.sum() >= rule.min_rows else None
            found.append(
                {
                    "slice": str(group),
                    "rows": group.size,
                    "labelled_rows": int(known.sum()),
                    "metric": metric.name,
                    "estimate": estimate.model_dump(mode="json") if estimate else None,
                }
            )
    return found


def class_codes(labels: Any, classes: tuple[Any, ...]) -> Floats:
    """Return the number of each label's class; NaN for a class that the model does not know.

    Examples
    --------
    >>> class_codes(["cat", "cow", "ant"], ("ant", "cat")).tolist()
    [1.0, nan, 0.0]
    """
    numbers = {label: float(code) for code, label in enumerate(classes)}
    return np.array([numbers.get(label, math.nan) for label in labels])
