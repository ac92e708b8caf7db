"""The DAG `lamplighter__maintain`: the upkeep of all stores, once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param
from pendulum import datetime

from lamplighter.contracts import Keep
from lamplighter_airflow.dag_doc import maintain_doc
from lamplighter_airflow.form import reason
from lamplighter_airflow.operators.delete_old_xcoms import DeleteOldXcomsOperator
from lamplighter_airflow.operators.maintain_stores import MaintainStoresOperator
from lamplighter_airflow.operators.notice_late_nights import NoticeLateNightsOperator

if TYPE_CHECKING:
    from pathlib import Path

MAINTAIN = "lamplighter__maintain"

DUTIES = {
    "reconcile_registrations": "Completes registrations and releases that were cut short. An alias "
    "that somebody else moved is only reported.",
    "notice_late_nights": "Finds the nights that should have begun and did not, and tells their "
    "owners.",
    "close_stale_runs": "Ends MLflow runs whose night was killed and never came back.",
    "tidy_tables": "Merges small files of the lake's tables and deletes replaced ones. No row of a "
    "newest version changes.",
    "purge_artifacts": "Deletes staged rows, examples and unregistered candidates that are old and "
    "that no champion refers to.",
    "forget_trials": "Deletes the trials of old searches, but for those that made a champion.",
    "delete_old_logs": "Deletes old task logs of Lamplighter's own DAGs.",
}
"""Every duty that needs the stores only, and what its task's page says."""

_OPERATORS = {"notice_late_nights": NoticeLateNightsOperator}
_XCOMS = "Deletes old XComs of Lamplighter's own DAGs, where Airflow's database can be reached."
_AFTER_THE_NIGHTS = "30 9 * * *"


def maintain_dag(specs: Path) -> DAG:
    """Return the DAG of upkeep for the models whose specs lie in a folder.

    The duties wait for one another only in that one runs at a time: when one fails, the run is
    red and the others are done all the same.
    """
    with DAG(
        dag_id=MAINTAIN,
        description="Keep the stores tidy, and notice nights that never began",
        doc_md=maintain_doc(),
        schedule=_AFTER_THE_NIGHTS,
        start_date=datetime(2020, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        max_active_tasks=1,
        default_args={
            "owner": "lamplighter",
            "retries": 3,
            "retry_delay": timedelta(minutes=1),
            "execution_timeout": timedelta(hours=2),
        },
        params=_form(),
        tags=["process:maintain"],
        # A backfill would only do the same thing many times over.
        allowed_run_types=_NO_BACKFILLS,
    ) as dag:
        for duty, doc in DUTIES.items():
            operator = _OPERATORS.get(duty, MaintainStoresOperator)
            operator(task_id=duty, duty=duty, specs=str(specs), doc_md=doc)
        DeleteOldXcomsOperator(
            task_id="delete_old_xcoms", duty="delete_old_xcoms", specs=str(specs), doc_md=_XCOMS
        )
    return dag


# The names of Airflow's DagRunType, which has no public address; DAG converts them.
_NO_BACKFILLS: list[Any] = ["scheduled", "manual", "asset_triggered", "operator_triggered"]


def _form() -> dict[str, Param]:
    limits = {
        name: Param(
            field.default,
            type="integer",
            minimum=next(rule.ge for rule in field.metadata if hasattr(rule, "ge")),
            maximum=36_500,
            title=name.replace("_", " ").capitalize(),
            description=field.description,
        )
        for name, field in Keep.model_fields.items()
    }
    dry_run = Param(
        False, type="boolean", title="Dry run", description="Only say what would be done."
    )
    return {**limits, "dry_run": dry_run, "reason": reason()}
