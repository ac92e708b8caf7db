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

_BAND = 0.005
"""For a regression, labels within this many standard deviations of each other are the same."""


def deciding_values(rows: LabelledRows) -> list[Finding]:
    """Find features of which a value, its absence or its presence decides the label.

    Rows with the value are nearly all (`MIN_PURITY`) of one class that is far rarer among all rows
    (`MAX_BASE_RATE`), on enough rows and enough days, and that is no chance: a one-sided binomial
    test against the base rate, with the number of values and classes that were looked at
    (Bonferroni). For a regression a class is a narrow band around the value's median label.

    Returns
    -------
    list of Finding
        At most one per feature: the value with the most rows.
    """
    if len(rows) < MIN_ROWS:
        return []
    labels: _Labels = _Bands(rows) if rows.task == "regression" else _Classes(rows)
    suspects = []
    looked_at = 0
    for name, column in rows.columns.items():
        for words, where in _conditions(column):
            looked_at += labels.classes
            verdict = labels.commonest(where)
            if verdict.purity >= MIN_PURITY and verdict.base_rate <= MAX_BASE_RATE:
                suspects.append((name, words, where, verdict))
    found: dict[str, tuple[int, Finding]] = {}
    for name, words, where, verdict in suspects:
        by_chance = binom.sf(verdict.hits - 1, verdict.rows, verdict.base_rate)
        if by_chance * looked_at > CHANCE or not _on_enough_days(rows, where):
            continue
        if name not in found or verdict.rows > found[name][0]:
            found[name] = (verdict.rows, _finding(rows, name, words, verdict))
    return [finding for _, finding in found.values()]


@dataclass(frozen=True)
class _Verdict:
    """What most of some rows have in common, and how common that is among all rows."""

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


class _Classes:
    def __init__(self, rows: LabelledRows) -> None:
        self.classes = len(rows.classes)
        self._names, self._codes = rows.classes, rows.class_codes
        self._rates = np.bincount(self._codes, minlength=self.classes) / len(rows)

    def commonest(self, where: Ints) -> _Verdict:
        counts = np.bincount(self._codes[where], minlength=self.classes)
        first = int(counts.argmax())
        rate = float(self._rates[first])
        return _Verdict(f"label {self._names[first]}", len(where), int(counts[first]), rate)


class _Bands:
    classes = 1

    def __init__(self, rows: LabelledRows) -> None:
        self._labels = rows.numbers
        self._sorted = np.sort(rows.numbers)
        self._width = _BAND * float(np.std(rows.numbers))

    def commonest(self, where: Ints) -> _Verdict:
        found = self._labels[where]
        centre = float(np.median(found))
        low, high = centre - self._width, centre + self._width
        hits = int(((found >= low) & (found <= high)).sum())
        alike = np.searchsorted(self._sorted, high, "right") - np.searchsorted(self._sorted, low)
        return _Verdict(f"label {centre:g}", len(where), hits, float(alike / len(self._sorted)))


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


def _on_enough_days(rows: LabelledRows, where: Ints) -> bool:
    days = rows.block_codes
    if days is None:
        return True
    enough = min(MIN_BLOCKS, max(1, len(np.unique(days)) // 2))
    return len(np.unique(days[where])) >= enough


def _finding(rows: LabelledRows, name: str, words: str, verdict: _Verdict) -> Finding:
    return Finding(
        kind="decides the label",
        column=name,
        severity="critical",
        found=f"decides the label: where it {words}, {verdict.hits:,} of {verdict.rows:,} rows "
        f"({verdict.purity:.1%}) have {verdict.label}",
        expected=f"of all {len(rows):,} rows it is {verdict.base_rate:.1%}",
        rows=verdict.rows,
    )
