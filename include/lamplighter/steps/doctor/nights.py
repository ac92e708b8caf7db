"""Nights: the newest one that was due has begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lamplighter.ledger import Ledger
from lamplighter.steps.doctor.finding import Finding, Level
from lamplighter.steps.doctor.specs import Specs
from lamplighter.steps.late_nights import Punctuality, watch_nights

_LEVELS: dict[Punctuality, Level] = {"late": "wrong", "never scheduled": "note"}


def examine_nights(specs: Specs, ledger: Ledger, *, now: datetime) -> Iterator[Finding]:
    """Say which models' newest due night never began; the others are counted."""
    watches = watch_nights(ledger, specs.sound.values(), now=now)
    levels = {watch.model: _LEVELS.get(watch.state, "ok") for watch in watches}
    fine = sum(level == "ok" for level in levels.values())
    if fine:
        said = f"of {fine} models the newest night that was due has begun, or none was due"
        yield Finding("newest night", "ok", said)
    for watch in watches:
        if levels[watch.model] != "ok":
            yield Finding("newest night", levels[watch.model], str(watch), watch.model)
