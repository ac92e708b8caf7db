"""A version as its past is judged: what it predicts, and what its predictions are worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.errors import LedgerError
from lamplighter.evaluation.historic import class_codes, interval_metrics, interval_slices
from lamplighter.evaluation.metrics import COST, Metric, cost_metric, metric_named
from lamplighter.evaluation.ranking import Floats
from lamplighter.spec import ModelSpec
from lamplighter.steps.load_version import load_version
from lamplighter.steps.night import Stores
from lamplighter.steps.spec_changes import other_target
from lamplighter.training.predictor import Predictor
from lamplighter.training.scorer import Scorer
from lamplighter.training.threshold import fit_cost_rule


@dataclass(frozen=True)
class Judge:
    """A loaded version, with why it cannot be judged by the spec; empty if it can."""

    spec: ModelSpec
    version: str
    scorer: Scorer
    cutoff: datetime | None
    problem: str

    def unfit_for(self, features: pd.DataFrame) -> str:
        """Say which features it needs that are not made any more; empty if it has all."""
        missing = [name for name in self.scorer.features if name not in features]
        if not missing:
            return ""
        return (
            f"version {self.version} needs the features {', '.join(missing)}, which the spec does "
            "not make any more"
        )

    def rows_trained_before(self, rows: pd.DataFrame) -> int:
        """Count the rows from before its training ended: it may have learnt them by heart."""
        if self.cutoff is None or self.spec.time is None:
            return 0
        return int((rows["prediction_time"] < pd.Timestamp(self.cutoff)).sum())

    def metrics(self, labels: pd.Series, prediction: np.ndarray) -> dict[str, dict[str, Any]]:
        """Return what predictions of labelled rows are worth.

        Rows of a class that the version does not know are left out, since nothing it says of
        them can be right or wrong by a known amount.
        """
        y = self._codes(labels, prediction)
        known = ~np.isnan(y)
        return interval_metrics(
            self.spec.task,
            y[known],
            prediction[known],
            confidence=self.spec.gate.confidence,
            cost=self._cost(),
        )

    def slices(
        self, columns: pd.DataFrame, labels: pd.Series, prediction: np.ndarray
    ) -> list[dict[str, Any]]:
        """Return the same of the parts into which the spec cuts rows, by ``gate.slices``."""
        rule, cost = self.spec.gate.slices, self._cost()
        if rule is None:
            return []
        name = rule.metric or self.spec.loss
        metric = cost if name == COST else metric_named(name, self.spec.task)
        if metric is None:  # costs of a version that decides by none
            return []
        return interval_slices(
            rule,
            columns,
            self._codes(labels, prediction),
            prediction,
            metric=metric,
            confidence=self.spec.gate.confidence,
        )

    def _codes(self, labels: pd.Series, prediction: np.ndarray) -> Floats:
        """Return labels as numbers; NaN where nothing can be measured."""
        if self.spec.task == "regression":
            y = labels.to_numpy(dtype=float)
        else:
            y = class_codes(labels, self.scorer.classes)
        finite = np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1)
        return np.where(finite, y, np.nan)

    def _cost(self) -> Metric | None:
        costs, scorer = self.spec.decision.costs, self.scorer
        if not costs or not isinstance(scorer, Predictor) or scorer.rule is None:
            return None
        rule = replace(scorer.rule, costs=fit_cost_rule(costs, scorer.target).costs)
        return cost_metric(rule.row_costs)


def open_judge(stores: Stores, spec: ModelSpec, version: str, *, threads: int) -> Judge:
    """Load a version to judge its past.

    Raises
    ------
    LedgerError
        If the ledger knows no such version.
    ArtifactError
        If its file is missing, or is not the one that was registered.
    """
    known = stores.ledger.version(spec.model, version)
    if known is None:
        raise LedgerError(f"{spec.model} has no version {version!r} in the ledger")
    scorer = load_version(stores, spec.model, version, threads=threads)
    cutoff = known.details.get("cutoff")
    other = ""
    if "spec" in known.details:
        other = other_target(stores.ledger.spec(known.details["spec"]), spec.document())
    return Judge(
        spec=spec,
        version=version,
        scorer=scorer,
        cutoff=datetime.fromisoformat(cutoff) if cutoff else None,
        problem=other and f"version {version} predicts {other}: the two cannot be compared",
    )
