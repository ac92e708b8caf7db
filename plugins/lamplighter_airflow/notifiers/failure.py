"""Tell the owner that a task failed of which no report will speak."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

from lamplighter.errors import LamplighterError
from lamplighter_airflow.as_of import is_backfill
from lamplighter_airflow.links import report_url

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lamplighter.ledger import Ledger
    from lamplighter.spec.operations import Event, Owner

log = logging.getLogger(__name__)

_READS_DATA = ("ingest_data", "validate_data")


class FailureNotifier(BaseNotifier):
    """Say which task of which run failed, and why, by the owner's routes.

    For tasks whose failure leaves nobody to say it: the one that opens the night, the one that
    writes the report, and those of the DAG that scores.

    Parameters
    ----------
    model : str
        The model whose owner is told.
    owner : Owner, optional
        Who is told; without, as for a spec that cannot be read, only the log is.
    """

    def __init__(self, *, model: str, owner: Owner | None = None) -> None:
        super().__init__()
        self.model = model
        self.owner = owner

    def notify(self, context: Context) -> None:
        """Tell it. A backfill and a dry run tell nobody."""
        if is_backfill(context["dag_run"]) or (context.get("params") or {}).get("dry_run"):
            return
        from lamplighter.spec.operations import Owner
        from lamplighter.steps.night_messages import message
        from lamplighter_airflow.notifications import tell

        ti = context["ti"]
        owner = self.owner or Owner(team="unknown")
        event: Event = "stopped_data" if ti.task_id in _READS_DATA else "failure"
        reason = str(context.get("exception") or "its process ended without a word; see its log")
        said = message(
            owner,
            event,
            model=self.model,
            about=f"{ti.dag_id}/{ti.run_id}",
            title=f"{ti.task_id} of {ti.dag_id} failed",
            sentences=(f"{ti.task_id} failed in the run {ti.run_id}: {reason}",),
            link=report_url(ti.dag_id, ti.run_id),
        )
        tell(context, owner, [said], ledger=_ledger())


def _ledger() -> Ledger | None:
    """Return the ledger, or None if it is what failed."""
    from lamplighter.ledger import Ledger
    from lamplighter.steps.store_paths import StorePaths

    try:
        return Ledger.open(StorePaths.from_environment().ledger)
    except LamplighterError as error:
        log.warning("the owner is told without asking the ledger: %s", error)
        return None
