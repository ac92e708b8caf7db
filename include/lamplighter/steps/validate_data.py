"""Step validate_data: look at the staged rows, and let the good ones into the lake, or none."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd

from lamplighter.contracts import (
    ArtifactRef,
    SnapshotRef,
    StagedData,
    StagedTable,
    TableSnapshot,
)
from lamplighter.data.callables import load_callable
from lamplighter.data.digests import frame_digest
from lamplighter.errors import DataError
from lamplighter.quality.checks import TableValidation
from lamplighter.quality.validate import validate_table
from lamplighter.quality.volume import Reading, Stored, completed_days
from lamplighter.steps.learned_suite import LearnedSuite, learned_suite
from lamplighter.steps.night import Night
from lamplighter.steps.set_aside import set_aside_rows
from lamplighter.steps.validation_pages import write_validation

log = logging.getLogger(__name__)

_LOOK_BACK = timedelta(days=3)


def validate_data(night: Night, staged: StagedData) -> SnapshotRef:
    """Validate what was staged; publish it if every critical check passes.

    Rows that fail a check of single rows are set aside with the reason, and the others published.

    Returns
    -------
    SnapshotRef
        Every table as known at `knowledge_time`, by content digest.

    Raises
    ------
    DataError
        With a line for each critical check that failed. No table was changed, nothing set aside.
    """
    anything = any(table.artifact is not None for table in staged.tables.values())
    learned = learned_suite(night, since=_read_before(staged)) if anything else {}
    looked = [
        _look(night, name, table, learned)
        for name, table in staged.tables.items()
        if table.artifact is not None
    ]
    found = [table.found for table in looked]
    pages = write_validation(night, found)
    for warning in (sentence for table in found for sentence in table.warnings):
        log.warning("%s: %s", night.run.model, warning)
        night.say(f"warning: {warning}")
    problems = [sentence for table in found for sentence in table.problems]
    if problems:
        raise DataError(_listed(problems))
    for table in looked:
        _let_in(night, table)
    return take_snapshot(
        night,
        pages.document,
        data_docs=pages.page,
        quarantined=pages.quarantined,
        warnings=pages.warnings,
    )


def take_snapshot(
    night: Night,
    validation: ArtifactRef | None = None,
    *,
    data_docs: ArtifactRef | None = None,
    quarantined: int = 0,
    warnings: int = 0,
) -> SnapshotRef:
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
        data_docs=data_docs,
        quarantined=quarantined,
        warnings=warnings,
    )


def _known_by(night: Night, name: str) -> datetime:
    # Labels may be known later than the features: that is what knowledge_time is for.
    is_target = name == night.spec.data.target_table
    return night.run.knowledge_time if is_target else night.run.as_of


def _read_before(staged: StagedData) -> datetime | None:
    """Say until when all tables were ingested before; None if one of them never was."""
    times = [table.since for table in staged.tables.values()]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None


@dataclass(frozen=True)
class _Looked:
    """A staged table, its rows, and what was found."""

    name: str
    staged: StagedTable
    rows: pd.DataFrame
    found: TableValidation


def _look(night: Night, name: str, staged: StagedTable, learned: LearnedSuite) -> _Looked:
    assert staged.artifact is not None
    spec, table = night.spec, night.spec.data.tables[name]
    rows = night.artifacts.read_frame(staged.artifact)
    reading = Reading(since=staged.since, until=staged.until, zone=spec.zone)
    found = validate_table(
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
        new_columns=staged.new_columns,
        gone_columns=staged.gone_columns,
        learned=learned.get(name),
        load=load_callable,
    )
    return _Looked(name, staged, rows, found)


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


def _listed(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n".join([f"the data has {len(problems)} problems:", *(f"  {p}" for p in problems)])


def _let_in(night: Night, table: _Looked) -> None:
    spec, name = night.spec, table.name
    failing = np.isin(np.arange(len(table.rows)), table.found.set_aside)
    # Set aside first: a kill in between then loses no row, and the next try adds none twice.
    set_aside_rows(night, name, table.rows, table.found)
    added = night.lake.publish(
        spec.model,
        name,
        spec.data.tables[name],
        table.rows[~failing].reset_index(drop=True),
        until=table.staged.until,
        start=spec.time.start if spec.time else None,
    )
    aside = f", {int(failing.sum()):,} set aside" if failing.any() else ""
    night.say(f"{name}: {added:,} new rows{aside}")
    log.info("%s.%s: %d rows published%s", spec.model, name, added, aside)
