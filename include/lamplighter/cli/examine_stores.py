"""`lamplighter doctor`: look at the stores, the models, the specs and all that they need."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import ERROR, OK, complain, print_json
from lamplighter.cli.stores import acting_user
from lamplighter.steps.act_of_person import adopt_alias, restore_alias
from lamplighter.steps.doctor.visit import models_folder, visit
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths

_MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", nargs="*", help="models to look at; default all")
    moved = parser.add_mutually_exclusive_group()
    moved.add_argument("--restore", metavar="MODEL", help="move the alias back to the champion")
    moved.add_argument("--adopt", metavar="MODEL", help="make the alias's version champion")
    parser.add_argument("--reason", default="", help="with --adopt: why; goes into the ledger")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Repair if asked to, then look; exit 1 if anything is wrong."""
    stores, actor = Stores.from_environment(), acting_user()
    if arguments.restore:
        version = restore_alias(stores, arguments.restore, actor=actor)
        complain(f"alias 'champion' of {arguments.restore} names version {version} again")
    if arguments.adopt:
        release, _ = adopt_alias(stores, arguments.adopt, reason=arguments.reason, actor=actor)
        complain(f"version {release.version} is champion of {arguments.adopt} in the ledger too")
    paths = StorePaths.from_environment()
    findings = visit(stores, paths, models=arguments.model, specs=models_folder(), actor=actor)
    if arguments.json:
        print_json({"findings": [finding.document() for finding in findings]})
    else:
        for finding in findings:
            subject = f"{finding.model} {finding.check}" if finding.model else finding.check
            print(f"{_MARKS[finding.level]} {subject}: {finding.message}")
    return OK if all(finding.right for finding in findings) else ERROR
