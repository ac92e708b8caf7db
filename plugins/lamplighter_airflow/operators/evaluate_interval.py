"""Operator of the evaluate-interval step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.as_of import question_id, run_request
from lamplighter_airflow.lineage import lake_tables, registered
from lamplighter_airflow.operators.base import LamplighterOperator
from lamplighter_airflow.operators.resolve_spec import resolved_run

if TYPE_CHECKING:
    from airflow.sdk import Context


class EvaluateIntervalOperator(LamplighterOperator):
    """Judge the day that ended by who was champion then. Returns an `EvaluatedInterval`.

    It is the only task of its DAG, so it does the step resolve_spec first: in a backfill of a
    year, starting a task of its own for that would take longer than the step.

    Parameters
    ----------
    spec_path : str
        The model's YAML file.
    """

    step_doc = (
        "Judges every example of the day by who was champion at its prediction time, with what was "
        "known then and the labels that came since, and writes the result into the ledger, once. "
        "Does the same for earlier days whose labels have matured. A backfill ingests nothing. "
        "Run again with another form, or after the spec was changed, it answers the new question."
    )

    def __init__(self, *, spec_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spec_path = spec_path

    def execute(self, context: Context) -> dict[str, Any]:
        """Evaluate the day that ended by the run's `as_of`, for who the form names."""
        from lamplighter.ledger.records import NO_CHAMPION
        from lamplighter.steps.evaluate_interval import evaluate_interval

        with self.meaningful_errors():
            request = run_request(context["dag_run"], context["params"])
            run_id = question_id(context["dag_run"], request, spec_digest=self.spec_digest)
            resolved_run(self.spec_path, context, run_id=run_id)
        with self.night(context, run_id=run_id) as night:
            evaluated = evaluate_interval(night, by=context["params"]["by"])
            versions = dict.fromkeys(found.version for found in evaluated.versions)
            self.reads = [
                *lake_tables(night),
                *(registered(night, version) for version in versions if version != NO_CHAMPION),
            ]
        return evaluated.model_dump(mode="json")
