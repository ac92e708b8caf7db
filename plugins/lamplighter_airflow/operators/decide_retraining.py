"""Operator of the decide-retraining step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.base import LamplighterOperator

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
    """

    template_fields: Sequence[str] = ("snapshot", "drift", "spec_digest")
    step_doc = (
        "Applies the spec's retraining policy and writes the reason into the ledger. If there is "
        "no need to train, all that follows is skipped, which is a decision and no failure."
    )

    def __init__(self, *, snapshot: Handed, drift: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.snapshot = snapshot
        self.drift = drift

    def execute(self, context: Context) -> dict[str, Any]:
        """Decide, and record the decision."""
        from lamplighter.contracts import DriftRef, SnapshotRef
        from lamplighter.steps.decide_retraining import decide_retraining

        with self.night(context) as night:
            decision = decide_retraining(
                night,
                SnapshotRef.model_validate(self.snapshot),
                DriftRef.model_validate(self.drift),
            )
        return decision.model_dump(mode="json")
