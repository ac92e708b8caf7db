"""The challenger's place: taken and left in the ledger, then shown by an alias in the registry."""

from __future__ import annotations

from datetime import datetime

from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.night import Night

ALIAS = "challenger"


def take_place(night: Night, version: str, reason: str, *, at: datetime | None = None) -> None:
    """Let a version collect evidence from this night on, or from `at` on, if nobody else does."""
    run = night.run
    taken = night.ledger.enter_challenger(
        run.model,
        version,
        timeline=run.timeline,
        as_of=at or run.as_of,
        reason=reason,
        actor=run.actor,
    )
    if taken is None:
        night.say(f"version {version} does not collect evidence: another has or had the place")
        return
    _project(night)
    night.say(f"version {version} is challenger and collects evidence from now on")


def leave_place(night: Night, version: str, reason: str, *, at: datetime | None = None) -> None:
    """Let the challenger leave its place; nothing happens if it has left already.

    It leaves with this night, or at `at`, the moment of a person's answer that came later: a night
    in between met it in its place, and meets it there again if it is done again.
    """
    run = night.run
    left = night.ledger.leave_challenger(
        run.model,
        version,
        timeline=run.timeline,
        as_of=at or run.as_of,
        reason=reason,
        actor=run.actor,
    )
    _project(night)
    if left is not None:
        night.say(f"version {version} leaves the challenger's place: {reason}")


def _project(night: Night) -> None:
    """Let the alias follow the ledger. Lamplighter itself never reads it."""
    if night.run.timeline != LIVE:
        return
    standing = night.ledger.challenger(night.run.model)
    name = night.registered_name
    shown = night.registry.alias(name, ALIAS)
    if standing is None and shown is not None:
        night.registry.delete_alias(name, ALIAS)
    elif standing is not None and shown != standing.version:
        night.registry.set_alias(name, ALIAS, standing.version)
