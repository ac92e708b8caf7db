"""Moves of the alias by strangers, as incidents in the ledger."""

from __future__ import annotations

from lamplighter.contracts import Actor
from lamplighter.ledger import Incident, Ledger

KIND = "alias"


def open_alias_incident(
    ledger: Ledger,
    *,
    model: str,
    name: str,
    points_to: str | None,
    expected: str | None,
    actor: Actor,
) -> Incident:
    """Write down that somebody else moved the alias; nothing, while that stands already.

    Parameters
    ----------
    name : str
        Name of the model in the registry.
    points_to, expected : str or None
        The version that the alias names, and the ledger's champion.
    actor : Actor
        Who looked.
    """
    return ledger.open_incident(
        model,
        kind=KIND,
        about=f"{name}-at-{points_to or 'none'}",
        message=(
            f"the alias 'champion' of {name} was moved to version {points_to or 'none'}, while the "
            f"ledger's champion is {expected or 'none'}; who moved it, and when, is unknown"
        ),
        details={"registered_name": name, "points_to": points_to, "expected": expected},
        actor=actor,
    )


def close_alias_incidents(ledger: Ledger, *, model: str, how: str, actor: Actor) -> None:
    """Write down that the alias agrees with the ledger again, and how it came to."""
    for incident in ledger.standing_incidents(model, kind=KIND):
        ledger.close_incident(incident, how=how, actor=actor)
