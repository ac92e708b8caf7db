"""Slices: a metric on parts of the hold-out, against a bound and against the champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from lamplighter.contracts import Estimate
from lamplighter.evaluation.check import Check, keeps, simultaneous, too_few, unmeasured
from lamplighter.evaluation.groups import Group
from lamplighter.evaluation.intervals import LeftOut, within
from lamplighter.evaluation.means import Mean
from lamplighter.evaluation.metrics import Metric
from lamplighter.evaluation.ranking import Bools, Floats
from lamplighter.evaluation.wording import figure, span
from lamplighter.spec.checks import Limit, Slices


@dataclass(frozen=True)
class Judged:
    """What slices and costs are measured on.

    Attributes
    ----------
    y : ndarray of float, shape (n_rows,)
        Labels; classes as numbers from 0.
    prediction : ndarray of float, shape (n_rows,) or (n_rows, n_classes)
        The candidate's.
    blocks : ndarray of str, shape (n_rows,), or None
        Day of each row; None: no time.
    champion : ndarray of float or None
        The champion's predictions, where `compared`.
    compared : ndarray of bool, shape (n_rows,), or None
        Rows on which the two may be compared.
    """

    y: Floats
    prediction: Floats
    blocks: ArrayLike | None
    champion: Floats | None = None
    compared: Bools | None = None

    def part(self, rows: Bools) -> Judged:
        """Return some of the rows."""
        return Judged(
            self.y[rows],
            self.prediction[rows],
            None if self.blocks is None else np.asarray(self.blocks)[rows],
            None if self.champion is None else self.champion[rows],
            None if self.compared is None else self.compared[rows],
        )


def measure_mean(metric: Metric, judged: Judged) -> Mean | None:
    """Return the candidate's metric on all rows, with its error; None where it is undefined."""
    left_out = LeftOut.of(judged.blocks, len(judged.y))
    return left_out.mean(
        metric.prepare(judged.y, judged.prediction, left_out.codes, left_out.groups)
    )


def worse_by(metric: Metric, champions: Metric, judged: Judged) -> Mean | None:
    """Return by how much the candidate's metric is worse, on rows that may be compared.

    The days are left out of both at once, so what they share is not taken for a difference.
    """
    if judged.champion is None:
        return None
    rows = judged.compared if judged.compared is not None else np.ones(len(judged.y), dtype=bool)
    part = judged.part(rows)
    assert part.champion is not None
    left_out = LeftOut.of(part.blocks, len(part.y))
    if left_out.groups < 2:
        return None
    about = (left_out.codes, left_out.groups)
    new = metric.prepare(part.y, part.prediction, *about)
    old = champions.prepare(part.y, part.champion, *about)
    sign = -1 if metric.greater_is_better else 1
    return left_out.mean(lambda counts: sign * (new(counts) - old(counts)))


def judge_slices(
    rule: Slices,
    groups: Sequence[Group],
    judged: Judged,
    *,
    metric: Metric,
    champions: Metric | None = None,
    confidence: float,
) -> tuple[Check, ...]:
    """Measure a metric on each slice, and hold it against the rule's limits.

    Parameters
    ----------
    rule : Slices
        The spec's section.
    groups : sequence of Group
        The slices; they may overlap.
    judged : Judged
        Labels and predictions of the hold-out.
    metric, champions : Metric
        What is measured; of the champion another one only where costs follow from its own rule.
    confidence : float
        Of the section as a whole; see `simultaneous` for what each interval then needs.

    Returns
    -------
    tuple of Check
        For each slice its metric, and by how much it is worse than the champion's; a slice that
        cannot be measured has one that says so.
    """
    found: list[tuple[Check, Mean | None]] = []
    for group in groups:
        found += _measured(rule, group, judged.part(group.rows), metric, champions or metric)
    deciding = sum(mean is not None and check.limit is not None for check, mean in found)
    each = simultaneous(confidence, deciding, rule.reject)
    return tuple(
        check
        if mean is None
        else conclude(check, _cut(mean, metric, check, each), rule, metric, key="gate.slices")
        for check, mean in found
    )


def conclude(check: Check, estimate: Estimate, rule: Limit, metric: Metric, *, key: str) -> Check:
    """Return a measured check with its interval, and whether it keeps its limit."""
    if check.limit is None:
        return replace(check, estimate=estimate)
    least = check.what == metric.name and metric.greater_is_better
    kept = keeps(estimate, check.limit, rule.reject, least=least)
    bound = "bound" if check.what == metric.name else "worse_by"
    about = f"{check.about}: " if check.about else ""
    sentence = (
        f"{about}{check.what} is {figure(estimate.value)} ({span(estimate)}) on "
        f"{check.rows:,} rows, at {'least' if least else 'most'} {check.limit:g} is allowed "
        f"({key}.{bound})"
    )
    return replace(check, estimate=estimate, kept=kept, sentence="" if kept else sentence)


def _measured(
    rule: Slices, group: Group, part: Judged, metric: Metric, champions: Metric
) -> list[tuple[Check, Mean | None]]:
    about, rows = str(group), len(part.y)
    if rows < rule.min_rows:
        why = too_few(rows, rule.min_rows)
        return [(unmeasured("slices", about, metric.name, rows, rule.missing, why=why), None)]
    own = measure_mean(metric, part)
    if own is None:
        why = f"has {rows:,} rows, on which {metric.name} is undefined or rests on one day"
        return [(unmeasured("slices", about, metric.name, rows, rule.missing, why=why), None)]
    checks: list[tuple[Check, Mean | None]] = [
        (Check("slices", about, metric.name, rows, None, rule.bound), own)
    ]
    if part.champion is None:
        return checks
    compared = int(part.compared.sum()) if part.compared is not None else rows
    behind = worse_by(metric, champions, part) if compared >= rule.min_rows else None
    what = f"{metric.name} worse by"
    if behind is not None:
        checks.append((Check("slices", about, what, compared, None, rule.worse_by), behind))
    elif rule.worse_by is not None:
        why = f"has {compared:,} rows on which champion and candidate can be compared"
        checks.append((unmeasured("slices", about, what, compared, rule.missing, why=why), None))
    return checks


def _cut(mean: Mean, metric: Metric, check: Check, confidence: float) -> Estimate:
    interval = mean.interval(confidence)
    return within(metric, interval) if check.what == metric.name else interval
