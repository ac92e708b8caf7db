"""Values, and missing ones, that decide the label: what is filled in after the fact looks so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import binom

from lamplighter.quality.leakage.findings import Finding
from lamplighter.quality.leakage.rows import Column, Ints, LabelledRows, shown

MIN_ROWS = 50
"""Fewer rows with a value decide nothing."""

MIN_PURITY = 0.99
"""Share of one class from which on a value decides the label."""

MAX_BASE_RATE = 0.9
"""A class more frequent than this needs no leak to fill a value: the odds would rise elevenfold."""

MIN_BLOCKS = 10
"""Days on which the value occurs: rows of one day share its storm, or its sale."""

CHANCE = 1e-3
"""The chance that anything at all is found in an honest table."""

_MEASURED = 20
"""Numbers of more values are measured: one of them must stand out from those beside it."""

_BESIDE = 0.9
"""Share of the class beside a value from which on the value is part of a range, not a mark."""

_BAND = 0.005
"""For a regression, labels within this many standard deviations of each other are the same."""


def deciding_values(rows: LabelledRows) -> list[Finding]:
    """Find features of which a value, its absence or its presence decides the label.

    Rows with the value are nearly all (`MIN_PURITY`) of one class that is far rarer among all rows
    (`MAX_BASE_RATE`), on enough rows and enough days, and that is no chance: a one-sided binomial
    test against the base rate, with the number of values and classes that were looked at
    (Bonferroni). For a regression a class is a narrow band around the value's median label.

    A measured number that decides over a whole range (every flight that leaves an hour late
    arrives late) is none of these: its values do not stand out from those beside them.
    `too_good_alone` warns of it.

    Returns
    -------
    list of Finding
        At most one per feature: the value with the most rows.
    """
    if len(rows) < MIN_ROWS:
        return []
    labels: _Labels = _Bands(rows) if rows.task == "regression" else _Classes(rows)
    suspects, looked_at = _suspects(rows, labels)
    found: dict[str, tuple[int, Finding]] = {}
    for name, words, where, verdict in suspects:
        by_chance = binom.sf(verdict.hits - 1, verdict.rows, verdict.base_rate) * looked_at
        if by_chance > CHANCE or verdict.rows <= found.get(name, (0, None))[0]:
            continue
        column = rows.columns[name]
        if _on_enough_days(rows, where) and not _of_a_range(column, where, verdict, labels):
            found[name] = (verdict.rows, _finding(rows, name, words, verdict))
    return [finding for _, finding in found.values()]


def _suspects(
    rows: LabelledRows, labels: _Labels
) -> tuple[list[tuple[str, str, Ints, _Verdict]], int]:
    """Return the conditions that are nearly pure, and how many pairs were looked at."""
    suspects, looked_at = [], 0
    for name, column in rows.columns.items():
        for words, where in _conditions(column):
            looked_at += labels.classes
            verdict = labels.commonest(where)
            if verdict.purity >= MIN_PURITY and verdict.base_rate <= MAX_BASE_RATE:
                suspects.append((name, words, where, verdict))
    return suspects, looked_at


@dataclass(frozen=True)
class _Verdict:
    """What most of some rows have in common, and how common that is among all rows."""

    centre: float
    label: str
    rows: int
    hits: int
    base_rate: float

    @property
    def purity(self) -> float:
        return self.hits / self.rows


class _Labels(Protocol):
    classes: int

    def commonest(self, where: Ints) -> _Verdict: ...
    def hits(self, where: Ints, centre: float) -> int: ...


class _Classes:
    def __init__(self, rows: LabelledRows) -> None:
        self.classes = len(rows.classes)
        self._names, self._codes = rows.classes, rows.class_codes
        self._rates = np.bincount(self._codes, minlength=self.classes) / len(rows)

    def commonest(self, where: Ints) -> _Verdict:
        counts = np.bincount(self._codes[where], minlength=self.classes)
        first = int(counts.argmax())
        label, rate = f"label {self._names[first]}", float(self._rates[first])
        return _Verdict(first, label, len(where), int(counts[first]), rate)

    def hits(self, where: Ints, centre: float) -> int:
        return int(np.count_nonzero(self._codes[where] == centre))


class _Bands:
    classes = 1

    def __init__(self, rows: LabelledRows) -> None:
        self._labels = rows.numbers
        self._sorted = np.sort(rows.numbers)
        self._width = _BAND * float(np.std(rows.numbers))

    def commonest(self, where: Ints) -> _Verdict:
        centre = float(np.median(self._labels[where]))
        low, high = centre - self._width, centre + self._width
        alike = np.searchsorted(self._sorted, high, "right") - np.searchsorted(self._sorted, low)
        rate = float(alike / len(self._sorted))
        return _Verdict(centre, f"label {centre:g}", len(where), self.hits(where, centre), rate)

    def hits(self, where: Ints, centre: float) -> int:
        return int(np.count_nonzero(np.abs(self._labels[where] - centre) <= self._width))


def _conditions(column: Column) -> Iterator[tuple[str, Ints]]:
    """Give each condition in words, and the positions of its rows."""
    order = np.argsort(column.codes, kind="stable")
    counts = np.bincount(column.codes + 1, minlength=len(column.values) + 1)
    ends = np.cumsum(counts)
    missing = int(counts[0])
    if missing >= MIN_ROWS:
        yield "is missing", order[:missing]
    if missing and len(order) - missing >= MIN_ROWS:
        yield "is there", order[missing:]
    for code in np.flatnonzero(counts[1:] >= MIN_ROWS):
        yield f"is {shown(column.values[int(code)])}", order[ends[code] : ends[code + 1]]


def _of_a_range(column: Column, where: Ints, verdict: _Verdict, labels: _Labels) -> bool:
    """Say whether rows with values just below and just above are of the same class as well."""
    code = column.codes[where[0]]
    if column.numbers is None or len(column.values) <= _MEASURED or code < 0:
        return False
    if verdict.rows == np.count_nonzero(column.known):  # "is there": all values together
        return False
    order = np.argsort(column.numbers, kind="stable")[: np.count_nonzero(column.known)]
    value = column.numbers[where[0]]
    ordered = column.numbers[order]
    first, last = np.searchsorted(ordered, value), np.searchsorted(ordered, value, "right")
    reach = max(MIN_ROWS, verdict.rows)
    beside = np.concatenate([order[max(0, first - reach) : first], order[last : last + reach]])
    return labels.hits(beside, verdict.centre) >= _BESIDE * len(beside)


def _on_enough_days(rows: LabelledRows, where: Ints) -> bool:
    days = rows.block_codes
    if days is None:
        return True
    enough = min(MIN_BLOCKS, max(1, len(np.unique(days)) // 2))
    return len(np.unique(days[where])) >= enough


def _finding(rows: LabelledRows, name: str, words: str, verdict: _Verdict) -> Finding:
    return Finding(
        kind="decides the label",
        columns=(name,),
        severity="critical",
        found=f"decides the label: where it {words}, {verdict.hits:,} of {verdict.rows:,} rows "
        f"({verdict.purity:.1%}) have {verdict.label}",
        expected=f"of all {len(rows):,} rows it is {verdict.base_rate:.1%}",
        rows=verdict.rows,
    )
