"""The challenger's place: taken and left in the ledger, then shown by an alias in the registry."""

from __future__ import annotations

from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.night import Night

ALIAS = "challenger"


def take_place(night: Night, version: str, reason: str) -> None:
    """Let a version collect evidence from now on, if nobody else does."""
    run = night.run
    taken = night.ledger.enter_challenger(
        run.model,
        version,
        timeline=run.timeline,
        as_of=run.as_of,
        reason=reason,
        actor=run.actor,
    )
    if taken is None:
        night.say(f"version {version} does not collect evidence: another has or had the place")
        return
    _project(night)
    night.say(f"version {version} is challenger and collects evidence from now on")


def leave_place(night: Night, version: str, reason: str) -> None:
    """Let the challenger leave its place; nothing happens if it has left already."""
    run = night.run
    left = night.ledger.leave_challenger(
        run.model,
        version,
        timeline=run.timeline,
        as_of=run.as_of,
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
