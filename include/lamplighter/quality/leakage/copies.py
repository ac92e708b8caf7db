"""Copies of the label: numbers that put all rows in its order."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from lamplighter.quality.leakage.findings import Finding
from lamplighter.quality.leakage.ranking import correlation, roc_auc
from lamplighter.quality.leakage.rows import Floats, Ints, LabelledRows

COPY = 0.9995
"""Area under the ROC curve of one number from which on it is a copy of the label."""

COPY_CORRELATION = 0.99999
"""The same for a regression: correlation, of the values or of their ranks."""

_MIN_ROWS = 200
_MIN_OF_A_CLASS = 50
_SAMPLE = 50_000


def copies_of_label(rows: LabelledRows) -> list[Finding]:
    """Find numbers that are the label in other units: they put all rows in its order."""
    found = []
    at = rows.sample(np.ones(len(rows), dtype=bool), _SAMPLE)
    for name, column in rows.columns.items():
        if column.numbers is None:
            continue
        where = at[column.known[at]]
        said = _copy(rows, column.numbers[where], where) if len(where) >= _MIN_ROWS else None
        if said:
            found.append(
                Finding(
                    kind="copies the label",
                    columns=(name,),
                    severity="critical",
                    found=f"is a copy of the label: on {len(where):,} rows {said}",
                    expected="no honest column is that good",
                    rows=len(where),
                )
            )
    return found


def _copy(rows: LabelledRows, numbers: Floats, where: Ints) -> str | None:
    if rows.task == "regression":
        label = rows.numbers[where]
        for words, x, y in (
            ("the correlation is", numbers, label),
            ("the correlation of ranks is", rankdata(numbers), rankdata(label)),
        ):
            if abs(correlation(x, y)) >= COPY_CORRELATION:
                return f"{words} {correlation(x, y):.6f}"
        return None
    if rows.task == "multiclass":
        return None
    positive = rows.class_codes[where] == 1
    if min(positive.sum(), (~positive).sum()) < _MIN_OF_A_CLASS:
        return None
    area = roc_auc(positive, numbers)
    if max(area, 1 - area) < COPY:
        return None
    return f"it puts the two classes in order, with an area under the ROC curve of {area:.4f}"
