"""What a night read, and how it differs from what the champion learned from."""

from __future__ import annotations

from typing import Literal

from lamplighter.contracts.base import Contract, Instant


class ArtifactRef(Contract):
    """A file in the artifact store: where, and what exactly."""

    key: str
    digest: str
    size_bytes: int


class StagedTable(Contract):
    """Rows read from a source and not yet let into the lake."""

    artifact: ArtifactRef | None
    rows: int
    since: Instant | None
    until: Instant
    new_columns: tuple[str, ...] = ()
    gone_columns: tuple[str, ...] = ()


class StagedData(Contract):
    """What `ingest_data` read. `validate_data` decides whether it is let in."""

    as_of: Instant
    tables: dict[str, StagedTable]


class TableSnapshot(Contract):
    """One table as it was known at the snapshot's `as_of`."""

    digest: str
    rows: int


class SnapshotRef(Contract):
    """What a run may read: every table as known at `knowledge_time`, by content digest."""

    as_of: Instant
    knowledge_time: Instant
    digest: str
    tables: dict[str, TableSnapshot]
    validation: ArtifactRef | None = None
    data_docs: ArtifactRef | None = None
    quarantined: int = 0
    warnings: int = 0


class DriftedColumn(Contract):
    """A column that drifted: its stability index, what that had to reach, its adjusted p-value."""

    column: str
    psi: float
    threshold: float
    p_value: float


class DriftRef(Contract):
    """What `check_drift` found, and against what: nothing, where there was nothing to compare.

    `drifted` (the worst first, at most 60 names) and `worst` are of the first comparison: with the
    champion's training data, or, without, with the window before.
    """

    key: str
    report: ArtifactRef
    document: ArtifactRef
    rows: int
    first_day: str | None
    last_day: str | None
    champion_version: str | None
    against: Literal["training", "window_before"] | None
    columns: int
    drifted_columns: int
    drifted: tuple[str, ...] = ()
    worst: tuple[DriftedColumn, ...] = ()
    sentences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
