"""Selection: which features are kept, learnt from the training rows, with a reason for the rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import mutual_info_score

from lamplighter.errors import DataError
from lamplighter.features.encode import ColumnEncoder, why_unusable
from lamplighter.spec.features import Selection

_BINS = 20


def choose_features(
    X: pd.DataFrame, y: ArrayLike, *, selection: Selection, task: str
) -> tuple[list[str], dict[str, str]]:
    """Choose the features to train on.

    Whatever the method, columns that can be no feature (timestamps, columns without a value) are
    dropped.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        Raw features of the training rows only.
    y : array_like, shape (n_rows,)
        Their targets.
    selection : Selection
        The spec's rule. `variance` drops numbers whose variance is at most `min_variance`, and
        categories with a single level; `univariate` keeps the `keep_fraction` of the columns with
        the most mutual information with the target.
    task : {"binary", "multiclass", "regression"}

    Returns
    -------
    kept : list of str
        Names in the order of `X`.
    dropped : dict of str to str
        The other names, each with the reason.

    Raises
    ------
    DataError
        If no feature is left.
    """
    dropped = {
        str(name): reason for name in X.columns if (reason := why_unusable(X[name])) is not None
    }
    usable = X.drop(columns=list(dropped))
    if selection.method == "variance":
        dropped |= _without_variance(usable, min_variance=selection.min_variance)
    elif selection.method == "univariate" and usable.shape[1]:
        target = _bins(pd.Series(y)) if task == "regression" else pd.factorize(np.asarray(y))[0]
        dropped |= _with_little_information(usable, target, fraction=selection.keep_fraction)

    kept = [str(name) for name in X.columns if name not in dropped]
    if not kept:
        raise DataError(
            f"no feature is left of {X.shape[1]} columns ({_first_reasons(dropped)}); "
            "loosen features.select, or make more features"
        )
    return kept, dropped


def mutual_information(column: pd.Series, target: NDArray[np.intp]) -> float:
    """Measure in nats how much a column says about a target of classes.

    Numbers are cut at quantiles, what is missing is a level of its own. The plug-in estimate grows
    with the number of levels by chance alone; the first-order correction [1]_ is taken off.

    References
    ----------
    .. [1] G. A. Miller, "Note on the bias of information estimates", 1955.

    Examples
    --------
    >>> late = np.array([0, 0, 1, 1] * 50)
    >>> mutual_information(pd.Series(["a", "b"] * 100), late) <= 0
    True
    """
    encoder = ColumnEncoder.fit(column, max_levels=_BINS)
    codes = _bins(column) if encoder.kind == "number" else _with_missing(encoder.transform(column))
    by_chance = (np.unique(codes).size - 1) * (np.unique(target).size - 1) / (2 * len(target))
    return float(mutual_info_score(target, codes)) - by_chance


def _without_variance(X: pd.DataFrame, *, min_variance: float) -> dict[str, str]:
    reasons = {}
    for name in X.columns:
        encoder = ColumnEncoder.fit(X[name], max_levels=2)
        if encoder.kind == "category":
            if len(encoder.levels) < 2 and not X[name].isna().any():
                reasons[str(name)] = f"one level only, {encoder.levels[0]!r}"
            continue
        variance = float(np.nanvar(encoder.transform(X[name])))
        if variance <= min_variance:
            reasons[str(name)] = f"variance {variance:.3g} is not above {min_variance:g}"
    return reasons


def _with_little_information(
    X: pd.DataFrame, target: NDArray[np.intp], *, fraction: float
) -> dict[str, str]:
    information: Mapping[str, float] = {
        str(name): mutual_information(X[name], target) for name in X.columns
    }
    keep = max(1, round(fraction * len(information)))
    # sorted() is stable, so ties fall by the order of the columns.
    ranked = sorted(information, key=lambda name: -information[name])
    return {
        name: f"mutual information {information[name]:.4f} nats is rank {rank} of {len(ranked)}, "
        f"{keep} are kept"
        for rank, name in enumerate(ranked, start=1)
        if rank > keep
    }


def _bins(column: pd.Series) -> NDArray[np.intp]:
    numbers = ColumnEncoder(name="", kind="number").transform(column)
    known = numbers[~np.isnan(numbers)]
    if not known.size:
        return np.zeros(len(numbers), dtype=np.intp)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    codes = np.searchsorted(edges, numbers, side="left").astype(np.float64)
    codes[np.isnan(numbers)] = np.nan
    return _with_missing(codes)


def _with_missing(codes: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.where(np.isnan(codes), -1, codes).astype(np.intp)


def _first_reasons(dropped: Mapping[str, str]) -> str:
    first = [f"{name}: {reason}" for name, reason in list(dropped.items())[:3]]
    return "; ".join(first) if first else "no column was given"
