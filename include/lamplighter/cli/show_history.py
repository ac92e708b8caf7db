"""`lamplighter history MODEL`: who was champion when, who decided it, and why."""

from __future__ import annotations

import argparse

from lamplighter.cli.freeze_models import as_document as freeze_document
from lamplighter.cli.output import OK, print_json, print_table
from lamplighter.cli.show_incidents import as_document as incident_document
from lamplighter.cli.show_incidents import print_incidents
from lamplighter.cli.stores import (
    note_missing_spec,
    open_ledger,
    refuse_unknown,
    refuse_unknown_timeline,
)
from lamplighter.ledger import FreezeAct, Release
from lamplighter.ledger.freezes import EVERY_MODEL
from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.version_facts import UNKNOWN, VersionFacts, facts_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument("--timeline", default="live", help="live, or simulated:NAME")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print every release of a model's timeline, oldest first."""
    ledger = open_ledger()
    refuse_unknown(ledger, arguments.model)
    refuse_unknown_timeline(ledger, arguments.model, arguments.timeline)
    live = arguments.timeline == LIVE
    releases = ledger.releases(arguments.model, timeline=arguments.timeline)
    facts = {r.version: facts_of(ledger, arguments.model, r.version) for r in releases}
    freezes = ledger.freeze_acts(arguments.model) if live else []
    incidents = ledger.incidents(arguments.model) if live else []
    if arguments.json:
        print_json(
            {
                "model": arguments.model,
                "releases": [as_document(r, facts[r.version]) for r in releases],
                "freezes": [freeze_document(act) for act in freezes],
                "incidents": [incident_document(incident) for incident in incidents],
            }
        )
    elif not releases:
        print(f"{arguments.model} has never had a champion on timeline {arguments.timeline}")
    else:
        print_table(
            f"Champions of {arguments.model}",
            ("from", "until", "version", "act", "by", "performance", "known defects", "reason"),
            [
                (
                    f"{r.valid_from:%Y-%m-%d %H:%M %Z}",
                    f"{r.valid_to:%Y-%m-%d %H:%M %Z}" if r.valid_to else "now",
                    facts[r.version].name,
                    r.kind,
                    r.actor,
                    facts[r.version].performance or UNKNOWN,
                    facts[r.version].defect_words or "-",
                    r.reason,
                )
                for r in releases
            ],
        )
    if freezes and not arguments.json:
        _print_freezes(arguments.model, freezes)
    if incidents and not arguments.json:
        print_incidents(f"Incidents of {arguments.model}, by the wall clock", incidents)
    if not arguments.json:
        note_missing_spec(arguments.model)
    return OK


def as_document(release: Release, facts: VersionFacts | None = None) -> dict[str, object]:
    """Return a release as plain JSON values, with what its version carries if that is given."""
    return {
        **(facts.document() if facts else {}),
        "release": release.id,
        "version": release.version,
        "kind": release.kind,
        "valid_from": release.valid_from.isoformat(),
        "valid_to": release.valid_to.isoformat() if release.valid_to else None,
        "as_of": release.as_of.isoformat(),
        "recorded_at": release.recorded_at.isoformat(),
        "actor": release.actor.model_dump(mode="json"),
        "reason": release.reason,
        "artifact_digest": release.artifact.digest,
    }


def _print_freezes(model: str, acts: list[FreezeAct]) -> None:
    print_table(
        f"Freezes of {model}, by the wall clock",
        ("at", "act", "of", "by", "reason"),
        [
            (
                f"{act.recorded_at:%Y-%m-%d %H:%M %Z}",
                act.kind,
                "all models" if act.model == EVERY_MODEL else act.model,
                act.actor,
                act.reason,
            )
            for act in acts
        ],
    )
