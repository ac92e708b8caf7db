"""Step validate_data: look at the staged rows, and let all of them into the lake, or none."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, time, timedelta

import pandas as pd

from lamplighter.contracts import (
    ArtifactRef,
    SnapshotRef,
    StagedData,
    StagedTable,
    TableSnapshot,
)
from lamplighter.data.digests import frame_digest
from lamplighter.errors import DataError
from lamplighter.quality.checks import TableValidation
from lamplighter.quality.validate import validate_table
from lamplighter.quality.volume import Reading, Stored, completed_days
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)

_LOOK_BACK = timedelta(days=3)


def validate_data(night: Night, staged: StagedData) -> SnapshotRef:
    """Validate what was staged; publish it if every critical check passes.

    Returns
    -------
    SnapshotRef
        Every table as known at `knowledge_time`, by content digest.

    Raises
    ------
    DataError
        With a sentence for each critical check that failed. No table was changed.
    """
    found = [
        _validate(night, name, table)
        for name, table in staged.tables.items()
        if table.artifact is not None
    ]
    artifact = _store(night, found)
    for warning in (sentence for table in found for sentence in table.warnings):
        log.warning("%s: %s", night.run.model, warning)
        night.say(f"warning: {warning}")
    problems = [sentence for table in found for sentence in table.problems]
    if problems:
        raise DataError("; ".join(problems))
    for name, table in staged.tables.items():
        _publish(night, name, table)
    return take_snapshot(night, artifact)


def take_snapshot(night: Night, validation: ArtifactRef | None = None) -> SnapshotRef:
    """Describe every table as known at this night's `knowledge_time`, by content digest."""
    tables = {}
    for name, table in night.spec.data.tables.items():
        rows = night.lake.history(night.spec.model, name, table, known_by=_known_by(night, name))
        tables[name] = TableSnapshot(digest=frame_digest(rows), rows=len(rows))
    contents = pd.DataFrame(
        {"table": list(tables), "digest": [table.digest for table in tables.values()]}
    )
    return SnapshotRef(
        as_of=night.run.as_of,
        knowledge_time=night.run.knowledge_time,
        digest=frame_digest(contents),
        tables=tables,
        validation=validation,
    )


def _known_by(night: Night, name: str) -> datetime:
    # Labels may be known later than the features: that is what knowledge_time is for.
    is_target = name == night.spec.data.target_table
    return night.run.knowledge_time if is_target else night.run.as_of


def _validate(night: Night, name: str, staged: StagedTable) -> TableValidation:
    assert staged.artifact is not None
    spec, table = night.spec, night.spec.data.tables[name]
    rows = night.artifacts.read_frame(staged.artifact)
    reading = Reading(since=staged.since, until=staged.until, zone=spec.zone)
    return validate_table(
        rows,
        name,
        table,
        spec.data.validate_,
        reading=reading,
        stored=_stored(night, name, reading),
        is_examples=name == spec.data.examples_table,
        target_column=spec.data.target_column if name == spec.data.target_table else None,
        task=spec.task,
        known_columns=night.lake.columns(spec.model, name),
    )


def _stored(night: Night, name: str, reading: Reading) -> Stored:
    table = night.spec.data.tables[name]
    if reading.since is None or table.event_time is None:
        return Stored()
    days = completed_days(reading)
    starts = [_midnight(night, day) for day in days[:1]] + [reading.since]
    window = max(night.spec.data.validate_.freshness or _LOOK_BACK, _LOOK_BACK)
    known = night.lake.history(
        night.spec.model,
        name,
        table,
        known_by=reading.until,
        event_from=min(starts) - window,
    )
    if known.empty:
        return Stored()
    per_day = known["_event_time"].dt.tz_convert(reading.zone).dt.date.value_counts()
    past = known[known["_event_time"] <= reading.until]
    newest = max(known["_known_at"].max(), past["_event_time"].max())
    return Stored(
        newest=newest.to_pydatetime(),
        rows_per_day={day: int(per_day.get(day, 0)) for day in days},
    )


def _midnight(night: Night, day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=night.spec.zone)


def _store(night: Night, found: list[TableValidation]) -> ArtifactRef:
    document = {
        "model": night.run.model,
        "as_of": night.run.as_of.isoformat(),
        "tables": [table.document() for table in found],
    }
    return night.artifacts.write(
        f"{night.run.run_key}/validation.json", json.dumps(document, indent=2).encode()
    )


def _publish(night: Night, name: str, staged: StagedTable) -> None:
    if staged.artifact is None:
        return
    spec = night.spec
    rows = night.artifacts.read_frame(staged.artifact)
    added = night.lake.publish(
        spec.model,
        name,
        spec.data.tables[name],
        rows,
        until=staged.until,
        start=spec.time.start if spec.time else None,
    )
    night.say(f"{name}: {added:,} new rows")
    log.info("%s.%s: %d rows published", spec.model, name, added)
