"""Operator of the ingest-data step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.lineage import sources
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class IngestDataOperator(LamplighterOperator):
    """Read the sources for the time not yet ingested. Returns a `StagedData` as JSON."""

    step_doc = (
        "Reads each source from where the last ingest ended up to `as_of`, and sets the rows aside "
        "as artifacts. Nothing enters a table here; `validate_data` looks at the rows first."
    )

    def execute(self, context: Context) -> dict[str, Any]:
        """Stage the rows of every table."""
        from lamplighter.steps.ingest_data import ingest_data

        with self.night(context) as night:
            staged = ingest_data(night)
            self.reads = sources(night)
        return staged.model_dump(mode="json")
