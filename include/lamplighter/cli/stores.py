"""Open the stores for a command, and say who is acting."""

from __future__ import annotations

import getpass

from lamplighter.contracts import Actor
from lamplighter.ledger import Ledger


def open_ledger() -> Ledger:
    """Open the ledger that the environment names, without loading any other library."""
    from lamplighter.steps.store_paths import StorePaths

    return Ledger.open(StorePaths.from_environment().ledger)


def acting_user() -> Actor:
    """Return the operating-system user as the one who acts."""
    return Actor(name=getpass.getuser(), kind="os_user")
