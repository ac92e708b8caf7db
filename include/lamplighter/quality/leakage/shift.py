"""Can rows be told apart by when they are from? What training has and live rows have not, leaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from xgboost import XGBClassifier

from lamplighter.quality.leakage.findings import Finding
from lamplighter.quality.leakage.ranking import roc_auc
from lamplighter.quality.leakage.rows import Bools, Ints, LabelledRows

TELLS_APART = 0.7
"""Area under the ROC curve, at the lower end of its interval, that goes without a word."""

RATIO = 2.0
"""How many times the error of earlier windows the newest one must leave behind."""

NOTABLE = 0.05
"""And by how much its area must be larger."""

EMPTIER = 0.5
"""By how much the share of missing values among live rows may exceed that of the worst day."""

MIN_ROWS = 100
_MIN_LIVE_ROWS = 30
_SAMPLE = 4_000
_FOLDS = 5
_EARLIER = 3
_T_OF_FOLDS = 2.776  # 95 %, two-sided, for four degrees of freedom
_NAMED, _WORTH_NAMING = 3, 0.1  # at most so many columns, with so much of the gain


def empty_when_live(rows: LabelledRows) -> list[Finding]:
    """Find features that the newest rows, not labelled yet, lack, and labelled rows have.

    What is filled in with time is there for every row that one can train on, and for none that one
    has to predict. Compared with the worst single day, so that a bad day is no finding.
    """
    live = rows.live
    if live is None or len(live) < _MIN_LIVE_ROWS:
        return []
    days = rows.block_codes if rows.block_codes is not None else np.zeros(len(rows), dtype=np.int64)
    per_day = np.bincount(days)
    found = []
    for name, column in rows.columns.items():
        if name not in live:
            continue
        missing = int(live[name].isna().sum())
        worst = float((np.bincount(days, ~column.known) / np.maximum(per_day, 1)).max())
        if missing / len(live) < worst + EMPTIER:
            continue
        usual = float((~column.known).mean())
        found.append(
            Finding(
                kind="is missing in live rows",
                columns=(name,),
                severity="warning",
                found=f"is filled in with time: it is missing in {missing:,} of the {len(live):,} "
                f"newest rows ({missing / len(live):.1%}), which have no label yet",
                expected=f"in labelled rows {usual:.1%} are missing; declare it in "
                "data.tables.NAME.filled_in, or leave it out",
                rows=missing,
            )
        )
    return found


def told_apart(rows: LabelledRows) -> list[Finding]:
    """Find out whether a classifier tells held-out rows from training rows, and by which columns.

    With time, the hold-out is compared with the days of the same number just before it, and folds
    are cut by days, so that no day's weather is learnt by heart. Seasons and trends tell days apart
    all the time; so earlier pairs of windows are measured too, and the newest must be twice as
    easy. Without time the split is random, and an honest area is .5.
    """
    pairs = _windows(rows)
    if pairs is None:
        return []
    newest = _Classifier(rows, *pairs[0])
    measured = newest.area()
    if measured is None or measured.lower <= TELLS_APART:
        return []
    before = [area for pair in pairs[1:] if (area := _Classifier(rows, *pair).area())]
    usual = max((area.value for area in before), default=0.5)
    easier = (1 - measured.value) * RATIO <= 1 - usual and measured.value >= usual + NOTABLE
    if not easier:
        return []
    names = newest.strongest()
    against = f"{usual:.3f} between earlier windows" if before else "0.5 of a fair split"
    return [
        Finding(
            kind="tells newest rows apart",
            columns=names,
            severity="warning",
            found="tell the newest rows from those trained on: a classifier has an area under the "
            f"ROC curve of {measured.value:.3f} ({measured.lower:.3f} to {measured.upper:.3f})",
            expected=f"against {against}; look at how these columns are filled",
            rows=int(rows.holdout.sum()),
        )
    ]


@dataclass(frozen=True)
class _Area:
    value: float
    lower: float
    upper: float


class _Classifier:
    """Tells `later` rows from `earlier` ones, judged on groups that it did not see."""

    def __init__(self, rows: LabelledRows, earlier: Bools, later: Bools) -> None:
        first, second = rows.sample(earlier, _SAMPLE), rows.sample(later, _SAMPLE)
        at = np.concatenate([first, second])
        self._names = list(rows.columns)
        self._X = np.column_stack([column.ordered[at] for column in rows.columns.values()])
        self._later = np.repeat([False, True], [len(first), len(second)])
        self._folds = _folds(rows, at, self._later)

    def area(self) -> _Area | None:
        """Return the mean area over the folds, with an interval; None where there are too few."""
        areas = []
        for fold in range(_FOLDS):
            judged = self._folds == fold
            if min(self._sides(judged)) < 5 or min(self._sides(~judged)) < 5:
                return None
            scores = self._fit(~judged).predict_proba(self._X[judged])[:, 1]
            areas.append(roc_auc(self._later[judged], scores))
        value = float(np.mean(areas))
        half = _T_OF_FOLDS * float(np.std(areas, ddof=1)) / np.sqrt(_FOLDS)
        return _Area(value, max(0.0, value - half), min(1.0, value + half))

    def strongest(self) -> tuple[str, ...]:
        """Name the columns that it uses most."""
        gain = self._fit(np.ones(len(self._X), dtype=bool)).feature_importances_
        named = [self._names[i] for i in np.argsort(-gain)[:_NAMED] if gain[i] >= _WORTH_NAMING]
        return tuple(named)

    def _fit(self, rows: Bools) -> XGBClassifier:
        model = XGBClassifier(
            n_estimators=40, max_depth=3, learning_rate=0.2, n_jobs=1, random_state=0
        )
        return model.fit(self._X[rows], self._later[rows].astype(int))

    def _sides(self, rows: Bools) -> tuple[int, int]:
        return int((rows & self._later).sum()), int((rows & ~self._later).sum())


def _windows(rows: LabelledRows) -> list[tuple[Bools, Bools]] | None:
    """Return pairs of neighbouring windows, the one that ends with the hold-out first."""
    if min(rows.holdout.sum(), (~rows.holdout).sum()) < MIN_ROWS:
        return None
    if rows.block_codes is None or rows.blocks is None:
        return [(~rows.holdout, rows.holdout)]
    codes, days = pd.factorize(rows.blocks, sort=True)
    first = int(codes[rows.holdout].min())
    length = len(days) - first
    if length < _FOLDS or first < length:
        return None
    pairs = [(~rows.holdout & (codes >= first - length), rows.holdout)]
    end = first
    while len(pairs) <= _EARLIER and end - 2 * length >= 0:
        earlier = (codes >= end - 2 * length) & (codes < end - length)
        pairs.append((earlier, (codes >= end - length) & (codes < end)))
        end -= length
    return pairs


def _folds(rows: LabelledRows, at: Ints, later: Bools) -> Ints:
    if rows.block_codes is None:
        return np.random.default_rng(0).permutation(len(at)) % _FOLDS
    days = rows.block_codes[at]
    folds = np.empty(len(at), dtype=np.int64)
    for side in (False, True):
        mine = later == side
        # Every fifth day, so that a fold holds days from the whole window.
        order = {day: number for number, day in enumerate(pd.unique(days[mine]))}
        folds[mine] = [order[day] % _FOLDS for day in days[mine]]
    return folds
