"""Which columns have drifted: by an effect that matters, and beyond what is usual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lamplighter.monitoring.chi_square import chi_square_per_row
from lamplighter.monitoring.evidence import evidence_by_days, evidence_by_rows
from lamplighter.monitoring.false_discovery import adjusted_p_values
from lamplighter.monitoring.kolmogorov_smirnov import kolmogorov_smirnov
from lamplighter.monitoring.profile import ColumnProfile, Profile
from lamplighter.monitoring.sides import Side, Sides
from lamplighter.monitoring.stability_index import population_stability_index
from lamplighter.monitoring.usual import FEWEST_BLOCKS, Usual
from lamplighter.spec.model import Drift

TestName = Literal["kolmogorov_smirnov", "chi_square"]


@dataclass(frozen=True)
class Bars:
    """The distributions as a report shows them: the shares of coarse bins, by name."""

    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


@dataclass(frozen=True)
class ColumnDrift:
    """One column, compared.

    Attributes
    ----------
    psi, threshold : float
        The stability index, and what it must reach to count: the spec's, or the column's own
        99 % quantile of ordinary windows if that is more.
    statistic : float
        The greatest distance of the distribution functions of numbers; chi-square per row, of
        categories.
    p_value, adjusted_p : float or None
        Of all tests of the column together; adjusted for the number of columns.
    drifted : bool
    why_not : str
        Why the column was not judged; empty if it was.
    """

    column: str
    kind: str
    psi: float
    test: TestName
    statistic: float
    missing_reference: float
    missing_current: float
    new: dict[str, float]
    new_share: float
    bars: Bars
    threshold: float | None = None
    p_value: float | None = None
    adjusted_p: float | None = None
    missing_p: float | None = None
    drifted: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Comparison:
    """All columns against one reference, the worst first."""

    columns: tuple[ColumnDrift, ...]
    reference_rows: int
    current_rows: int
    gone: tuple[str, ...] = ()
    usual_days: int | None = None
    usual_blocks: float | None = None

    @property
    def judged(self) -> tuple[ColumnDrift, ...]:
        """The columns that were judged."""
        return tuple(column for column in self.columns if not column.why_not)

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The columns that drifted, the worst first."""
        return tuple(column for column in self.columns if column.drifted)


def compare(
    reference: Profile, current: Profile, *, rule: Drift, usual: Usual | None
) -> Comparison:
    """Say of each column how far it has moved, and whether that is drift.

    A column has drifted if its stability index reaches `rule.psi` and the column's own 99 %
    quantile on ordinary windows, and its p-value survives the control of the false-discovery
    rate over all columns.

    Parameters
    ----------
    reference, current : Profile
        Counted in the same bins.
    rule : Drift
        The spec's section ``monitor.drift``.
    usual : Usual or None
        What is usual from day to day; None where rows are independent, as without time.
    """
    found = [
        _column(name, column, current.columns[name], rule=rule, usual=usual)
        for name, column in reference.columns.items()
        if name in current.columns
    ]
    tested = [place for place, column in enumerate(found) if column.p_value is not None]
    adjusted = adjusted_p_values([found[place].p_value or 0.0 for place in tested])
    for place, p in zip(tested, adjusted, strict=True):
        column = found[place]
        enough = column.threshold is not None and column.psi >= column.threshold
        found[place] = replace(column, adjusted_p=float(p), drifted=bool(enough and p <= rule.fdr))
    found.sort(key=lambda c: (bool(c.why_not), not c.drifted, -c.psi, c.column))
    return Comparison(
        columns=tuple(found),
        reference_rows=reference.rows,
        current_rows=current.rows,
        gone=tuple(name for name in reference.columns if name not in current.columns),
        usual_days=usual.days if usual else None,
        usual_blocks=usual.blocks if usual else None,
    )


def _column(
    name: str, reference: ColumnProfile, current: ColumnProfile, *, rule: Drift, usual: Usual | None
) -> ColumnDrift:
    sides = Sides(_whole(reference), _whole(current))
    groups = reference.bins.groups(sides.reference.counts)
    coarse = sides.merged(groups)
    before, now = coarse.reference.counts, coarse.current.counts
    n, m = max(int(before.sum()), 1), max(int(now.sum()), 1)
    found = ColumnDrift(
        column=name,
        kind=reference.kind,
        psi=float(population_stability_index(before, now)),
        test="kolmogorov_smirnov" if reference.kind == "number" else "chi_square",
        statistic=_STATISTICS[reference.kind](sides),
        missing_reference=int(before[-1]) / n,
        missing_current=int(now[-1]) / m,
        new={level: rows / m for level, rows in current.new.items()},
        new_share=int(now[-2]) / m if reference.kind == "category" else 0.0,
        bars=Bars(reference.bins.labels(groups), tuple(before / n), tuple(now / m)),
        why_not=_why_not(name, sides, rule, usual),
    )
    if found.why_not:
        return found
    seen = (
        evidence_by_rows(reference.kind, sides, groups)
        if usual is None
        else evidence_by_days(name, reference.kind, sides, groups, usual)
    )
    return replace(
        found,
        threshold=max(rule.psi, seen.usual_psi),
        p_value=seen.p_value,
        missing_p=seen.missing_p,
    )


def _whole(column: ColumnProfile) -> Side:
    return Side(column.counts.sum(axis=0), np.asarray(column.sums.sum()))


def _why_not(name: str, sides: Sides, rule: Drift, usual: Usual | None) -> str:
    if name in rule.ignore:
        return "may drift, says the spec"
    for who, side in (("reference", sides.reference), ("window", sides.current)):
        if (rows := int(side.rows)) < rule.min_rows:
            return f"the {who} has {rows:,} rows, {rule.min_rows} are needed"
    if usual is not None and usual.blocks < FEWEST_BLOCKS:
        return "too few days to know what is usual"
    return ""


_STATISTICS: dict[str, Callable[[Sides], float]] = {
    "number": lambda sides: float(kolmogorov_smirnov(sides.reference.valued, sides.current.valued)),
    "category": lambda sides: float(
        chi_square_per_row(sides.reference.valued, sides.current.valued)
    ),
}
