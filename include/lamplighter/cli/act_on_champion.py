"""`lamplighter promote` and `lamplighter rollback`: a person's acts, each with a reason."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import OK, complain, print_json
from lamplighter.cli.show_history import as_document
from lamplighter.cli.stores import acting_user
from lamplighter.steps.act_of_person import promote_version, roll_back
from lamplighter.steps.night import Stores
from lamplighter.steps.version_facts import facts_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    if parser.prog.endswith("promote"):
        parser.add_argument("--version", required=True, help="the registered version's number")
    else:
        parser.add_argument(
            "--even-if-frozen",
            action="store_true",
            help="roll back although the model is frozen: for an emergency",
        )
    parser.add_argument("--reason", required=True, help="why; stands in the ledger for good")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the act and say who is champion now."""
    stores, actor = Stores.from_environment(), acting_user()
    if arguments.command == "promote":
        release, warning = promote_version(
            stores, arguments.model, arguments.version, reason=arguments.reason, actor=actor
        )
    else:
        release, warning = roll_back(
            stores,
            arguments.model,
            reason=arguments.reason,
            actor=actor,
            even_if_frozen=arguments.even_if_frozen,
        )
    if warning:
        complain(warning)
    if arguments.json:
        facts = facts_of(stores.ledger, arguments.model, release.version)
        print_json({"model": arguments.model, "champion": as_document(release, facts)})
    else:
        print(
            f"version {release.version} is champion of {arguments.model} "
            f"from {release.valid_from:%Y-%m-%d %H:%M:%S %Z} on"
        )
    return OK
