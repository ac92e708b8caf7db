"""Operator of the duty that finds nights which never began, and tells their owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.notifications import tell
from lamplighter_airflow.operators.maintain_stores import MaintainStoresOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class NoticeLateNightsOperator(MaintainStoresOperator):
    """Find the nights that should have begun and did not. Returns an `Upkeep` as JSON.

    Each owner is told once of each late night, by the routes of the spec; on a dry run nobody is.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the duty, then tell the owners."""
        report = super().execute(context)
        if not report["dry_run"]:
            with self.meaningful_errors():
                from lamplighter.steps.upkeep.notice_late_nights import late_messages

                task = self.round(context)
                for owner, said in late_messages(task):
                    tell(context, owner, [said], ledger=task.stores.ledger)
        return report
