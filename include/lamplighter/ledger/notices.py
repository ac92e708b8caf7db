"""Notices: what an owner was told, so that nobody is told the same thing twice."""

from __future__ import annotations

from sqlalchemy import select

from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import Notice


class NoticePages(Pages):
    """The pages about notices."""

    def notice(self, key: str) -> Notice | None:
        """Return what was told under this key."""
        query = select(tables.notices).where(tables.notices.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Notice(**row._mapping)

    def record_notice(
        self, key: str, *, model: str, event: str, level: str, message: str, via: str
    ) -> None:
        """Store that something was told; the first record under a key stands."""
        row = {
            "key": key,
            "model": model,
            "event": event,
            "level": level,
            "message": message,
            "via": via,
            "recorded_at": self._now(),
        }
        with self._database.writing() as connection:
            insert_once(connection, tables.notices, row, key=["key"])

    def notices(self, model: str, *, limit: int = 100) -> list[Notice]:
        """Return the newest notices about a model, the newest first."""
        notices = tables.notices
        query = select(notices).where(notices.c.model == model).order_by(notices.c.id.desc())
        with self._database.reading() as connection:
            return [Notice(**row._mapping) for row in connection.execute(query.limit(limit))]
