"""Operator of the check-drift step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.links import DriftReportLink, NightReportLink, reports_url
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from lamplighter_airflow.operators.base import Handed


class CheckDriftOperator(LamplighterOperator):
    """Say which columns have changed since the champion was trained. Returns a `DriftRef` as JSON.

    Parameters
    ----------
    snapshot : templated
        The `SnapshotRef` of what the night may read, as JSON.
    """

    template_fields: Sequence[str] = ("snapshot", "spec_digest")
    operator_extra_links: Collection[BaseOperatorLink] = (NightReportLink(), DriftReportLink())
    step_doc = (
        "Compares the newest whole days, column by column, with what the champion was trained on "
        "and with the days before. Never red for drift: it goes into the night's report and the "
        "evidence of its decisions, and decides nothing by itself."
    )

    def __init__(self, *, snapshot: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.snapshot = snapshot
        self.drift_url = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Compare, and store the report."""
        from lamplighter.contracts import SnapshotRef
        from lamplighter.steps.check_drift import check_drift

        with self.night(context) as night:
            drift = check_drift(night, SnapshotRef.model_validate(self.snapshot))
        self.drift_url = reports_url(context["ti"].dag_id, drift.report.key)
        return drift.model_dump(mode="json")
