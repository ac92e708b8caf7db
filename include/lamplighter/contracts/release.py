"""What was registered, approved and released, and what a night reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from lamplighter.contracts.base import Actor, Contract, Instant, Verdict
from lamplighter.contracts.data import ArtifactRef


class VersionRef(Contract):
    """A registered version."""

    key: str
    model: str
    version: str
    mlflow_run_id: str
    artifact_digest: str


class ApprovalRef(Contract):
    """Whether a release needs a person's approval, and what was asked and answered.

    Without `key` nobody was asked yet, without `answer` nobody has answered. `expired`: nobody
    did until `until`, and `on_deadline` says what follows. These times are on the wall clock.
    """

    needed: bool
    why: str
    key: str | None = None
    version: str | None = None
    asked_at: Instant | None = None
    until: Instant | None = None
    on_deadline: Literal["reject", "release"] = "reject"
    assignees: tuple[str, ...] = ()
    answer: Literal["approve", "reject", "expired"] | None = None
    answered_at: Instant | None = None
    actor: Actor | None = None
    reason: str = ""

    @property
    def granted(self) -> bool:
        """Whether the release may go on."""
        expired_into_release = self.answer == "expired" and self.on_deadline == "release"
        return not self.needed or self.answer == "approve" or expired_into_release

    @property
    def waits(self) -> bool:
        """Whether somebody was asked and nobody has answered."""
        return self.key is not None and self.answer is None

    @property
    def without_answer(self) -> str:
        """What becomes of the version if nobody answers."""
        return "released" if self.on_deadline == "release" else "rejected"

    @property
    def took(self) -> timedelta:
        """How long the answer took; 0 where nobody had to answer."""
        if self.asked_at is None or self.answered_at is None:
            return timedelta(0)
        return self.answered_at - self.asked_at

    def __str__(self) -> str:
        if not self.needed:
            return f"no approval needed: {self.why}"
        if self.answer is None:
            asked = f" until {self.until:%Y-%m-%d %H:%M %Z}" if self.until else ""
            return f"version {self.version} waits for approval{asked}, because {self.why}"
        because = f": {self.reason}" if self.reason else ""
        if self.answer == "expired":
            until = f"{self.until:%Y-%m-%d %H:%M %Z}"
            return f"nobody answered until {until}, so it is {self.without_answer}"
        verb = "approved" if self.answer == "approve" else "rejected"
        return f"{verb} by {self.actor}{because}"


class ReleaseRef(Contract):
    """The ledger's line about who became champion, or why nobody did."""

    released: bool
    reason: str
    version: str | None = None
    release: int | None = None
    valid_from: Instant | None = None


class RunReport(Contract):
    """The night in sentences. The gate's `verdict` stands also where a person is waited for."""

    run_key: str
    model: str
    as_of: Instant
    outcome: str
    verdict: Verdict | None = None
    sentences: tuple[str, ...]
    report: ArtifactRef | None = None
    details: dict[str, Any] = Field(default_factory=dict)
