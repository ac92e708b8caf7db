"""Operator of the decide-promotion step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.operators.base import LamplighterOperator, handed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class DecidePromotionOperator(LamplighterOperator):
    """Let the gate judge challenger or candidate. Returns a `PromotionDecision` as JSON.

    Parameters
    ----------
    challenge : templated
        The `ChallengeRef` of this night, as JSON; None where there is no challenger.
    candidate, evaluation : templated
        The `CandidateRef` to judge and its `EvaluationRef`, as JSON; None on a night that did
        not train.
    leakage, drift : templated
        The `LeakageRef` and the `DriftRef` of this night, as JSON.
    """

    template_fields: Sequence[str] = (
        "challenge",
        "candidate",
        "evaluation",
        "leakage",
        "drift",
        "spec_digest",
    )
    step_doc = (
        "The gate: promote, reject or inconclusive, from paired daily differences between champion "
        "and challenger, or tonight's candidate where nobody has the challenger's place. Skipped "
        "where there is neither. The verdict and its evidence go into the ledger. Never red for a "
        "verdict."
    )

    def __init__(
        self,
        *,
        challenge: Handed,
        candidate: Handed,
        evaluation: Handed,
        leakage: Handed,
        drift: Handed,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.challenge = challenge
        self.candidate = candidate
        self.evaluation = evaluation
        self.leakage = leakage
        self.drift = drift

    def execute(self, context: Context) -> dict[str, Any]:
        """Judge, and record the verdict."""
        if self.candidate is None and self.challenge is None:
            raise AirflowSkipException("there is neither a challenger nor a candidate to judge")
        from lamplighter.contracts import (
            CandidateRef,
            ChallengeRef,
            DriftRef,
            EvaluationRef,
            LeakageRef,
        )
        from lamplighter.steps.decide_promotion import decide_promotion

        with self.night(context) as night:
            decision = decide_promotion(
                night,
                handed(CandidateRef, self.candidate),
                handed(EvaluationRef, self.evaluation),
                challenge=handed(ChallengeRef, self.challenge),
                leakage=handed(LeakageRef, self.leakage),
                drift=handed(DriftRef, self.drift),
            )
        return decision.model_dump(mode="json")
