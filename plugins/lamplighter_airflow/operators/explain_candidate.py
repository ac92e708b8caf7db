"""Operator of the explain-candidate step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.links import ModelCardLink, NightReportLink, reports_url
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from lamplighter_airflow.operators.base import Handed


class ExplainCandidateOperator(LamplighterOperator):
    """Say what the candidate depends on. Returns an `ExplanationRef` as JSON.

    Parameters
    ----------
    examples, candidate, evaluation : templated
        The `ExamplesRef` with the hold-out, the `CandidateRef` to explain and its `EvaluationRef`,
        as JSON.
    """

    template_fields: Sequence[str] = ("examples", "candidate", "evaluation", "spec_digest")
    operator_extra_links: Collection[BaseOperatorLink] = (NightReportLink(), ModelCardLink())
    step_doc = (
        "Measures on the hold-out what the candidate depends on (importance by shuffling, "
        "contributions, partial dependence) and writes its model card as HTML, Markdown and JSON. "
        "It decides nothing; the section `explain` of the spec bounds what it costs."
    )

    def __init__(
        self, *, examples: Handed, candidate: Handed, evaluation: Handed, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.examples = examples
        self.candidate = candidate
        self.evaluation = evaluation
        self.card_url = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Explain, and store the model card."""
        from lamplighter.contracts import CandidateRef, EvaluationRef, ExamplesRef
        from lamplighter.steps.explain_candidate import explain_candidate

        with self.night(context) as night:
            explanation = explain_candidate(
                night,
                ExamplesRef.model_validate(self.examples),
                CandidateRef.model_validate(self.candidate),
                EvaluationRef.model_validate(self.evaluation),
            )
        self.card_url = reports_url(context["ti"].dag_id, explanation.page.key)
        return explanation.model_dump(mode="json")
