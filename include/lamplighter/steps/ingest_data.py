"""Step ingest_data: read the sources for the time not yet ingested, and set the rows aside."""

from __future__ import annotations

import logging
from datetime import datetime

from lamplighter.contracts import StagedData, StagedTable
from lamplighter.data.digests import frame_digest
from lamplighter.data.ingest import conform
from lamplighter.data.sources import read_source
from lamplighter.errors import DataError
from lamplighter.spec.data import Table
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)


def ingest_data(night: Night) -> StagedData:
    """Read what every table's source has to say between its last ingest and this night.

    The rows are staged as artifacts, named by their content. Nothing enters the lake here:
    `validate_data` looks at them first. A night on a simulated timeline, such as a backfill, reads
    nothing: it must find the lake ingested that far.

    Raises
    ------
    DataError
        If a source does not hold what the spec promises: a missing, renamed or retyped column,
        or a file that cannot be read; or if a simulated night lies after the last ingest.
    SourceUnavailableError
        If a source does not answer. Trying again may help.
    """
    until = max(night.run.as_of, night.run.knowledge_time)
    tables = {
        name: _stage(night, name, table, until) for name, table in night.spec.data.tables.items()
    }
    return StagedData(as_of=night.run.as_of, tables=tables)


def _stage(night: Night, name: str, table: Table, until: datetime) -> StagedTable:
    model = night.spec.model
    since = night.lake.ingested_until(model, name)
    known_columns = night.lake.columns(model, name)
    closed = since is not None and since >= until
    if closed:
        log.info("%s.%s: already ingested until %s", model, name, since)
        return StagedTable(artifact=None, rows=0, since=since, until=until)
    if night.run.timeline != "live":
        raise DataError(
            f"{model}.{name} is ingested until {since.isoformat() if since else 'never'}, and this "
            f"night on timeline {night.run.timeline} is as of {until.isoformat()}; a simulated "
            "night reads the lake as it is, so let a live night ingest first, or choose an "
            "earlier time"
        )
    read = read_source(
        table, since=since, until=until, known_columns=known_columns, resolve=night.resolve_url
    )
    rows = conform(read, name, table, known_columns=known_columns)
    digest = frame_digest(rows)
    artifact = night.artifacts.write_frame(f"{model}/staged/{name}-{digest[:16]}.parquet", rows)
    night.say(f"{name}: {len(rows):,} rows read")
    log.info("%s.%s: staged %d rows at %s", model, name, len(rows), night.artifacts.uri(artifact))
    return StagedTable(artifact=artifact, rows=len(rows), since=since, until=until)
