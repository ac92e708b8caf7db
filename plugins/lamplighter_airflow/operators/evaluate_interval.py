"""Operator of the evaluate-interval step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.lineage import lake_tables, registered
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class EvaluateIntervalOperator(LamplighterOperator):
    """Judge the day that ended by who was champion then. Returns an `EvaluatedInterval`."""

    step_doc = (
        "Judges every example of the day by who was champion at its prediction time, with what was "
        "known then and the labels that came since, and writes the result into the ledger, once. "
        "Does the same for earlier days whose labels have matured. A backfill ingests nothing."
    )

    def execute(self, context: Context) -> dict[str, Any]:
        """Evaluate the day that ended by the run's `as_of`, for who the form names."""
        from lamplighter.ledger.records import NO_CHAMPION
        from lamplighter.steps.evaluate_interval import evaluate_interval

        with self.night(context) as night:
            evaluated = evaluate_interval(night, by=context["params"]["by"])
            versions = dict.fromkeys(found.version for found in evaluated.versions)
            self.reads = [
                *lake_tables(night),
                *(registered(night, version) for version in versions if version != NO_CHAMPION),
            ]
        return evaluated.model_dump(mode="json")
