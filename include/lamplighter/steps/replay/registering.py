"""Versions of a replay: a line in its own ledger, with the next free number."""

from __future__ import annotations

from typing import Any

from lamplighter.contracts import ArtifactRef, CandidateRef, ExamplesRef, VersionRef
from lamplighter.ledger.records import Version
from lamplighter.steps.night import Night, Stores

SEARCH = "search"
"""Under this name a version's details hold its search, which another timeline may have made."""


def register_replayed(
    night: Night, examples: ExamplesRef, candidate: CandidateRef, details: dict[str, Any]
) -> VersionRef:
    """Register a candidate on the night's timeline; the same one again gets its old number."""
    run = night.run
    key = night.key("version", candidate.artifact.digest)
    night.ledger.intend_version(
        key,
        model=run.model,
        as_of=run.as_of,
        artifact=candidate.artifact,
        run_key=run.run_key,
        timeline=run.timeline,
        details={
            "snapshot": examples.snapshot_digest,
            "spec": run.spec_digest,
            "cutoff": candidate.cutoff.isoformat() if candidate.cutoff else None,
            SEARCH: candidate.search_key,
            **details,
        },
    )
    stored = numbered(night.stores, key, model=run.model)
    return VersionRef(
        key=key,
        model=run.model,
        version=stored.version,
        mlflow_run_id=stored.mlflow_run_id,
        artifact_digest=candidate.artifact.digest,
    )


def numbered(stores: Stores, key: str, *, model: str) -> Version:
    """Give an intended version the next free number, unless it has one."""
    stored = stores.ledger.version_by_key(key)
    if stored is not None:
        return stored
    number = 1 + len(stores.ledger.versions(model))
    return stores.ledger.record_version(key, version=str(number), mlflow_run_id="")


def copied(stores: Stores, lived: Stores, ref: ArtifactRef) -> ArtifactRef:
    """Copy an artifact of the past into the replay's store, under the same key."""
    return stores.artifacts.write(ref.key, lived.artifacts.read(ref))
