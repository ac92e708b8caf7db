"""What the columns usually hold, as it was learned when the champion was released."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime

from lamplighter.contracts import ArtifactRef
from lamplighter.quality.learned import ColumnProfile, learn_columns
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)

LearnedSuite = Mapping[str, Mapping[str, ColumnProfile]]
"""Per table and column."""


def learned_suite(night: Night, *, since: datetime | None) -> LearnedSuite:
    """Return what was learned from the data of the champion's release, or else the first data.

    A suite belongs to a release and is learned from what was known at its `as_of`, so it does not
    matter when it is learned: a night as of a time in the past is judged by the suite of then. The
    first live night after a release learns it, stores it, and writes into the ledger that it did.

    Parameters
    ----------
    since : datetime, optional
        Until when the tables were ingested before this night; None before the first ingest, of
        which nothing is known.
    """
    if not night.spec.data.validate_.learn or since is None:
        return {}
    model, champion = night.run.model, night.champion()
    if champion is None:
        name, known_by = "first", since
    else:
        name, known_by = f"release-{champion.id}", min(champion.as_of, since)
    key = f"{model}/suites/{name}"
    decision = night.ledger.decision(key)
    if decision is not None and decision.as_of < night.run.as_of:
        stored = ArtifactRef.model_validate(decision.evidence["suite"])
        return _read(json.loads(night.artifacts.read(stored)))
    if known_by >= night.run.as_of:
        return {}
    learned = _learn(night, known_by)
    if night.run.timeline == "live" and not night.run.dry_run:
        _store(night, key, learned, known_by)
    return learned


def _learn(night: Night, known_by: datetime) -> LearnedSuite:
    learned = {}
    for name, table in night.spec.data.tables.items():
        if night.lake.ingested_until(night.run.model, name) is None:
            continue
        rows = night.lake.history(night.run.model, name, table, known_by=known_by)
        learned[name] = learn_columns(rows, table)
    return learned


def _store(night: Night, key: str, learned: LearnedSuite, known_by: datetime) -> None:
    document = {
        table: {column: profile.document() for column, profile in columns.items()}
        for table, columns in learned.items()
    }
    artifact = night.artifacts.write(f"{key}.json", json.dumps(document, indent=2).encode())
    columns = sum(len(profiles) for profiles in learned.values())
    night.ledger.record_decision(
        key,
        run_key=night.run.run_key,
        model=night.run.model,
        timeline="live",
        kind="suite",
        verdict="learned",
        reason=f"what {columns} columns of {len(learned)} tables held as of {known_by.isoformat()}",
        evidence={"suite": artifact.model_dump(mode="json")},
        as_of=known_by,
        actor=night.run.actor,
    )
    log.info("%s: learned a suite of %d columns at %s", night.run.model, columns, artifact.key)


def _read(document: Mapping[str, Mapping[str, Mapping[str, object]]]) -> LearnedSuite:
    return {
        table: {column: ColumnProfile.of(profile) for column, profile in columns.items()}
        for table, columns in document.items()
    }
