"""`lamplighter champion MODEL [--at T]`: who is champion, or was at a time."""

from __future__ import annotations

import argparse

from lamplighter.cli.freeze_models import as_document as freeze_document
from lamplighter.cli.output import ERROR, OK, complain, print_json
from lamplighter.cli.show_history import as_document
from lamplighter.cli.stores import open_ledger, refuse_unknown, zone_of
from lamplighter.cli.times import parse_time


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument(
        "--at", metavar="T", help="date or time, in the zone of the spec unless it has its own"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print the champion; exit 1 if there was none."""
    ledger = open_ledger()
    refuse_unknown(ledger, arguments.model)
    zone = zone_of(ledger, arguments.model)
    at = parse_time(arguments.at, zone, option="--at") if arguments.at else None
    champion = ledger.champion(arguments.model, at=at)
    freezes = [] if at else ledger.standing_freezes(arguments.model)
    frozen = [freeze_document(freeze) for freeze in freezes]
    when = f" at {at.isoformat()}" if at else ""
    if champion is None:
        complain(
            f"{arguments.model} has no champion{when}; "
            f"'lamplighter history {arguments.model}' lists all there were"
        )
        if arguments.json:
            print_json({"model": arguments.model, "champion": None, "frozen": frozen})
        return ERROR
    if arguments.json:
        shown = as_document(champion)
        print_json({"model": arguments.model, "champion": shown, "frozen": frozen})
    else:
        verb = "was" if at else "is"
        print(
            f"version {champion.version} {verb} champion of {arguments.model}{when}, "
            f"since {champion.valid_from:%Y-%m-%d %H:%M %Z}, by {champion.actor.name} "
            f"({champion.kind}): {champion.reason}"
        )
        for freeze in freezes:
            print(f"{arguments.model} is {freeze}")
    return OK
