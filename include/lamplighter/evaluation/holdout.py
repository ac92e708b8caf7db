"""The hold-out: labels and days against which several predictions are measured alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamplighter.contracts import Estimate, Evidence
from lamplighter.evaluation.evidence import paired_evidence
from lamplighter.evaluation.gate import GateRule, GuardResult
from lamplighter.evaluation.intervals import block_jackknife
from lamplighter.evaluation.means import block_codes
from lamplighter.evaluation.metrics import (
    LOSS_OF_TASK,
    METRICS,
    Metric,
    Task,
    measure,
    metric_named,
    metrics_of,
    row_losses,
)
from lamplighter.evaluation.ranking import Bools, Floats, Ints


@dataclass(frozen=True)
class Day:
    """One day of the hold-out. Losses are means over its rows.

    `champion_loss` and `gain` (of the candidate over the champion) are means over the rows on
    which the two may be compared; None where there is no such row.
    """

    block: str
    rows: int
    mean_label: float | None
    candidate_loss: float
    base_rate_loss: float
    champion_loss: float | None
    gain: float | None
    roc_auc: float | None


@dataclass(frozen=True)
class Holdout:
    """Labels and blocks of the rows that judge, and how to measure on them."""

    task: Task
    y: Floats
    codes: Ints
    labels: NDArray[np.object_]
    timed: bool
    rule: GateRule

    @classmethod
    def of(
        cls,
        task: Task,
        y: ArrayLike,
        blocks: ArrayLike | None,
        *,
        rule: GateRule,
    ) -> Self:
        """Return the hold-out of labels `y`, shape (n_rows,), in `blocks`, or rows for None."""
        truth = np.asarray(y, dtype=float)
        if truth.ndim != 1 or not np.isfinite(truth).all():
            raise ValueError(
                f"labels have shape {truth.shape} and {int((~np.isfinite(truth)).sum())} that are "
                "not finite; give one known number for each row"
            )
        codes, labels = block_codes(blocks, len(truth))
        return cls(task, truth, codes, labels, blocks is not None, rule)

    @property
    def n_blocks(self) -> int:
        """Number of days, or of rows where there is no time."""
        return len(self.labels)

    def checked(self, prediction: ArrayLike, *, name: str) -> Floats:
        """Return predictions as floats; `ValueError` when they do not fit the labels."""
        predicted = np.asarray(prediction, dtype=float)
        dimensions = 2 if self.task == "multiclass" else 1
        if predicted.ndim != dimensions or len(predicted) != len(self.y):
            wanted = f"({len(self.y)}, n_classes)" if dimensions == 2 else f"({len(self.y)},)"
            raise ValueError(f"{name} has shape {predicted.shape}, expected {wanted}")
        if self.task != "regression":
            self._check_classes(2 if predicted.ndim == 1 else predicted.shape[1])
        return predicted

    def metrics(
        self, prediction: Floats, rows: Bools, *, cost: Metric | None = None
    ) -> dict[str, Estimate]:
        """Return every metric of the task on some rows, without those that are undefined."""
        if not rows.any():
            return {}
        return block_jackknife(
            metrics_of(self.task) | ({cost.name: cost} if cost else {}),
            self.y[rows],
            prediction[rows],
            self._blocks(rows),
            confidence=self.rule.confidence,
        )

    def compare(self, champion: Floats, candidate: Floats, rows: Bools) -> Evidence:
        """Return how much lower the candidate's loss is on some rows."""
        return paired_evidence(
            row_losses(self.task, self.y[rows], champion[rows]),
            row_losses(self.task, self.y[rows], candidate[rows]),
            self._blocks(rows),
            metric=LOSS_OF_TASK[self.task],
            confidence=self.rule.confidence,
        )

    def guards(self, champion: Floats, candidate: Floats, rows: Bools) -> tuple[GuardResult, ...]:
        """Return the rule's guards, measured on some rows for both models."""
        return tuple(
            self._guard(name, limit, champion[rows], candidate[rows], self.y[rows])
            for name, limit in self.rule.guards
        )

    def days(
        self, candidate: Floats, base: Floats, champion: Floats | None, compared: Bools
    ) -> tuple[Day, ...]:
        """Return the mean losses of each day; nothing where there is no time."""
        if not self.timed:
            return ()
        return tuple(
            self._day(block, self.codes == block, candidate, base, champion, compared)
            for block in range(self.n_blocks)
        )

    def _blocks(self, rows: Bools) -> NDArray[np.object_] | None:
        return self.labels[self.codes[rows]] if self.timed else None

    def _check_classes(self, classes: int) -> None:
        known = np.isin(self.y, np.arange(classes))
        if not known.all():
            raise ValueError(
                f"label {self.y[~known][0]:g} is not a class; expected numbers from 0 to "
                f"{classes - 1}"
            )

    def _guard(
        self, name: str, limit: float, champion: Floats, candidate: Floats, y: Floats
    ) -> GuardResult:
        metric = metric_named(name, self.task)
        before, after = (
            measure(metric, y, prediction) if len(y) else np.nan
            for prediction in (champion, candidate)
        )
        if np.isnan(before) or np.isnan(after):
            return GuardResult(name, None, None, None, limit)
        worse_by = before - after if metric.greater_is_better else after - before
        return GuardResult(name, before, after, worse_by, limit)

    def _day(
        self,
        block: int,
        rows: Bools,
        candidate: Floats,
        base: Floats,
        champion: Floats | None,
        compared: Bools,
    ) -> Day:
        def loss(prediction: Floats, rows: Bools) -> float:
            return float(row_losses(self.task, self.y[rows], prediction[rows]).mean())

        auc = np.nan
        if self.task == "binary":
            auc = measure(METRICS["roc_auc"], self.y[rows], candidate[rows])
        before = gain = None
        both = rows & compared
        if champion is not None and both.any():
            before = loss(champion, both)
            gain = before - loss(candidate, both)
        return Day(
            block=str(self.labels[block]),
            rows=int(rows.sum()),
            mean_label=None if self.task == "multiclass" else float(self.y[rows].mean()),
            candidate_loss=loss(candidate, rows),
            base_rate_loss=loss(base, rows),
            champion_loss=before,
            gain=gain,
            roc_auc=None if np.isnan(auc) else auc,
        )
