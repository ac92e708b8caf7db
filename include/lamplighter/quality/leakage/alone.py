"""Single features that predict too well, such as a flight's delay at departure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from xgboost import XGBClassifier, XGBRegressor

from lamplighter.quality.leakage.findings import Finding
from lamplighter.quality.leakage.ranking import area_error, correlation, roc_auc
from lamplighter.quality.leakage.rows import Column, Floats, Ints, LabelledRows

TOO_WELL = 0.85
"""Area under the ROC curve, or share of the variance, that one feature may reach without a word."""

SURELY = 0.8
"""And what it must reach at the lower end of its interval, three standard errors below."""

RATIO = 1.75
"""How many times the error of a single feature all others together must leave."""

_TRAINING_ROWS, _HOLDOUT_ROWS, _REST_ROWS = 50_000, 20_000, 20_000
_BINS = 50
_MIN_TRAINING_ROWS, _MIN_HOLDOUT_ROWS = 200, 50
_MAX_LEVELS = 1_000
_SURE = 3.0


def too_good_alone(rows: LabelledRows) -> list[Finding]:
    """Find features that predict the label well, and far better than all others together.

    The share of each class, or the mean label, per value or quantile bin is learnt from training
    rows and judged on held-out rows. A feature stands out when a boosted model of all the other
    features leaves 1.75 times its error. A column of a table of many good
    ones (the measures of a tumour) does not; one that was written down after the fact (a flight's
    delay at departure) does.
    """
    training = rows.sample(~rows.holdout, _TRAINING_ROWS)
    holdout = rows.sample(rows.holdout, _HOLDOUT_ROWS)
    if len(training) < _MIN_TRAINING_ROWS or len(holdout) < _MIN_HOLDOUT_ROWS:
        return []
    scale = _Scale(rows, training, holdout)
    scores = {name: scale.alone(column) for name, column in rows.columns.items()}
    suspects = {
        name: score
        for name, score in scores.items()
        if score.value >= TOO_WELL and score.lower >= SURELY
    }
    found = []
    for name, score in sorted(suspects.items(), key=lambda item: -item[1].value):
        rest = scale.together([other for other in rows.columns if other != name])
        if (1 - score.value) * RATIO <= 1 - rest:
            found.append(
                Finding(
                    kind="predicts too well",
                    columns=(name,),
                    severity="warning",
                    found=f"predicts too well: alone it has {scale.measure} {score.value:.3f} on "
                    f"{len(holdout):,} held-out rows",
                    expected=f"all other features together have {rest:.3f}",
                    rows=len(holdout),
                )
            )
    return found


@dataclass(frozen=True)
class _Score:
    value: float
    lower: float


class _Scale:
    """Measures features on the same rows: area under the ROC curve, or share of the variance."""

    def __init__(self, rows: LabelledRows, training: Ints, holdout: Ints) -> None:
        self._rows, self._training, self._holdout = rows, training, holdout
        self._regression = rows.task == "regression"
        self.measure = "R²" if self._regression else "an area under the ROC curve of"
        if self._regression:
            self._targets = rankdata(rows.numbers)[:, None] / len(rows)
        else:
            self._targets = np.eye(len(rows.classes))[rows.class_codes]
        self._together: dict[tuple[str, ...], float] = {}

    def alone(self, column: Column) -> _Score:
        """Measure one feature."""
        codes = _coarse(column, self._training)
        fitted, judged = codes[self._training], codes[self._holdout]
        size = int(codes.max(initial=0)) + 1
        counts = np.bincount(fitted, minlength=size)
        overall = self._targets[self._training].mean(axis=0)
        shares = np.empty((size, self._targets.shape[1]))
        for k in range(shares.shape[1]):
            sums = np.bincount(fitted, self._targets[self._training, k], size)
            shares[:, k] = (sums + 2 * overall[k]) / (counts + 2)
        return self._score(shares[judged])

    def together(self, names: list[str]) -> float:
        """Measure a boosted model of several features."""
        if not names:
            return 0.0 if self._regression else 0.5
        wanted = tuple(names)
        if wanted not in self._together:
            self._together[wanted] = self._score(self._boosted(names)).value
        return self._together[wanted]

    def _boosted(self, names: list[str]) -> Floats:
        training = self._training[-_REST_ROWS:] if self._rows.times is not None else self._training
        training = training[:: max(1, len(training) // _REST_ROWS)]
        X = np.column_stack([self._rows.columns[name].ordered for name in names])
        # One thread: on a busy machine a pool of them waits more than it works.
        shape = {"n_estimators": 60, "max_depth": 4, "n_jobs": 1, "random_state": 0}
        if self._regression:
            model = XGBRegressor(**shape).fit(X[training], self._targets[training, 0])
            return np.asarray(model.predict(X[self._holdout]), dtype=np.float64)[:, None]
        # Classes as training has them: XGBoost wants them numbered from 0 without a gap.
        seen, numbered = np.unique(self._rows.class_codes[training], return_inverse=True)
        scores = np.zeros((len(self._holdout), self._targets.shape[1]))
        if len(seen) > 1:
            model = XGBClassifier(**shape).fit(X[training], numbered)
            scores[:, seen] = model.predict_proba(X[self._holdout])
        return scores

    def _score(self, predicted: Floats) -> _Score:
        truth = self._targets[self._holdout]
        if self._regression:
            value = max(correlation(rankdata(predicted[:, 0]), truth[:, 0]), 0.0) ** 2
            return _Score(value, value - _SURE * 2 * (1 - value) / np.sqrt(len(truth)))
        areas, weights, errors = [], [], []
        for k in range(1 if truth.shape[1] == 2 else 0, truth.shape[1]):
            positive = truth[:, k] == 1
            hits, others = int(positive.sum()), int((~positive).sum())
            if hits and others:
                areas.append(roc_auc(positive, predicted[:, k]))
                weights.append(hits)
                errors.append(area_error(areas[-1], hits, others))
        if not areas:
            return _Score(0.5, 0.0)
        value = float(np.average(areas, weights=weights))
        return _Score(value, value - _SURE * float(np.average(errors, weights=weights)))


def _coarse(column: Column, training: Ints) -> Ints:
    """Give text its values' numbers, and numbers those of quantile bins; 0 is missing."""
    if column.numbers is None or len(column.values) <= _BINS:
        counts = np.bincount(column.codes[training] + 1, minlength=len(column.values) + 1)
        frequent = np.argsort(-counts[1:], kind="stable")[:_MAX_LEVELS]
        number = np.full(len(counts), 1, dtype=np.int64)  # 1: the rare ones
        number[frequent + 1] = np.arange(2, len(frequent) + 2)
        number[0] = 0
        return number[column.codes + 1]
    known = column.numbers[training][column.known[training]]
    if not known.size:
        return np.where(column.known, 1, 0).astype(np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    codes = np.searchsorted(edges, column.numbers, side="left") + 1
    return np.where(column.known, codes, 0).astype(np.int64)
