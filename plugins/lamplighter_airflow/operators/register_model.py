"""Operator of the register-model step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.lineage import lake_tables, registered
from lamplighter_airflow.links import MlflowLink, NightReportLink
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from lamplighter_airflow.operators.base import Handed


class RegisterModelOperator(LamplighterOperator):
    """Register a sane candidate in MLflow, exactly once. Returns a `VersionRef` as JSON.

    Parameters
    ----------
    examples, candidate, evaluation, explanation : templated
        What was trained on, the `CandidateRef` to register, its `EvaluationRef` and its
        `ExplanationRef`, as JSON.
    """

    template_fields: Sequence[str] = (
        "examples", "candidate", "evaluation", "explanation", "spec_digest",
    )  # fmt: skip
    operator_extra_links: Collection[BaseOperatorLink] = (NightReportLink(), MlflowLink())
    step_doc = (
        "Registers every candidate that passed the sanity checks as a version in MLflow, under a "
        "key in the ledger, so that a retry never makes a second one. Skipped for a dry run, and "
        "for a candidate that is not sane."
    )

    def __init__(
        self,
        *,
        examples: Handed,
        candidate: Handed,
        evaluation: Handed,
        explanation: Handed,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.examples = examples
        self.candidate = candidate
        self.evaluation = evaluation
        self.explanation = explanation
        self.mlflow_url = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Register the candidate, or skip where there is nothing to register."""
        from lamplighter.contracts import (
            CandidateRef,
            EvaluationRef,
            ExamplesRef,
            ExplanationRef,
        )
        from lamplighter.steps.register_model import register_model

        with self.night(context) as night:
            version = register_model(
                night,
                ExamplesRef.model_validate(self.examples),
                CandidateRef.model_validate(self.candidate),
                EvaluationRef.model_validate(self.evaluation),
                ExplanationRef.model_validate(self.explanation),
            )
            if version is not None:
                self.mlflow_url = night.registry.run_url(version.mlflow_run_id)
                self.reads = lake_tables(night)
                self.writes = [registered(night, version.version)]
        if version is None:
            raise AirflowSkipException("nothing to register; the line above says why")
        return version.model_dump(mode="json")
