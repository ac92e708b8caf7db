"""Whether a night trains, on which examples, and what came of it."""

from __future__ import annotations

from pydantic import Field

from lamplighter.contracts.base import Contract, Instant
from lamplighter.contracts.data import ArtifactRef, SnapshotRef, TableSnapshot


class RetrainingDecision(Contract):
    """Whether this night trains, and why."""

    key: str
    retrain: bool
    reason: str
    snapshot: SnapshotRef
    refit_of: str | None = None
    """The version whose configuration is fitted again on all rows; None: a search is run."""


class ExamplesRef(Contract):
    """The examples of a night: features, target and split, ready to train on."""

    artifact: ArtifactRef
    snapshot_digest: str
    rows: int
    training_rows: int
    holdout_rows: int
    cutoff: Instant | None
    features: tuple[str, ...]
    dropped: dict[str, str] = Field(default_factory=dict)
    live: ArtifactRef | None = None
    """Features of the newest rows, which have no label yet; None without time."""
    tables: dict[str, TableSnapshot] = Field(default_factory=dict)
    """What each table of the snapshot held."""
    refit_of: str | None = None
    """The version that is fitted again on them; then none is held out."""


class LeakageRef(Contract):
    """What `check_leakage` found in the examples of a night that it let pass."""

    artifact: ArtifactRef
    rows: int
    features: int
    warnings: tuple[str, ...] = ()
    accepted: dict[str, str] = Field(default_factory=dict)


class SearchRef(Contract):
    """A stored search: its key in the ledger, and what it found."""

    key: str
    trials: int
    failed_trials: int
    best_loss: float | None
    best_algorithm: str | None
    seconds: float


class CandidateRef(Contract):
    """A trained, unjudged model."""

    artifact: ArtifactRef
    key: str
    examples: ArtifactRef
    search_key: str
    chosen: str
    losses: dict[str, float]
    weights: dict[str, float]
    cutoff: Instant | None
    calibrated: str = ""
    threshold: float | None = None
    continued: str = ""
    """The version whose members were continued on newer rows; empty for a model trained afresh."""
    refit_of: str | None = None
    """The version whose configuration was fitted again on all rows; None: a search came to it."""
    course: ArtifactRef | None = None
    """How it was fitted, for whoever fits it again."""
