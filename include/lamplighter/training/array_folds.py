"""Folds for rows that come without a spec: in time order, by group, or shuffled."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from lamplighter.evaluation.metrics import Task

Positions = NDArray[np.intp]
Parts = list[tuple[Positions, Positions]]

_NEWEST_SHARE = 0.1
_TIME_FOLDS = 3


def folds_of_rows(
    rows: int,
    y: ArrayLike,
    *,
    task: Task,
    folds: int,
    times: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Parts:
    """Cut rows into training and validation positions.

    Parameters
    ----------
    rows : int
    y : array_like, shape (n_rows,)
        Targets; classes are spread evenly over the folds.
    folds : int
        How many, at least 1; of a single one a fifth of the rows validates.
    times : array_like, shape (n_rows,), optional
        When each row was: the newest tenths validate, each fitted on what lies before it.
    groups : array_like, shape (n_rows,), optional
        Rows of one group stay together.

    Examples
    --------
    >>> parts = folds_of_rows(10, range(10), task="regression", folds=1, times=range(10, 0, -1))
    >>> [(fitted.tolist(), validated.tolist()) for fitted, validated in parts]
    [([9, 8, 7, 6, 5, 4, 3, 2, 1], [0])]
    """
    if times is not None:
        return _expanding(np.argsort(np.asarray(times), kind="stable"), folds)
    cuts = max(folds, 5)
    dummy = np.zeros(rows)
    if groups is not None:
        parts = GroupKFold(cuts).split(dummy, groups=np.asarray(groups))
    elif task == "regression" or np.unique(np.asarray(y), return_counts=True)[1].min() < 2:
        parts = KFold(cuts, shuffle=True, random_state=seed).split(dummy)
    else:
        parts = StratifiedKFold(cuts, shuffle=True, random_state=seed).split(dummy, np.asarray(y))
    return [(train, validation) for train, validation in parts][:folds]


def _expanding(order: Positions, folds: int) -> Parts:
    count = min(folds, _TIME_FOLDS)
    length = max(1, int(len(order) * _NEWEST_SHARE))
    parts = []
    for back in range(count, 0, -1):
        start = len(order) - back * length
        if start > 0:
            parts.append((order[:start], order[start : start + length]))
    return parts
