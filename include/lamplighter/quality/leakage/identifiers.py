"""Columns that say which row it is, or when, rather than anything about it."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from lamplighter.quality.leakage.findings import Finding
from lamplighter.quality.leakage.ranking import correlation
from lamplighter.quality.leakage.rows import Column, LabelledRows

MIN_ROWS = 100
UNIQUE = 0.95
"""Share of distinct values from which on a column of text, or of counted numbers, names rows."""

CLOCK = 0.99
"""Correlation of ranks with the prediction time from which on a column tells the time."""

_DENSE = 10
"""Whole numbers out of at most this many times as many are counted out, not measured."""

_WORDS = 5.0
"""Text of so many words a value, or more, is read for what it says."""

_ALL_DIFFERENT = 1_000
_MIN_LEVELS = 20
_SAMPLE = 50_000


def identifiers(rows: LabelledRows) -> list[Finding]:
    """Find columns that a model could only learn by heart.

    Text and whole numbers that are (almost) different in every row: names, numbers given out in
    order. And numbers that only rise with time, whose values of tomorrow no training row has.
    """
    if len(rows) < MIN_ROWS:
        return []
    return [
        Finding(
            kind="looks like an identifier",
            columns=(name,),
            severity="warning",
            found=said,
            expected="a feature says something that other rows share",
            rows=len(rows),
        )
        for name, column in rows.columns.items()
        if (said := _unique(column) or _clock(rows, column))
    ]


def _unique(column: Column) -> str | None:
    known = int(column.known.sum())
    levels = len(column.values)
    if known < MIN_ROWS or levels < UNIQUE * known:
        return None
    said = f"looks like an identifier: {levels:,} different values in {known:,} rows"
    if column.numbers is None:
        return None if _is_free_text(column) else said
    if not column.whole:
        return None
    held = np.asarray(column.values, dtype=np.float64)
    dense = held.max() - held.min() < _DENSE * levels
    return said if dense or (levels == known and known >= _ALL_DIFFERENT) else None


def _is_free_text(column: Column) -> bool:
    return float(np.mean([len(str(text).split()) for text in column.values])) >= _WORDS


def _clock(rows: LabelledRows, column: Column) -> str | None:
    if rows.times is None or column.numbers is None or len(column.values) < _MIN_LEVELS:
        return None
    at = rows.sample(column.known, _SAMPLE)
    if len(at) < MIN_ROWS:
        return None
    order = correlation(rankdata(column.numbers[at]), rankdata(rows.times[at]))
    if abs(order) < CLOCK:
        return None
    return f"tells the time: its correlation with the prediction time is {order:.4f} by rank"
