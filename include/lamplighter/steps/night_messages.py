"""What a night has to say to the model's owner: which events, how severe, in which words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lamplighter.contracts import (
    ApprovalRef,
    Contract,
    DriftRef,
    LeakageRef,
    ReleaseRef,
    RunRef,
    RunReport,
    SnapshotRef,
)
from lamplighter.ledger import Decision
from lamplighter.spec.operations import Event, Level, Owner

USUAL_LEVELS: dict[Event, Level] = {
    "promotion": "info",
    "no_change": "info",
    "approval": "warning",
    "warning": "warning",
    "stopped_data": "critical",
    "failure": "critical",
    "late_night": "critical",
}
"""How severe an event is, unless `owner.severity` says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One thing that an owner is told.

    `key` is the same however often the same thing is found again, so that it is told once.
    """

    key: str
    model: str
    event: Event
    level: Level
    title: str
    sentences: tuple[str, ...]
    team: str
    as_of: datetime | None = None
    link: str = ""

    @property
    def text(self) -> str:
        """The message as plain text, its title first."""
        ends = [f"Report: {self.link}"] * bool(self.link) + [f"Owner: {self.team}"]
        return "\n".join([self.title, *self.sentences, *ends])


def message(
    owner: Owner,
    event: Event,
    *,
    model: str,
    about: str,
    title: str,
    sentences: tuple[str, ...],
    as_of: datetime | None = None,
    link: str = "",
) -> Message:
    """Return a message; `about` is what makes it another one than the last."""
    content = hashlib.sha256("\n".join((about, *sentences)).encode()).hexdigest()[:16]
    level = owner.severity.get(event, USUAL_LEVELS[event])
    return Message(
        key=f"{model}/notice/{event}-{content}",
        model=model,
        event=event,
        level=level,
        title=f"[{level}] {model}: {title}",
        sentences=sentences,
        team=owner.team,
        as_of=as_of,
        link=link,
    )


def night_messages(
    owner: Owner,
    run: RunRef,
    report: RunReport,
    outcomes: Mapping[str, Contract | None],
    *,
    link: str = "",
) -> list[Message]:
    """Return what a night has to say. A backfill, a simulation and a dry run say nothing."""
    if run.timeline != "live" or run.dry_run:
        return []
    release = outcomes.get("release_model")
    released = isinstance(release, ReleaseRef) and release.released
    event, title = _event(report.outcome, released=released)
    found = [(event, title, report.sentences)]
    warnings = _warnings(outcomes)
    if warnings:
        found.append(("warning", f"the night of {run.as_of:%Y-%m-%d} warns", warnings))
    return [
        message(
            owner,
            event,
            model=run.model,
            about=run.run_key,
            title=title,
            sentences=sentences,
            as_of=run.as_of,
            link=link,
        )
        for event, title, sentences in found
    ]


def approval_message(
    owner: Owner, run: RunRef, approval: ApprovalRef, judged: Decision, *, link: str = ""
) -> Message:
    """Return the request to approve a release."""
    who = f"{', '.join(approval.assignees)} may answer. " if approval.assignees else ""
    return message(
        owner,
        "approval",
        model=run.model,
        about=str(approval.key),
        title=f"version {approval.version} waits for approval",
        sentences=(
            f"The gate says {judged.verdict}: {judged.reason}.",
            f"A person has to approve it, because {approval.why}.",
            f"{who}Without an answer until {approval.until:%Y-%m-%d %H:%M %Z} it is "
            f"{approval.without_answer}.",
        ),
        as_of=run.as_of,
        link=link,
    )


def _event(outcome: str, *, released: bool) -> tuple[Event, str]:
    if released:
        return "promotion", "a new champion"
    if outcome == "stopped":
        return "stopped_data", "stopped by its data"
    if outcome == "failed":
        return "failure", "the night failed"
    return "no_change", "no new champion"


def _warnings(outcomes: Mapping[str, Contract | None]) -> tuple[str, ...]:
    said: list[str] = []
    for outcome in outcomes.values():
        if isinstance(outcome, SnapshotRef):
            if outcome.quarantined:
                said.append(f"{outcome.quarantined:,} rows were set aside in the quarantine.")
            if outcome.warnings:
                said.append(f"The data gave {outcome.warnings} warnings.")
        elif isinstance(outcome, DriftRef) and outcome.drifted_columns:
            said.extend(outcome.sentences)
        elif isinstance(outcome, LeakageRef):
            said.extend(outcome.warnings)
    return tuple(said)
