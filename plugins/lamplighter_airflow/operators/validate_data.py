"""Operator of the validate-data step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.assets import announce
from lamplighter_airflow.lineage import lake_tables
from lamplighter_airflow.links import DataDocsLink, NightReportLink
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from lamplighter_airflow.operators.base import Handed


class ValidateDataOperator(LamplighterOperator):
    """Check the staged rows and let them into the lake. Returns a `SnapshotRef` as JSON.

    Parameters
    ----------
    staged : templated
        The `StagedData` to check, as JSON.
    """

    template_fields: Sequence[str] = ("staged", "spec_digest")
    operator_extra_links: Collection[BaseOperatorLink] = (NightReportLink(), DataDocsLink())
    step_doc = (
        "Runs the Great Expectations suite that the spec describes over the staged rows, and only "
        "then merges them into the lake. A row that fails by itself is set aside with the reason "
        "(`lamplighter quarantine list`). A bad delivery stops the night here: red, without a "
        "retry, and the champion stays. Repair the data at its source, then clear `ingest_data`."
    )

    def __init__(self, *, staged: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staged = staged

    def execute(self, context: Context) -> dict[str, Any]:
        """Publish the staged rows if they are good."""
        from lamplighter.contracts import StagedData
        from lamplighter.steps.validate_data import validate_data

        with self.night(context) as night:
            snapshot = validate_data(night, StagedData.model_validate(self.staged))
            run = night.run
            self.writes = lake_tables(night)
        if run.timeline == "live":
            about = {"digest": snapshot.digest, "as_of": run.as_of.isoformat()}
            announce(context, run.model, "snapshot", about)
        return snapshot.model_dump(mode="json")
