"""`lamplighter history MODEL`: who was champion when, who decided it, and why."""

from __future__ import annotations

import argparse

from lamplighter.cli.freeze_models import as_document as freeze_document
from lamplighter.cli.output import OK, print_json, print_table
from lamplighter.cli.stores import note_missing_spec, open_ledger, refuse_unknown
from lamplighter.ledger import FreezeAct, Release
from lamplighter.ledger.freezes import EVERY_MODEL
from lamplighter.ledger.timelines import LIVE


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument("--timeline", default="live", help="live, or simulated:NAME")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print every release of a model's timeline, oldest first."""
    ledger = open_ledger()
    refuse_unknown(ledger, arguments.model)
    releases = ledger.releases(arguments.model, timeline=arguments.timeline)
    freezes = ledger.freeze_acts(arguments.model) if arguments.timeline == LIVE else []
    if arguments.json:
        print_json(
            {
                "model": arguments.model,
                "releases": [as_document(r) for r in releases],
                "freezes": [freeze_document(act) for act in freezes],
            }
        )
    elif not releases:
        print(f"{arguments.model} has never had a champion on timeline {arguments.timeline}")
    else:
        print_table(
            f"Champions of {arguments.model}",
            ("from", "until", "version", "act", "by", "reason"),
            [
                (
                    f"{r.valid_from:%Y-%m-%d %H:%M %Z}",
                    f"{r.valid_to:%Y-%m-%d %H:%M %Z}" if r.valid_to else "now",
                    r.version,
                    r.kind,
                    f"{r.actor.name} ({r.actor.kind})",
                    r.reason,
                )
                for r in releases
            ],
        )
    if freezes and not arguments.json:
        _print_freezes(arguments.model, freezes)
    if not arguments.json:
        note_missing_spec(arguments.model)
    return OK


def as_document(release: Release) -> dict[str, object]:
    """Return a release as plain JSON values."""
    return {
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
                f"{act.actor.name} ({act.actor.kind})",
                act.reason,
            )
            for act in acts
        ],
    )
