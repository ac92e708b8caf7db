"""Step ingest_data: read the sources for the time not yet ingested, and set the rows aside."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from lamplighter.contracts import StagedData, StagedTable
from lamplighter.data.digests import frame_digest
from lamplighter.data.ingest import conform, expected_columns
from lamplighter.data.quarantine import row_ids, row_texts
from lamplighter.data.sources import read_source
from lamplighter.errors import DataError
from lamplighter.quality.severities import severity_of
from lamplighter.quality.suite import required_columns
from lamplighter.spec.data import Table
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)

_MOST_NAMES = 20  # a contract names some of the columns that changed, not a thousand


def ingest_data(night: Night) -> StagedData:
    """Read what every table's source has to say between its last ingest and this night.

    The rows are staged as artifacts, named by their content. Nothing enters the lake here:
    `validate_data` looks at them first. Of a table with a `look_back`, that much of the time before
    is read again, for rows that came late; those that the lake or the quarantine holds are left
    out. A night on a simulated timeline, such as a backfill, reads nothing: it must find the lake
    ingested that far.

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
    known = night.lake.columns(model, name) or {}
    read = read_source(
        table,
        since=None if since is None else since - table.look_back,
        until=until,
        known_columns=known or None,
        resolve=night.resolve_url,
    )
    dispensable = _dispensable(night, table, known)
    rows = conform(read, name, table, known_columns=known or None, dispensable=dispensable)
    if since is not None and table.look_back:
        rows = _without_known(night, name, table, rows, since=since, until=until)
    digest = frame_digest(rows)
    artifact = night.artifacts.write_frame(f"{model}/staged/{name}-{digest[:16]}.parquet", rows)
    night.say(f"{name}: {len(rows):,} rows read")
    log.info("%s.%s: staged %d rows at %s", model, name, len(rows), night.artifacts.uri(artifact))
    found = [str(column) for column in read.columns]
    expected = expected_columns(table, known)
    return StagedTable(
        artifact=artifact,
        rows=len(rows),
        since=since,
        until=until,
        new_columns=tuple(c for c in found if known and c not in expected)[:_MOST_NAMES],
        gone_columns=tuple(c for c in dispensable if found and c not in found)[:_MOST_NAMES],
    )


def _dispensable(night: Night, table: Table, known: Mapping[str, str]) -> list[str]:
    """Name the columns whose loss the spec lets pass: none unless it says so, none it names."""
    data = night.spec.data
    if severity_of("schema", data.validate_) != "warning" or table.keyless:
        return []
    needed = {*required_columns(table), data.target_column}
    return [column for column in known if column not in needed]


def _without_known(
    night: Night,
    name: str,
    table: Table,
    rows: pd.DataFrame,
    *,
    since: datetime,
    until: datetime,
) -> pd.DataFrame:
    """Leave out rows of the time before `since` that an earlier night let in or set aside."""
    clock = table.available_at or table.event_time
    if clock is None:
        return rows
    model = night.spec.model
    again = (rows[clock] <= since).to_numpy()
    unseen = night.lake.unseen(model, name, table, rows[again], until=until)
    late = rows[again][unseen]
    aside = np.isin(row_ids(name, row_texts(late)), list(night.quarantine.ids(model, name)))
    log.info(
        "%s.%s: %d of %d rows read again are new, %d of them were set aside before",
        model, name, len(late), int(again.sum()), int(aside.sum()),
    )  # fmt: skip
    kept = rows.index.isin(late.index[~aside]) | ~again
    return rows[kept].reset_index(drop=True)
