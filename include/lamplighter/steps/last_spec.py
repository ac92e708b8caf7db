"""The spec that a model's last live night ran with."""

from __future__ import annotations

from typing import Any

from lamplighter.ledger import Ledger

_LOOKED_AT = 1_000


def last_spec(ledger: Ledger, model: str) -> dict[str, Any] | None:
    """Return the resolved spec of the newest run on the live timeline; None if it never ran."""
    for stored in ledger.runs(model, limit=_LOOKED_AT):
        if stored.run.timeline == "live":
            return ledger.spec(stored.run.spec_digest)
    return None
