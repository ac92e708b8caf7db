"""Operator of the one duty of upkeep that needs Airflow's own database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.maintain_stores import MaintainStoresOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DeleteOldXcomsOperator(MaintainStoresOperator):
    """Delete old XComs of Lamplighter's DAGs, where this machine may. Returns an `Upkeep`."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Have `airflow db clean` delete them, or say which command does it elsewhere."""
        with self.meaningful_errors():
            from lamplighter_airflow.old_xcoms import delete_old_xcoms

            report = delete_old_xcoms(self.round(context))
        for sentence in report.found:
            self.log.warning("%s", sentence)
        return report.model_dump(mode="json")
