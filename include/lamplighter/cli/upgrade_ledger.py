"""`lamplighter upgrade`: bring the ledger's schema up to this version."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import OK
from lamplighter.ledger import Ledger
from lamplighter.steps.store_paths import StorePaths


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(arguments: argparse.Namespace) -> int:
    """Upgrade the schema; nothing is lost, and a second call does nothing."""
    Ledger.upgrade(StorePaths.from_environment().ledger)
    print("the ledger's schema is the one of this version")
    return OK
