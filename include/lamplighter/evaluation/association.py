"""How much two features say the same, whatever they are, and which features form a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

ALIKE = 0.7
"""Association from which two features count as saying the same."""

_MOST_LEVELS = 30
"""Levels of a category that are told apart; with one row each, anything would seem associated."""


def associations(frame: pd.DataFrame) -> Floats:
    r"""Measure how much each two columns say the same, from 0 to 1.

    Two columns with an order: the absolute value of Spearman's rank correlation. One of them a
    category: the correlation ratio of the other's ranks. Two categories: Cramér's V with the
    correction of its bias [1]_. A missing value counts as the middle rank, or as a category.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Numbers, truths and times have an order; all else is a category.

    Returns
    -------
    ndarray of float, shape (n_columns, n_columns)
        Symmetric, with ones on the diagonal.

    References
    ----------
    .. [1] W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", Journal of the Korean
       Statistical Society 42, 2013.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [10, 20, 30, 90], "c": list("xxyy")})
    >>> associations(frame).round(2).tolist()
    [[1.0, 1.0, 0.89], [1.0, 1.0, 0.89], [0.89, 0.89, 1.0]]
    """
    ordered = [place for place in range(frame.shape[1]) if _has_order(frame.iloc[:, place])]
    named = [place for place in range(frame.shape[1]) if place not in set(ordered)]
    found = np.eye(frame.shape[1])
    ranks = np.stack([_ranks(frame.iloc[:, p]) for p in ordered], axis=1) if ordered else None
    if ranks is not None:
        found[np.ix_(ordered, ordered)] = np.abs(_correlation(ranks))
    codes = [_codes(frame.iloc[:, place]) for place in named]
    for i, place in enumerate(named):
        if ranks is not None:
            ratio = _correlation_ratio(codes[i], ranks)
            found[place, ordered] = found[ordered, place] = ratio
        for j in range(i):
            v = _cramers_v(codes[i], codes[j])
            found[place, named[j]] = found[named[j], place] = v
    np.fill_diagonal(found, 1.0)
    return found


def groups_alike(
    names: Sequence[str], associated: Floats, *, alike: float = ALIKE
) -> list[tuple[str, ...]]:
    """Return groups of two or more features of which each two are associated by `alike` or more.

    Complete linkage: a chain of neighbours is no group. In the order of `names`.

    Examples
    --------
    >>> A = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]])
    >>> groups_alike(["a", "b", "c"], A)
    [('a', 'b')]
    """
    if len(names) < 2:
        return []
    apart = squareform(np.clip(1 - associated, 0, 1), checks=False)
    clusters = fcluster(linkage(apart, "complete"), 1 - alike, "distance")
    groups: dict[int, list[str]] = {}
    for name, cluster in zip(names, clusters, strict=True):
        groups.setdefault(int(cluster), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _has_order(column: pd.Series) -> bool:
    dtype = column.dtype
    return bool(
        pd.api.types.is_numeric_dtype(dtype)
        or pd.api.types.is_bool_dtype(dtype)
        or pd.api.types.is_datetime64_any_dtype(dtype)
        or pd.api.types.is_timedelta64_dtype(dtype)
    )


def _ranks(column: pd.Series) -> Floats:
    if not (
        pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)
    ):
        values = column.astype("int64").to_numpy(dtype=float)
        values[column.isna().to_numpy()] = np.nan
    else:
        values = column.to_numpy(dtype=float, na_value=np.nan)
    ranks = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    ranks[known] = rankdata(values[known])
    return np.where(known, ranks, np.mean(ranks[known]) if known.any() else 0.0)


def _codes(column: pd.Series) -> Codes:
    texts = column.astype(object).where(column.notna(), None)
    codes, levels = pd.factorize(texts.map(str, na_action="ignore"), sort=True)
    counts = np.bincount(codes[codes >= 0], minlength=max(len(levels), 1))
    kept = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
    renamed = np.full(len(counts) + 1, len(kept), dtype=np.intp)  # the rare share a code
    renamed[kept] = np.arange(len(kept))
    renamed[-1] = len(kept) + 1  # missing
    return renamed[codes]


def _correlation(ranks: Floats) -> Floats:
    centred = ranks - ranks.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(size > 0, size, np.inf)
    return np.clip(unit.T @ unit, -1, 1)


def _correlation_ratio(codes: Codes, ranks: Floats) -> Floats:
    counts = np.bincount(codes)
    centred = ranks - ranks.mean(axis=0)
    sums = np.stack([np.bincount(codes, column) for column in centred.T], axis=1)
    between = (sums[counts > 0] ** 2 / counts[counts > 0, None]).sum(axis=0)
    total = (centred**2).sum(axis=0)
    return np.sqrt(np.clip(between / np.where(total > 0, total, np.inf), 0, 1))


def _cramers_v(one: Codes, other: Codes) -> float:
    n = len(one)
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    rows_left = rows - (rows - 1) ** 2 / (n - 1)
    columns_left = columns - (columns - 1) ** 2 / (n - 1)
    smaller = min(rows_left, columns_left) - 1
    return float(np.sqrt(min(1.0, phi / smaller))) if smaller > 0 else 0.0
