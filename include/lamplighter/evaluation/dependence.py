"""Partial dependence: what a model says on average when one feature is given a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lamplighter.evaluation.importance import Exchanged
from lamplighter.evaluation.ranking import Floats

POINTS = 20
"""Values of a number that are asked for, at most."""

LEVELS = 12
"""Levels of a category, at most; the most frequent ones."""

CLASSES = 3
"""Classes whose curves are kept, those that vary most."""

OUTER = (0.1, 0.9)
"""Between which quantiles of the rows' own curves the spread lies."""

_REACH = (0.01, 0.99)

Kind = Literal["number", "category", "time"]


@dataclass(frozen=True)
class Point:
    """What a model says where a feature has a value.

    Attributes
    ----------
    at : float, str or None
        The value; None where it is missing.
    share : float
        Of the rows, those that have this value or, of a number, one nearest to it.
    mean : tuple of float
        Of each curve: the mean over all rows.
    low, high : tuple of float
        Between which eight tenths of the rows' own curves lie, each moved to the common level: were
        the feature's effect the same in every row, both would equal the mean.
    """

    at: float | str | None
    share: float
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Dependence:
    """The partial dependence of a model on one feature.

    Attributes
    ----------
    classes : tuple of int
        Which class each curve is of; empty for a single curve.
    points : tuple of Point
        Numbers and times in their order, categories by frequency; what is missing comes last.
    """

    feature: str
    kind: Kind
    classes: tuple[int, ...]
    points: tuple[Point, ...]
    rows: int

    @property
    def reach(self) -> float:
        """How far the mean moves, of the curve that moves most."""
        means = np.array([point.mean for point in self.points])
        return float(np.ptp(means, axis=0).max()) if len(means) else 0.0


def partial_dependence(
    exchanged: Exchanged, column: pd.Series, rows: Sequence[int] | NDArray[np.intp]
) -> Dependence:
    r"""Return what a model says of rows that all have one value of a feature, for several values.

    For each value *v*, every row *i* is given *v* in place of its own: the mean of
    :math:`f(v, x_{i, -j})` over the rows is the partial dependence [1]_; the rows' own curves are
    the individual conditional expectations, here centred [2]_: of each the row's own mean is taken
    away, and two quantiles of what is left are kept. Where the feature goes with others, rows are
    asked about that do not exist.

    Parameters
    ----------
    exchanged : callable
        Predicts rows, some of whose features are taken from other rows.
    column : Series, shape (n_rows,)
        The feature's values; those that are asked for are among them.
    rows : sequence of int
        Places of the rows that are given the values.

    References
    ----------
    .. [1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of
       Statistics 29, 2001.
    .. [2] A. Goldstein, A. Kapelner, J. Bleich and E. Pitkin, "Peeking inside the black box",
       Journal of Computational and Graphical Statistics 24, 2015.
    """
    kind = _kind(column)
    places, shares = _asked(column, kind)
    asked = np.asarray(rows, dtype=np.intp)
    said = exchanged(np.tile(asked, len(places)), {str(column.name): np.repeat(places, len(asked))})
    curves = said.reshape(len(places), len(asked), -1)
    classes = _moving_most(curves) if said.ndim == 2 else ()
    if classes:
        curves = curves[:, :, list(classes)]
    means = curves.mean(axis=1)
    own = curves - curves.mean(axis=0) + curves.mean(axis=(0, 1))
    low, high = np.quantile(own, OUTER, axis=1)
    points = tuple(
        Point(
            at=_value(column.iloc[int(place)], kind),
            share=shares[number],
            mean=tuple(map(float, means[number])),
            low=tuple(map(float, low[number])),
            high=tuple(map(float, high[number])),
        )
        for number, place in enumerate(places)
    )
    return Dependence(str(column.name), kind, classes, points, len(asked))


def _kind(column: pd.Series) -> Kind:
    dtype = column.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "time"
    is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    return "number" if is_number else "category"


def _asked(column: pd.Series, kind: Kind) -> tuple[NDArray[np.intp], list[float]]:
    """Return places of rows that have the values, and how many rows have each of them."""
    known = np.flatnonzero(column.notna().to_numpy())
    found = _spread_out(column, known) if kind != "category" else _most_frequent(column, known)
    missing = np.flatnonzero(column.isna().to_numpy())
    if missing.size:
        found.append((int(missing[0]), missing.size))
    places = np.array([place for place, _ in found], dtype=np.intp)
    return places, [count / len(column) for _, count in found]


def _spread_out(column: pd.Series, known: NDArray[np.intp]) -> list[tuple[int, int]]:
    values = column.iloc[known]
    codes, levels = pd.factorize(values, sort=True)
    if len(levels) > POINTS:
        ordered = np.sort(codes)
        quantiles = np.linspace(*_REACH, POINTS)
        wanted = np.unique(ordered[np.round(quantiles * (len(ordered) - 1)).astype(int)])
    else:
        wanted = np.arange(len(levels))
    if not len(wanted):
        return []
    nearest = np.abs(codes[:, None] - wanted).argmin(axis=1)
    counts = np.bincount(nearest, minlength=len(wanted))
    firsts = [int(known[np.flatnonzero(codes == code)[0]]) for code in wanted]
    return list(zip(firsts, counts.tolist(), strict=True))


def _most_frequent(column: pd.Series, known: NDArray[np.intp]) -> list[tuple[int, int]]:
    codes, levels = pd.factorize(column.iloc[known].astype(object).map(str), sort=True)
    counts = np.bincount(codes, minlength=len(levels))
    chosen = np.argsort(-counts, kind="stable")[:LEVELS]
    return [(int(known[np.flatnonzero(codes == code)[0]]), int(counts[code])) for code in chosen]


def _moving_most(curves: Floats) -> tuple[int, ...]:
    reach = np.ptp(curves.mean(axis=1), axis=0)
    return tuple(sorted(np.argsort(-reach, kind="stable")[:CLASSES].tolist()))


def _value(value: object, kind: Kind) -> float | str | None:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    if kind == "number":
        return float(value)  # type: ignore[arg-type]
    return pd.Timestamp(value).isoformat() if kind == "time" else str(value)  # type: ignore[arg-type]
