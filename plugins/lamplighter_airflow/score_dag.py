"""The DAG `<model>__score`: predict an interval's examples with the champion."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG

from lamplighter_airflow.dag_doc import score_doc
from lamplighter_airflow.form import score_form
from lamplighter_airflow.operators.ingest_data import IngestDataOperator
from lamplighter_airflow.operators.resolve_spec import ResolveSpecOperator
from lamplighter_airflow.operators.score_interval import ScoreIntervalOperator
from lamplighter_airflow.operators.validate_data import ValidateDataOperator
from lamplighter_airflow.task_policy import dag_access, default_args, step_args
from lamplighter_airflow.timetable import start_date, timetable

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.spec import ModelSpec

# The names of Airflow's DagRunType, which has no public address; DAG converts them.
_NO_BACKFILLS: list[Any] = ["scheduled", "manual", "asset_triggered", "operator_triggered"]


def score_dag(spec: ModelSpec, spec_path: Path) -> DAG:
    """Return the DAG that scores a model's interval.

    It takes no backfills: those write nothing but evaluations, and this writes predictions.
    """
    with DAG(
        dag_id=f"{spec.model}__score",
        description=f"Predict the examples of an interval with the champion of {spec.model}",
        doc_md=score_doc(spec),
        schedule=timetable(spec),
        start_date=start_date(spec),
        catchup=spec.schedule.catchup,
        max_active_runs=1,
        default_args=default_args(spec),
        params=score_form(),
        tags=[f"model:{spec.model}", "process:score"],
        access_control=dag_access(spec),
        owner_links={spec.owner.team: f"mailto:{spec.owner.email}"} if spec.owner.email else {},
        allowed_run_types=_NO_BACKFILLS,
    ) as dag:
        step = partial(step_args, spec, reported=False)
        resolved = ResolveSpecOperator(**step("resolve_spec"), spec_path=str(spec_path))
        ingested = IngestDataOperator(**step("ingest_data"))
        validated = ValidateDataOperator(**step("validate_data"), staged=ingested.output)
        ScoreIntervalOperator(**step("score_interval"), snapshot=validated.output)
        resolved >> ingested
    return dag
