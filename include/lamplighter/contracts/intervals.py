"""What scoring and historic evaluation return for an interval."""

from __future__ import annotations

from lamplighter.contracts.base import Contract, Instant


class ScoredInterval(Contract):
    """An interval whose examples were scored, and by which versions."""

    model: str
    start: Instant
    end: Instant
    rows: int
    versions: tuple[str, ...]
    digest: str
    snapshot_digest: str


class EvaluatedVersion(Contract):
    """How a version did in an interval, by the labels known at a time."""

    version: str
    knowledge_time: Instant
    hindsight: bool
    rows: int
    labelled_rows: int
    loss: float | None


class EvaluatedInterval(Contract):
    """An interval of the past that was evaluated, and what the ledger now holds of it.

    `caught_up` are the starts of earlier intervals that were evaluated again, since their labels
    had matured; `written` counts the evaluations that were not in the ledger before.
    """

    model: str
    start: Instant
    end: Instant
    chosen_by: str
    versions: tuple[EvaluatedVersion, ...]
    caught_up: tuple[Instant, ...]
    written: int
