"""Recursive elimination: the features that matter least go, the rest are judged again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from lamplighter.features.column import Floats

_ROWS = 5_000
_TREES = 40
_DROPPED_AT_ONCE = 0.25


def eliminate(
    values: Floats, y: Floats, sources: NDArray[np.intp], *, keep: int, task: str, seed: int
) -> NDArray[np.intp]:
    """Return the places of the features that are left [1]_, in no particular order.

    Extremely randomised trees say what matters: they take gaps and codes as they are, and a
    feature counts for all of its columns.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
    y : ndarray, shape (n_rows,)
    sources : ndarray of int, shape (n_columns,)
        The feature of each column.
    keep : int
        How many features are left.

    References
    ----------
    .. [1] I. Guyon, J. Weston, S. Barnhill and V. Vapnik, "Gene selection for cancer
       classification using support vector machines", Machine Learning 46, 2002.
    """
    some = np.linspace(0, len(y) - 1, min(len(y), _ROWS)).astype(np.intp)
    values, y = values[some].astype(np.float32), y[some]
    left = np.unique(sources)
    while len(left) > keep:
        columns = np.flatnonzero(np.isin(sources, left))
        trees = (ExtraTreesRegressor if task == "regression" else ExtraTreesClassifier)(
            n_estimators=_TREES, min_samples_leaf=3, random_state=seed, n_jobs=1
        )
        trees.fit(values[:, columns], y)
        importance = np.bincount(
            sources[columns], trees.feature_importances_, minlength=sources.max() + 1
        )[left]
        gone = min(len(left) - keep, max(1, int(_DROPPED_AT_ONCE * len(left))))
        # A stable sort, so that among equals the last features go.
        left = left[np.sort(np.argsort(-importance, kind="stable")[: len(left) - gone])]
    return left
