"""The DAG `<model>__train`: one night from data to champion."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow.sdk import DAG, TaskGroup

from lamplighter_airflow.dag_doc import train_doc
from lamplighter_airflow.form import train_form
from lamplighter_airflow.operators.approve_promotion import ApprovePromotionOperator
from lamplighter_airflow.operators.check_drift import CheckDriftOperator
from lamplighter_airflow.operators.check_leakage import CheckLeakageOperator
from lamplighter_airflow.operators.collect_evidence import CollectEvidenceOperator
from lamplighter_airflow.operators.decide_promotion import DecidePromotionOperator
from lamplighter_airflow.operators.decide_retraining import DecideRetrainingOperator
from lamplighter_airflow.operators.evaluate_candidate import EvaluateCandidateOperator
from lamplighter_airflow.operators.explain_candidate import ExplainCandidateOperator
from lamplighter_airflow.operators.ingest_data import IngestDataOperator
from lamplighter_airflow.operators.register_model import RegisterModelOperator
from lamplighter_airflow.operators.release_model import ReleaseModelOperator
from lamplighter_airflow.operators.report_run import ReportRunOperator
from lamplighter_airflow.operators.resolve_spec import ResolveSpecOperator
from lamplighter_airflow.operators.select_features import SelectFeaturesOperator
from lamplighter_airflow.operators.train_ensemble import TrainEnsembleOperator
from lamplighter_airflow.operators.tune_model import TuneModelOperator
from lamplighter_airflow.operators.validate_data import ValidateDataOperator
from lamplighter_airflow.task_policy import dag_access, default_args, step_args
from lamplighter_airflow.timetable import start_date, timetable

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.spec import ModelSpec


_WORKER = "worker {{ task.worker }}"
_ALSO_WITHOUT_CHALLENGER = _ALSO_WITHOUT_TRAINING = "none_failed"
"""For what goes on where training was skipped: a challenger is judged and released then too."""


def train_dag(spec: ModelSpec, spec_path: Path) -> DAG:
    """Return the DAG that retrains a model, judges it, and releases it if it is better."""
    with DAG(
        dag_id=f"{spec.model}__train",
        description=f"Retrain {spec.model}, judge it, and release it if it is better",
        doc_md=train_doc(spec),
        schedule=timetable(spec),
        start_date=start_date(spec),
        catchup=spec.schedule.catchup,
        max_active_runs=1,
        default_args=default_args(spec),
        params=train_form(spec),
        tags=[f"model:{spec.model}", "process:train"],
        access_control=dag_access(spec),
        owner_links={spec.owner.team: f"mailto:{spec.owner.email}"} if spec.owner.email else {},
    ) as dag:
        step = partial(step_args, spec)
        with _group("data", "What the night may read"):
            resolved = ResolveSpecOperator(
                **step("resolve_spec"), spec_path=str(spec_path), settles=True
            )
            ingested = IngestDataOperator(**step("ingest_data"))
            validated = ValidateDataOperator(**step("validate_data"), staged=ingested.output)
            compared = CheckDriftOperator(**step("check_drift"), snapshot=validated.output)
            challenged = CollectEvidenceOperator(
                **step("collect_evidence"), snapshot=validated.output
            )
        with _group("training", "From examples to a candidate"):
            retraining = DecideRetrainingOperator(
                **step("decide_retraining"),
                trigger_rule=_ALSO_WITHOUT_CHALLENGER,
                snapshot=validated.output,
                drift=compared.output,
                challenge=challenged.output,
            )
            selected = SelectFeaturesOperator(
                **step("select_features"), retraining=retraining.output
            )
            examples = selected.output
            checked = CheckLeakageOperator(**step("check_leakage"), examples=examples)
            search = TuneModelOperator.partial(
                **step("tune_model"),
                doc_md=TuneModelOperator.step_doc,
                examples=examples,
                map_index_template=_WORKER,
            ).expand(worker=list(range(spec.search.workers)))
            trained = TrainEnsembleOperator(**step("train_ensemble"), examples=examples)
        with _group("judgement", "Is the candidate better than the champion?"):
            candidate = trained.output
            evaluated = EvaluateCandidateOperator(
                **step("evaluate_candidate"), examples=examples, candidate=candidate
            )
            evaluation = evaluated.output
            explained = ExplainCandidateOperator(
                **step("explain_candidate"),
                examples=examples,
                candidate=candidate,
                evaluation=evaluation,
            )
            decided = DecidePromotionOperator(
                **step("decide_promotion"),
                trigger_rule=_ALSO_WITHOUT_TRAINING,
                challenge=challenged.output,
                candidate=candidate,
                evaluation=evaluation,
                leakage=checked.output,
                drift=compared.output,
            )
        with _group("release", "From candidate to champion"):
            registered = RegisterModelOperator(
                **step("register_model"),
                examples=examples,
                candidate=candidate,
                evaluation=evaluation,
                explanation=explained.output,
            )
            approved = ApprovePromotionOperator(
                **step("approve_promotion"),
                trigger_rule=_ALSO_WITHOUT_TRAINING,
                rule=spec.gate.approval,
                decision=decided.output,
                version=registered.output,
                evaluation=evaluation,
            )
            released = ReleaseModelOperator(
                **step("release_model"),
                trigger_rule=_ALSO_WITHOUT_TRAINING,
                decision=decided.output,
                version=registered.output,
            )
        reported = ReportRunOperator(**step("report_run")).as_teardown()

        resolved >> ingested
        checked >> search
        search >> trained  # the workers' common result is the stored search, read by its key
        explained >> decided >> registered
        approved >> released
        released >> reported
    return dag


def _group(name: str, tooltip: str) -> TaskGroup:
    # Groups fold the graph; they must not change task ids, which are the same in every model.
    return TaskGroup(group_id=name, tooltip=tooltip, prefix_group_id=False)
