"""A version by its number, or an error that names the ones there are."""

from __future__ import annotations

from lamplighter.errors import UsageError
from lamplighter.ledger import Ledger, Version


def known_version(ledger: Ledger, model: str, version: str) -> Version:
    """Return a version that the ledger knows.

    Raises
    ------
    UsageError
        If it knows none of this number.
    """
    found = ledger.version(model, version)
    if found is None:
        known = ", ".join(v.version for v in ledger.versions(model)) or "none"
        raise UsageError(
            f"{model} has no version {version!r}; the ledger knows {known}. One that others "
            "registered comes in by 'lamplighter adopt'"
        )
    return found
