"""The DAG `<model>__evaluate`: judge the past day by day; the one that is there for backfills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG

from lamplighter_airflow.dag_doc import evaluate_doc
from lamplighter_airflow.form import evaluate_form
from lamplighter_airflow.operators.evaluate_interval import EvaluateIntervalOperator
from lamplighter_airflow.task_policy import dag_access, default_args, step_args
from lamplighter_airflow.timetable import daily_timetable, start_date

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.spec import ModelSpec

_AT_ONCE = 4
"""Scheduled days that are evaluated at once; a backfill says for itself how many."""


def evaluate_dag(spec: ModelSpec, spec_path: Path) -> DAG:
    """Return the DAG that evaluates a model's days. Its days may run in any order, or at once.

    It always has a timetable, since Airflow backfills no DAG without one. Where the spec has no
    schedule, the scheduler starts no day by itself.
    """
    with DAG(
        dag_id=f"{spec.model}__evaluate",
        description=f"Say how whoever was champion of {spec.model} did, by what was known then",
        doc_md=evaluate_doc(spec),
        schedule=daily_timetable(spec),
        start_date=start_date(spec),
        catchup=spec.schedule.catchup,
        max_active_runs=_AT_ONCE,
        default_args=default_args(spec),
        params=evaluate_form(),
        tags=[f"model:{spec.model}", "process:evaluate"],
        access_control=dag_access(spec),
        owner_links={spec.owner.team: f"mailto:{spec.owner.email}"} if spec.owner.email else {},
    ) as dag:
        EvaluateIntervalOperator(
            **step_args(spec, "evaluate_interval", reported=False), spec_path=str(spec_path)
        )
    return dag
