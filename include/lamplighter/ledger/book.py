"""What all pages of the ledger share: a database, and the wall clock that dates each row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lamplighter.ledger.database import Database


def utc_now() -> datetime:
    """Return the wall clock's time."""
    return datetime.now(UTC)


class Pages:
    """A part of the ledger."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now
