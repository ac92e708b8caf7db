"""Groups of rows: the slices of a column, by its values or by ranges of a number."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from lamplighter.errors import DataError
from lamplighter.evaluation.ranking import Bools, Ints
from lamplighter.spec.checks import Slicing

_MOST_VALUES = 20
_BINS = 4
OTHER, MISSING = "other", "no value"


@dataclass(frozen=True)
class Group:
    """Some rows of the hold-out, and what they have in common."""

    column: str
    name: str
    rows: Bools

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.rows.sum())

    def __str__(self) -> str:
        return f"{self.column} {self.name}"


def groups_of(
    column: str, slicing: Slicing, training: pd.Series, holdout: pd.Series
) -> tuple[Group, ...]:
    """Cut the hold-out by one column.

    Parameters
    ----------
    column : str
        The column's name, for the reader.
    slicing : Slicing
        How to cut. Unless it says: by the values that training or hold-out have, up to 20 of
        them (the commonest of training; the rest is one group); a number of more by the quartiles
        of training.
    training, holdout : Series
        The column's values. Bins are cut, and values are counted, on the training rows, so that
        groups do not move with the rows they judge.

    Returns
    -------
    tuple of Group
        In the order of the values. Rows without a value are a group of their own. A group may be
        empty: a named value, or one that only training has.

    Raises
    ------
    DataError
        For edges or bins of a column that holds no numbers.

    Examples
    --------
    >>> distance = pd.Series([100.0, 700.0, 2_000.0])
    >>> [str(group) for group in groups_of("km", Slicing(edges=(500,)), distance, distance)]
    ['km below 500', 'km from 500']
    """
    number = pd.api.types.is_numeric_dtype(training.dtype) and training.dtype != bool
    if (slicing.edges or slicing.bins) and not number:
        asked = "edges" if slicing.edges else "bins"
        raise DataError(
            f"{column!r} holds {training.dtype}, and its {asked} are for numbers; name its "
            "values instead, or leave them out"
        )
    if slicing.values:
        return _by_value(column, holdout, tuple(map(_name, slicing.values)), lump=False)
    counts = training.value_counts()
    known = pd.unique(pd.concat([training, holdout]).dropna())
    if number and (slicing.edges or slicing.bins or len(known) > _MOST_VALUES):
        edges = slicing.edges or _quantiles(training, slicing.bins or _BINS)
        return _by_range(column, holdout, edges)
    if len(known) <= _MOST_VALUES:
        return _by_value(column, holdout, tuple(_name(v) for v in sorted(known)), lump=False)
    common = counts.sort_index().sort_values(ascending=False, kind="stable").index[:_MOST_VALUES]
    return _by_value(column, holdout, tuple(sorted(map(_name, common))), lump=True)


def _by_value(
    column: str, holdout: pd.Series, names: tuple[str, ...], *, lump: bool
) -> tuple[Group, ...]:
    codes, uniques = pd.factorize(holdout)
    place = {_name(value): code for code, value in enumerate(uniques)}
    found = [Group(column, name, codes == place.get(name, -2)) for name in names]
    if lump:
        rest = (codes >= 0) & ~np.isin(codes, [place[n] for n in names if n in place])
        found.append(Group(column, OTHER, rest))
    return (*found, *_without_value(column, codes))


def _by_range(column: str, holdout: pd.Series, edges: tuple[float, ...]) -> tuple[Group, ...]:
    values = holdout.to_numpy(dtype=float, na_value=np.nan)
    codes = np.where(np.isnan(values), -1, np.digitize(values, edges))
    ends = [_name(edge) for edge in edges]
    names = [
        f"below {ends[0]}",
        *(f"{low} to below {high}" for low, high in pairwise(ends)),
        f"from {ends[-1]}",
    ]
    found = tuple(Group(column, name, codes == code) for code, name in enumerate(names))
    return (*found, *_without_value(column, codes))


def _without_value(column: str, codes: Ints) -> tuple[Group, ...]:
    return (Group(column, MISSING, codes == -1),) if (codes == -1).any() else ()


def _quantiles(values: pd.Series, bins: int) -> tuple[float, ...]:
    known = values.dropna().to_numpy(dtype=float)
    if not len(known):
        raise DataError(
            f"{values.name!r} has no value in the training rows, so no bins can be cut; give edges"
        )
    inner = np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])
    return tuple(float(f"{edge:.6g}") for edge in np.unique(inner))


def _name(value: object) -> str:
    """Return a value as a spec writes it: a whole number as one, a day without its midnight."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)
