"""Operator of the score-interval step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.lineage import lake_tables, prediction_table, registered
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class ScoreIntervalOperator(LamplighterOperator):
    """Predict the examples of an interval with the champion. Returns a `ScoredInterval`.

    Parameters
    ----------
    snapshot : templated
        The `SnapshotRef` of what the run may read, as JSON.
    """

    template_fields: Sequence[str] = ("snapshot", "spec_digest")
    step_doc = (
        "Predicts every example whose prediction time lies in the interval, with whoever was "
        "champion at that time, and stores the predictions in the lake; on request with the "
        "features that moved each score most."
    )

    def __init__(self, *, snapshot: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.snapshot = snapshot

    def execute(self, context: Context) -> dict[str, Any]:
        """Score the run's data interval, or the hours that the form asks for."""
        from lamplighter.contracts import SnapshotRef
        from lamplighter.errors import NoChampionError
        from lamplighter.steps.score_interval import score_interval

        with self.night(context) as night:
            end = night.run.as_of
            try:
                scored = score_interval(
                    night,
                    SnapshotRef.model_validate(self.snapshot),
                    start=_begins(context, as_of=end),
                    end=end,
                    reasons=context["params"]["reasons"],
                )
            except NoChampionError as nobody:
                if context["dag_run"].run_type != "scheduled":
                    raise
                # That no model was good enough yet is a decision of another night, not a failure.
                raise AirflowSkipException(str(nobody)) from None
            champions = [registered(night, version) for version in scored.versions]
            self.reads, self.writes = [*lake_tables(night), *champions], [prediction_table(night)]
        return scored.model_dump(mode="json")


def _begins(context: Context, *, as_of: datetime) -> datetime:
    dag_run, form = context["dag_run"], context["params"]
    own_interval = dag_run.data_interval_end == as_of and dag_run.data_interval_start is not None
    by_form = "hours" in (dag_run.conf or {})
    if own_interval and not by_form and dag_run.data_interval_start is not None:
        return dag_run.data_interval_start
    return as_of - timedelta(hours=form["hours"])
