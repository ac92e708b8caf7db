"""Operator of the decide-retraining step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.base import LamplighterOperator, handed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class DecideRetrainingOperator(LamplighterOperator):
    """Say whether this night trains, and why. Returns a `RetrainingDecision` as JSON.

    Parameters
    ----------
    snapshot, drift : templated
        The `SnapshotRef` of what the night may read, and tonight's `DriftRef`, as JSON.
    challenge : templated
        The `ChallengeRef` of tonight, as JSON; None where there is no challenger.
    """

    template_fields: Sequence[str] = ("snapshot", "drift", "challenge", "spec_digest")
    step_doc = (
        "Applies the spec's retraining policy and writes the reason into the ledger; it may say "
        "that the champion is fitted again instead of a search. If there is no need to train, all "
        "that follows is skipped, which is a decision and no failure."
    )

    def __init__(
        self, *, snapshot: Handed, drift: Handed, challenge: Handed, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.snapshot = snapshot
        self.drift = drift
        self.challenge = challenge

    def execute(self, context: Context) -> dict[str, Any]:
        """Decide, and record the decision."""
        from lamplighter.contracts import ChallengeRef, DriftRef, SnapshotRef
        from lamplighter.steps.champion_problem import champion_problem
        from lamplighter.steps.decide_retraining import decide_retraining

        challenge = handed(ChallengeRef, self.challenge)
        with self.night(context) as night:
            decision = decide_retraining(
                night,
                SnapshotRef.model_validate(self.snapshot),
                DriftRef.model_validate(self.drift),
                challenger=challenge.challenger_version if challenge else None,
                champion_problem=champion_problem(night),
            )
        return decision.model_dump(mode="json")
