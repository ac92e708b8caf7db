"""`lamplighter reproduce MODEL VERSION`: train a version again, and say whether it is the same."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import OK, print_json
from lamplighter.cli.run_night import Display
from lamplighter.cli.stores import refuse_unknown
from lamplighter.steps.night import Stores
from lamplighter.steps.proof.reproduce import reproduce
from lamplighter.steps.proof.verdict import Reproduction
from lamplighter.steps.usable_cores import usable_cores

DIFFERENT, PURGED = 12, 13


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument("version", help="number of a version that Lamplighter trained")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.epilog = (
        "exit codes: 0 identical or equivalent; 12 different; 13 data purged; 1 error; 2 usage. "
        "Nothing is registered, and nothing is written but to a folder that is deleted at the end"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train the version again, and print what came of it."""
    stores = Stores.from_environment()
    refuse_unknown(stores.ledger, arguments.model)
    with Display() as display:
        display.began("reproduce")
        found = reproduce(
            stores,
            arguments.model,
            arguments.version,
            threads=usable_cores(),
            say=display.said,
        )
    if arguments.json:
        print_json(found.to_json())
    else:
        _print(found)
    if found.same:
        return OK
    return PURGED if found.verdict == "data purged" else DIFFERENT


def _print(found: Reproduction) -> None:
    print(f"version {found.version} of {found.model}: {found.answer}")
    print(f"  {found.reason}")
    if found.origin:
        print(f"  fitted by {found.origin}")
    for difference in found.differences:
        if difference.what not in found.reason:
            print(f"  not as it was ({difference.cause}): {difference.what}")
    for note in found.notes:
        print(f"  note: {note}")
