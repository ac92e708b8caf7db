"""The DAG that stands in for a model whose spec cannot be used, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from pendulum import datetime

from lamplighter_airflow.dag_doc import broken_doc
from lamplighter_airflow.notifiers.failure import FailureNotifier
from lamplighter_airflow.timetable import NightTimetable

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import Context

    from lamplighter.spec.operations import Owner, Schedule


class FailWithMessageOperator(BaseOperator):
    """Fail with the message it was given, without a retry.

    The message is no template field: whatever braces a broken file holds, it is shown as it is.
    The DAG's page holds it too, so another message is another version of the DAG.
    """

    ui_color = "#f8d7da"

    def __init__(self, *, message: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.message = message

    def execute(self, context: Context) -> None:
        """Fail."""
        raise AirflowFailException(self.message)


def broken_spec_dag(
    model: str,
    process: str,
    *,
    path: Path,
    message: str,
    schedule: Schedule | None = None,
    owner: Owner | None = None,
) -> DAG:
    """Return a DAG under the name of the one that cannot be built.

    The model's history stays where people look for it. With a schedule, its nights go red instead
    of not happening, and the owner, as far as the spec still says who that is, is told.
    """
    nights = None
    if schedule is not None and schedule.cron is not None:
        nights = NightTimetable(
            schedule.cron, schedule.timezone, start=schedule.start, end=schedule.end
        )
    with DAG(
        dag_id=f"{model}__{process}",
        dag_display_name=f"{model}__{process} (broken spec)",
        description=f"{path.name} is not a valid spec",
        doc_md=broken_doc(path.name, message),
        schedule=nights,
        start_date=datetime(1970, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        tags=["broken-spec", f"model:{model}", f"process:{process}"],
    ) as dag:
        FailWithMessageOperator(
            task_id="resolve_spec",
            message=message,
            doc_md="Fails with what is wrong with the spec.",
            retries=0,
            on_failure_callback=FailureNotifier(model=model, owner=owner),
        )
    return dag
