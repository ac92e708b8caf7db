"""Scores of single columns: how much each says about the target, by itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency
from sklearn.feature_selection import f_classif, f_regression
from sklearn.metrics import mutual_info_score

from lamplighter.features.column import Floats
from lamplighter.features.encode import Encoded

_BINS = 20

_LARGEST = 1e30
_NOTHING = -1e9
"""The score of a column that does not vary."""

Codes = NDArray[np.intp]


def score_columns(X: Encoded, y: Floats, *, score: str, task: str) -> Floats:
    """Score each encoded column; the larger, the more it says about the target.

    Parameters
    ----------
    X : Encoded, n_rows rows
    y : ndarray of float, shape (n_rows,)
        Codes of classes, or numbers.
    score : {"mutual_information", "f", "chi2"}
        Mutual information in nats; or the statistic of an F test (a number by its linear effect,
        a category by an analysis of variance) or of a chi-square test, as the normal deviate that
        is as improbable, so that tests of any number of levels compare. What is missing is a level
        of its own, and in a number's linear effect the median.
    task : {"binary", "multiclass", "regression"}

    Returns
    -------
    ndarray of float, shape (n_columns,)
    """
    if score == "f":
        return _f_scores(X, y, task=task)
    target = bins(y) if task == "regression" else y.astype(np.intp)
    of_codes = _OF_CODES[score]
    return np.array(
        [
            of_codes(_frequent(values) if category else bins(values), target)
            for values, category in zip(X.values.T, X.categorical, strict=True)
        ]
    )


def mutual_information(codes: Codes, target: Codes) -> float:
    """Measure in nats how much codes say about a target of classes.

    The plug-in estimate grows with the number of levels by chance alone; the first-order
    correction [1]_ is taken off.

    References
    ----------
    .. [1] G. A. Miller, "Note on the bias of information estimates", 1955.

    Examples
    --------
    >>> late = np.array([0, 0, 1, 1] * 50)
    >>> mutual_information(np.array([0, 1] * 100), late) <= 0
    True
    """
    by_chance = (np.unique(codes).size - 1) * (np.unique(target).size - 1) / (2 * len(target))
    return float(mutual_info_score(target, codes)) - by_chance


def chi_square(codes: Codes, target: Codes) -> float:
    """Return Pearson's statistic of two codes as the normal deviate that is as improbable [1]_.

    A p-value would be zero for every strong feature of many rows.

    References
    ----------
    .. [1] E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17, 1931.
    """
    _, rows = np.unique(codes, return_inverse=True)
    _, columns = np.unique(target, return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    if min(table.shape) < 2:
        return _NOTHING
    found = chi2_contingency(table, correction=False)
    spread = 2 / (9 * found.dof)
    return float((np.cbrt(found.statistic / found.dof) - (1 - spread)) / np.sqrt(spread))


def bins(numbers: Floats) -> Codes:
    """Cut numbers at their quantiles; what is missing is -1."""
    known = numbers[~np.isnan(numbers)]
    if not known.size:
        return np.zeros(len(numbers), dtype=np.intp)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    codes = np.searchsorted(edges, numbers, side="left").astype(np.float64)
    codes[np.isnan(numbers)] = np.nan
    return _with_missing(codes)


def _f_scores(X: Encoded, y: Floats, *, task: str) -> Floats:
    scores = np.full(X.values.shape[1], _NOTHING)
    numbers = ~X.categorical
    classes = np.unique(y).size
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant columns, which score nothing
        if numbers.any():
            known = _without_gaps(X.values[:, numbers])
            if task == "regression":
                scores[numbers] = _deviates(f_regression(known, y)[0], 1, len(y) - 2)
            else:
                found = f_classif(known, y)[0]
                scores[numbers] = _deviates(found, classes - 1, len(y) - classes)
        Y = y[:, None] if task == "regression" else y[:, None] == np.unique(y)
        for column in np.flatnonzero(X.categorical):
            codes = _with_missing(X.values[:, column])
            levels = np.unique(codes).size
            if 1 < levels < len(y):
                found = np.max(f_classif(Y.astype(np.float64), codes)[0])
                scores[column] = _deviates(found, levels - 1, len(y) - levels)
    return np.where(np.isnan(scores), _NOTHING, scores)


def _deviates(F: Floats, between: int, within: int) -> Floats:
    """Return F statistics as the normal deviates that are as improbable [1]_.

    References
    ----------
    .. [1] E. Paulson, "An approximate normalization of the analysis of variance distribution",
       Annals of Mathematical Statistics 13, 1942.
    """
    F = np.minimum(F, _LARGEST)
    a, b = 2 / (9 * between), 2 / (9 * within)
    return np.asarray(((1 - b) * np.cbrt(F) - (1 - a)) / np.sqrt(b * np.cbrt(F) ** 2 + a))


def _without_gaps(numbers: Floats) -> Floats:
    medians = [
        np.median(known) if (known := column[~np.isnan(column)]).size else 0.0
        for column in numbers.T
    ]
    return np.where(np.isnan(numbers), medians, numbers)


def _frequent(codes: Floats) -> Codes:
    """Take the rare levels together: many levels seem to say much, by chance alone."""
    return _with_missing(np.minimum(codes, _BINS))


def _with_missing(codes: Floats) -> Codes:
    return np.where(np.isnan(codes), -1, codes).astype(np.intp)


_OF_CODES: dict[str, Callable[[Codes, Codes], float]] = {
    "mutual_information": mutual_information,
    "chi2": chi_square,
}
