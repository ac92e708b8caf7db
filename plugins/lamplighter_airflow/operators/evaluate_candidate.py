"""Operator of the evaluate-candidate step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class EvaluateCandidateOperator(LamplighterOperator):
    """Measure the candidate on the hold-out. Returns an `EvaluationRef` as JSON.

    Parameters
    ----------
    examples, candidate : templated
        The `ExamplesRef` with the hold-out and the `CandidateRef` to measure, as JSON.
    """

    template_fields: Sequence[str] = ("examples", "candidate", "spec_digest")
    step_doc = (
        "Measures the candidate on days that it never saw, beside the champion and the base rate, "
        "every metric with its interval, and writes the report as HTML and JSON."
    )

    def __init__(self, *, examples: Handed, candidate: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.examples = examples
        self.candidate = candidate

    def execute(self, context: Context) -> dict[str, Any]:
        """Evaluate, and store the report."""
        from lamplighter.contracts import CandidateRef, ExamplesRef
        from lamplighter.steps.evaluate_candidate import evaluate_candidate

        with self.night(context) as night:
            evaluation = evaluate_candidate(
                night,
                ExamplesRef.model_validate(self.examples),
                CandidateRef.model_validate(self.candidate),
            )
        return evaluation.model_dump(mode="json")
