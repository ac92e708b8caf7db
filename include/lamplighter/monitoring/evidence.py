"""How likely a column's difference is on an ordinary window: one p-value of several tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamplighter.monitoring import chi_square, kolmogorov_smirnov, missingness
from lamplighter.monitoring.sides import Sides
from lamplighter.monitoring.stability_index import population_stability_index
from lamplighter.monitoring.usual import Null, Usual

Floats = NDArray[np.float64]

USUAL_LEVEL = 0.99
"""A column's index must be above what this share of ordinary windows stays below."""


@dataclass(frozen=True)
class Evidence:
    """What was found of one column.

    Attributes
    ----------
    p_value : float
        Of all tests together, by Bonferroni.
    missing_p : float or None
        Of the change in missing values; None where nothing was ever missing.
    usual_psi : float
        The index that 99 % of ordinary windows stay below.
    """

    p_value: float
    missing_p: float | None
    usual_psi: float


@dataclass(frozen=True)
class Test:
    """A test by a statistic that grows like the square of a difference.

    Attributes
    ----------
    statistic : callable
        Of sides, broadcast over their leading axes.
    freedom, mean_of_rows : callable
        Its degrees of freedom and its mean for independent rows.
    """

    statistic: Callable[[Sides], Floats]
    freedom: Callable[[Sides], float]
    mean_of_rows: Callable[[Sides], float]

    def p_value(self, sides: Sides, windows: Sides, usual: Usual) -> float:
        """Return the probability of such a statistic on an ordinary window."""
        null = Null.of(
            self.statistic(windows) * usual.scale,
            blocks=usual.blocks,
            most_freedom=self.freedom(sides),
            least=self.mean_of_rows(sides),
        )
        return null.p_value(float(self.statistic(sides)))


def evidence_by_days(
    column: str, kind: str, sides: Sides, groups: NDArray[np.int64], usual: Usual
) -> Evidence:
    """Judge by what windows of ordinary days do (see `Null`).

    Parameters
    ----------
    column : str
        Its name.
    kind : {"number", "category"}
    sides : Sides
        The reference and the current window.
    groups : ndarray of int, shape (n_bins,)
        The coarse bin of each bin.
    usual : Usual
        Windows of ordinary days.
    """
    windows = usual.pairs[column]
    coarse, coarse_windows = sides.merged(groups), windows.merged(groups)
    p_values = []
    if _both_have_values(sides):
        p_values = [test.p_value(sides, windows, usual) for test in _OF_VALUES[kind]]
        p_values += [test.p_value(coarse, coarse_windows, usual) for test in _OF_BINS]
    missing_p = None
    if int(sides.reference.missing) + int(sides.current.missing):
        missing_p = _MISSING.p_value(sides, windows, usual)
        p_values.append(missing_p)
    index = _index(coarse_windows) * usual.scale
    usual_psi = float(np.quantile(index, USUAL_LEVEL, method="higher"))
    return Evidence(_bonferroni(p_values), missing_p, usual_psi)


def evidence_by_rows(kind: str, sides: Sides, groups: NDArray[np.int64]) -> Evidence:
    """Judge by what samples of independent rows do; for data without time."""
    p_values = []
    if _both_have_values(sides):
        n, m = int(sides.reference.values), int(sides.current.values)
        if kind == "number":
            distance = float(np.sqrt(_squared_distance(sides)))
            p_values.append(kolmogorov_smirnov.p_value_of_rows(distance, n, m))
        else:
            found = float(_chi_square(sides))
            p_values.append(chi_square.p_value_of_rows(found, n, m, _categories(sides)))
    missing_p = None
    if int(sides.reference.missing) + int(sides.current.missing):
        missing_p = missingness.p_value_of_rows(*_missing_counts(sides))
        p_values.append(missing_p)
    freedom = _index_freedom(sides, groups)
    null = Null(mean=freedom * _per_row(*_rows(sides)), freedom=freedom, blocks=np.inf)
    return Evidence(_bonferroni(p_values), missing_p, null.quantile(USUAL_LEVEL))


def _both_have_values(sides: Sides) -> bool:
    return bool(min(int(sides.reference.values), int(sides.current.values)) > 0)


def _bonferroni(p_values: list[float]) -> float:
    return min(1.0, len(p_values) * min(p_values, default=1.0))


def _per_row(n: int, m: int) -> float:
    return 1 / max(n, 1) + 1 / max(m, 1)


def _rows(sides: Sides) -> tuple[int, int]:
    return int(sides.reference.rows), int(sides.current.rows)


def _values(sides: Sides) -> tuple[int, int]:
    return int(sides.reference.values), int(sides.current.values)


def _missing_counts(sides: Sides) -> tuple[int, int, int, int]:
    (n, m), reference, current = _rows(sides), sides.reference, sides.current
    return int(reference.missing), n, int(current.missing), m


def _index(coarse: Sides) -> Floats:
    return population_stability_index(coarse.reference.counts, coarse.current.counts)


def _index_freedom(sides: Sides, groups: NDArray[np.int64]) -> float:
    coarse = sides.merged(groups)
    return chi_square.freedom(coarse.reference.counts, coarse.current.counts)


def _squared_distance(sides: Sides) -> Floats:
    distance = kolmogorov_smirnov.kolmogorov_smirnov(sides.reference.valued, sides.current.valued)
    return np.asarray(distance**2)


def _squared_shift(sides: Sides) -> Floats:
    return np.asarray((sides.current.mean - sides.reference.mean) ** 2)


def _chi_square(sides: Sides) -> Floats:
    return chi_square.chi_square_per_row(sides.reference.valued, sides.current.valued)


def _categories(sides: Sides) -> int:
    return chi_square.freedom(sides.reference.valued, sides.current.valued)


def _squared_missing_change(sides: Sides) -> Floats:
    before, now = sides.reference, sides.current
    return np.asarray(
        missingness.missing_change(before.missing, before.rows, now.missing, now.rows) ** 2
    )


_DISTANCE = Test(
    statistic=_squared_distance,
    freedom=lambda sides: kolmogorov_smirnov.FREEDOM,
    mean_of_rows=lambda sides: float(kolmogorov_smirnov.mean_square_distance(*_values(sides))),
)
_SHIFT = Test(
    # The distance is 1 once two windows do not overlap; how far apart they are, the means say.
    statistic=_squared_shift,
    freedom=lambda sides: 1.0,
    mean_of_rows=lambda sides: 0.0,
)
_SHARES = Test(
    # Of categories, and of a number's coarse bins: one that stands still has the median it had.
    statistic=_chi_square,
    freedom=_categories,
    mean_of_rows=lambda sides: _categories(sides) * _per_row(*_values(sides)),
)
_MISSING = Test(
    statistic=_squared_missing_change,
    freedom=lambda sides: 1.0,
    mean_of_rows=lambda sides: missingness.variance_of_rows(*_missing_counts(sides)),
)
_OF_VALUES: dict[str, tuple[Test, ...]] = {"number": (_DISTANCE, _SHIFT), "category": ()}
_OF_BINS = (_SHARES,)
