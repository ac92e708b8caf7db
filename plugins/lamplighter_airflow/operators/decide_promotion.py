"""Operator of the decide-promotion step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class DecidePromotionOperator(LamplighterOperator):
    """Let the gate judge the candidate. Returns a `PromotionDecision` as JSON.

    Parameters
    ----------
    candidate, evaluation : templated
        The `CandidateRef` to judge and its `EvaluationRef`, as JSON.
    leakage, drift : templated
        The `LeakageRef` and the `DriftRef` of this night, as JSON.
    """

    template_fields: Sequence[str] = ("candidate", "evaluation", "leakage", "drift", "spec_digest")
    step_doc = (
        "The gate: promote, reject or inconclusive, from paired daily differences between champion "
        "and candidate. The verdict and its evidence go into the ledger. Never red for a verdict."
    )

    def __init__(
        self,
        *,
        candidate: Handed,
        evaluation: Handed,
        leakage: Handed,
        drift: Handed,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.candidate = candidate
        self.evaluation = evaluation
        self.leakage = leakage
        self.drift = drift

    def execute(self, context: Context) -> dict[str, Any]:
        """Judge, and record the verdict."""
        from lamplighter.contracts import CandidateRef, DriftRef, EvaluationRef, LeakageRef
        from lamplighter.steps.decide_promotion import decide_promotion

        with self.night(context) as night:
            decision = decide_promotion(
                night,
                CandidateRef.model_validate(self.candidate),
                EvaluationRef.model_validate(self.evaluation),
                leakage=LeakageRef.model_validate(self.leakage),
                drift=DriftRef.model_validate(self.drift),
            )
        return decision.model_dump(mode="json")
