"""Judge predictions on the hold-out: against the truth, the base rate and the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lamplighter.contracts import Estimate, Evidence
from lamplighter.evaluation.curves import Curves, curves_of
from lamplighter.evaluation.gate import GateRule, GuardResult
from lamplighter.evaluation.holdout import Day, Holdout
from lamplighter.evaluation.metrics import LOSS_OF_TASK, Metric, Task, metrics_of
from lamplighter.evaluation.ranking import Bools, Floats
from lamplighter.evaluation.sanity import compare_with_base_rate, find_problems


@dataclass(frozen=True)
class Evaluation:
    """What the hold-out says about a candidate."""

    task: Task
    loss: str
    rows: int
    blocks: int
    timed: bool
    confidence: float
    compared_rows: int = 0
    metrics: dict[str, Estimate] = field(default_factory=dict)
    champion_metrics: dict[str, Estimate] = field(default_factory=dict)
    base_rate_metrics: dict[str, Estimate] = field(default_factory=dict)
    evidence: Evidence | None = None
    base_rate_evidence: Evidence | None = None
    guards: tuple[GuardResult, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()
    curves: Curves = field(default_factory=Curves)

    @property
    def sane(self) -> bool:
        """Whether nothing disqualifies the candidate."""
        return not self.problems


def evaluate(
    y: ArrayLike,
    prediction: ArrayLike,
    blocks: ArrayLike | None,
    *,
    task: Task,
    base_rate: float | ArrayLike,
    champion_prediction: ArrayLike | None = None,
    comparable: ArrayLike | None = None,
    rule: GateRule | None = None,
    costs: Mapping[str, Metric] | None = None,
) -> Evaluation:
    """Judge a candidate's predictions on examples that it was not trained on.

    Parameters
    ----------
    y : array_like, shape (n_rows,)
        0 or 1; for several classes the class's number from 0; for regression the value.
    prediction : array_like, shape (n_rows,) or (n_rows, n_classes)
        The candidate's predictions: probability of 1, of each class, or the value.
    blocks : array_like of str, shape (n_rows,), or None
        Day of each row. None: no time, each row is a block.
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    base_rate : float or array_like, shape (n_classes,)
        The constant prediction to beat: share of 1 (of each class), or mean, of the training
        labels.
    champion_prediction : array_like, shape as `prediction`, or None
        The champion's predictions for the same rows; None: there is no champion. Not read where
        `comparable` is false.
    comparable : array_like of bool, shape (n_rows,), or None
        Rows that lie after the training cut-off of the champion too. None: all.
    rule : GateRule or None
        Confidence of all intervals, and the guards to measure. None: the default rule.
    costs : mapping of str to Metric, optional
        What decisions cost a row, by who decides ("candidate", "champion", "base_rate"): each has
        a rule of its own.

    Returns
    -------
    Evaluation
        A candidate with problems has no metrics when its predictions cannot be measured. The
        champion's metrics, the guards and the evidence are measured on the comparable rows.
        Metrics that are undefined on this hold-out are left out, with a note.

    Raises
    ------
    ValueError
        If shapes differ, or a label is not a finite number or not a class.
    """
    rule, costs = rule or GateRule(), costs or {}
    holdout = Holdout.of(task, y, blocks, rule=rule)
    predicted = holdout.checked(prediction, name="prediction")
    problems = find_problems(task, holdout.y, predicted)
    about: dict[str, Any] = {
        "task": task,
        "loss": LOSS_OF_TASK[task],
        "rows": len(holdout.y),
        "blocks": holdout.n_blocks,
        "timed": holdout.timed,
        "confidence": rule.confidence,
    }
    if len(holdout.y) == 0 or not np.isfinite(predicted).all():
        return Evaluation(**about, problems=problems)

    everyone = np.ones(len(holdout.y), dtype=bool)
    base = np.broadcast_to(np.asarray(base_rate, dtype=float), predicted.shape)
    against_base = holdout.compare(base, predicted, everyone)
    alone = Evaluation(
        **about,
        metrics=holdout.metrics(predicted, everyone, cost=costs.get("candidate")),
        base_rate_metrics=holdout.metrics(base, everyone, cost=costs.get("base_rate")),
        base_rate_evidence=against_base,
        problems=(*problems, *compare_with_base_rate(against_base)),
        days=holdout.days(predicted, base, None, everyone),
        curves=curves_of(task, holdout.y, predicted),
    )
    alone = replace(alone, notes=_notes_on_intervals(alone))
    if champion_prediction is None:
        return alone

    champion = holdout.checked(champion_prediction, name="champion_prediction")
    allowed = everyone if comparable is None else np.asarray(comparable, dtype=bool)
    compared = allowed & _scored(champion)
    return replace(
        alone,
        compared_rows=int(compared.sum()),
        champion_metrics=holdout.metrics(champion, compared, cost=costs.get("champion")),
        evidence=holdout.compare(champion, predicted, compared),
        guards=holdout.guards(champion, predicted, compared),
        notes=(*alone.notes, *_notes_on_comparison(allowed, compared)),
        days=holdout.days(predicted, base, champion, compared),
    )


def _scored(prediction: Floats) -> Bools:
    return np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1)


def _notes_on_intervals(evaluation: Evaluation) -> tuple[str, ...]:
    notes = [
        f"{name} is undefined on this hold-out or without one of its days, and is left out"
        for name in metrics_of(evaluation.task)
        if name not in evaluation.metrics
    ]
    if evaluation.timed and evaluation.blocks == 1:
        notes.append("the hold-out is one day: the intervals leave out how days differ")
    return tuple(notes)


def _notes_on_comparison(allowed: Bools, compared: Bools) -> tuple[str, ...]:
    notes = []
    seen, unscored = int((~allowed).sum()), int((allowed & ~compared).sum())
    if seen:
        notes.append(
            f"{seen} of {len(allowed)} rows do not lie after the champion's training cut-off; the "
            "two models are not compared on them"
        )
    if unscored:
        notes.append(
            f"the champion gives no finite prediction for {unscored} of {len(allowed)} rows; the "
            "two models are not compared on them"
        )
    return tuple(notes)
