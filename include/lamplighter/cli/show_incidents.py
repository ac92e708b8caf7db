"""`lamplighter incidents [MODEL]`: what was found to be wrong, by whom, and how it ended."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import OK, print_json, print_table
from lamplighter.cli.stores import open_ledger, refuse_unknown
from lamplighter.ledger import Incident


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", nargs="?", help="the model; default all")
    parser.add_argument("--open", action="store_true", help="only those that nobody closed yet")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print the incidents, the oldest first."""
    ledger = open_ledger()
    if arguments.model is not None:
        refuse_unknown(ledger, arguments.model)
    incidents = ledger.incidents(arguments.model)
    if arguments.open:
        incidents = [incident for incident in incidents if incident.standing]
    if arguments.json:
        documents = [as_document(incident) for incident in incidents]
        print_json({"model": arguments.model, "incidents": documents})
    elif not incidents:
        print(f"no {'open ' if arguments.open else ''}incident is known")
    else:
        print_incidents("Incidents, by the wall clock", incidents)
    return OK


def print_incidents(title: str, incidents: list[Incident]) -> None:
    """Print a table of incidents."""
    print_table(
        title,
        ("found", "model", "kind", "incident", "found by", "ended"),
        [
            (
                f"{incident.recorded_at:%Y-%m-%d %H:%M %Z}",
                incident.model,
                incident.kind,
                incident.message,
                incident.actor,
                _ending(incident),
            )
            for incident in incidents
        ],
    )


def _ending(incident: Incident) -> str:
    if incident.closed_at is None:
        return "open"
    return f"{incident.closed_at:%Y-%m-%d %H:%M %Z} by {incident.closed_by}: {incident.closed_how}"


def as_document(incident: Incident) -> dict[str, object]:
    """Return an incident as plain JSON values."""
    by, at = incident.closed_by, incident.closed_at
    return {
        "incident": incident.id,
        "model": incident.model,
        "kind": incident.kind,
        "message": incident.message,
        "details": incident.details,
        "found_by": incident.actor.model_dump(mode="json"),
        "found_at": incident.recorded_at.isoformat(),
        "open": incident.standing,
        "closed_by": by.model_dump(mode="json") if by else None,
        "closed_at": at.isoformat() if at else None,
        "closed_how": incident.closed_how,
    }
