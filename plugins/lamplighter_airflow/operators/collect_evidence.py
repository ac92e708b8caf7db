"""Operator of the collect-evidence step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class CollectEvidenceOperator(LamplighterOperator):
    """Score new days with champion and challenger. Returns a `ChallengeRef` as JSON.

    Parameters
    ----------
    snapshot : templated
        The `SnapshotRef` of what the night may read, as JSON.
    """

    template_fields: Sequence[str] = ("snapshot", "spec_digest")
    step_doc = (
        "Lets champion and challenger predict what has come since last night, before its labels "
        "are known, and compares them on all days that neither was trained on and whose labels "
        "have come. Skipped where no challenger collects evidence."
    )

    def __init__(self, *, snapshot: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.snapshot = snapshot

    def execute(self, context: Context) -> dict[str, Any]:
        """Collect, or skip where there is no challenger."""
        from lamplighter.contracts import SnapshotRef
        from lamplighter.steps.collect_evidence import collect_evidence

        with self.night(context) as night:
            challenge = collect_evidence(night, SnapshotRef.model_validate(self.snapshot))
        if challenge is None:
            raise AirflowSkipException("no challenger collects evidence")
        return challenge.model_dump(mode="json")
