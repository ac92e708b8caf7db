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
    """Say of each model's newest due night whether it began."""
    for watch in watch_nights(ledger, specs.sound.values(), now=now):
        yield Finding("newest night", _LEVELS.get(watch.state, "ok"), str(watch), watch.model)
