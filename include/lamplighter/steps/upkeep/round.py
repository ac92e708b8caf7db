"""One round of upkeep: what every duty needs, and what each one brings back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lamplighter.contracts import Actor, Keep, Upkeep
from lamplighter.steps.night import Stores

_MOST_SENTENCES = 40


def _silent(_: str) -> None:
    return None


@dataclass(frozen=True)
class Round:
    """What a duty may know and touch.

    Parameters
    ----------
    actor : Actor
        Who asked for the round; what it finds is an incident in the ledger under this name.
    specs : Path, optional
        The folder of the specs; without it, no night can be late.
    logs : Path, optional
        Airflow's folder of logs; without it, or with logs kept elsewhere, none are deleted.
    now : datetime
        The wall clock: upkeep is about how old things are, not about what data said when.
    """

    stores: Stores
    actor: Actor
    keep: Keep = field(default_factory=Keep)
    dry_run: bool = False
    specs: Path | None = None
    logs: Path | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    say: Callable[[str], None] = _silent

    def before(self, **ago: Any) -> datetime:
        """Return the instant that lies so long before now, such as ``days=7``."""
        return self.now - timedelta(**ago)

    def report(self, duty: str, *, done: list[str], found: list[str] | None = None) -> Upkeep:
        """Return what a duty did and what it found for a person to look at; say it all first."""
        found = found or []
        for sentence in (*done, *found):
            self.say(f"would have {sentence}" if self.dry_run and sentence in done else sentence)
        return Upkeep(
            duty=duty, done=_shortened(done), found=_shortened(found), dry_run=self.dry_run
        )


def _shortened(sentences: list[str]) -> tuple[str, ...]:
    if len(sentences) <= _MOST_SENTENCES:
        return tuple(sentences)
    rest = len(sentences) - _MOST_SENTENCES
    return (*sentences[:_MOST_SENTENCES], f"and {rest} more, see the log")
