"""Upkeep of the book: what may be forgotten, and one at a time who may delete anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.contracts import ArtifactRef
from lamplighter.errors import LedgerUnavailableError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import Database, Lock


@dataclass(frozen=True)
class Champion:
    """A version that was champion on some timeline, and its file."""

    version: str
    artifact: ArtifactRef


class UpkeepPages(Pages):
    """The pages about upkeep."""

    @contextmanager
    def alone(self, act: str) -> Iterator[None]:
        """Let nobody else who asks for this delete or copy anything of the stores meanwhile.

        Nights go on: they only add. The lock goes with the process that holds it.

        Raises
        ------
        LedgerUnavailableError
            If somebody else holds it.
        """
        with alone(self._database, act):
            yield

    def searches_with_trials(self, *, recorded_before: datetime) -> list[str]:
        """Return the keys of the searches begun before an instant that still have trials."""
        searches, claims = tables.searches.c, tables.claims.c
        has_claims = sa.exists().where(claims.search_key == searches.key)
        query = (
            select(searches.key)
            .where(searches.recorded_at < recorded_before, has_claims)
            .order_by(searches.key)
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def forget_trials(self, key: str) -> int:
        """Delete the trials of a search; of one that never ended, the search too.

        What a finished search came to stays, so that it is never run again.

        Returns
        -------
        int
            How many trials went.
        """
        finished = select(tables.search_results.c.search_key).where(
            tables.search_results.c.search_key == key
        )
        with self._database.writing() as connection:
            trials = connection.execute(
                sa.delete(tables.trials).where(tables.trials.c.search_key == key)
            )
            connection.execute(
                sa.delete(tables.reclaims).where(tables.reclaims.c.search_key == key)
            )
            connection.execute(sa.delete(tables.claims).where(tables.claims.c.search_key == key))
            if connection.execute(finished).first() is None:
                connection.execute(sa.delete(tables.searches).where(tables.searches.c.key == key))
        return int(trials.rowcount)

    def releases_anywhere(self, model: str) -> list[Champion]:
        """Return which files a model's releases made champion, on every timeline."""
        releases = tables.releases.c
        query = (
            select(releases.version, releases.artifact)
            .where(releases.model == model)
            .order_by(releases.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [Champion(row.version, ArtifactRef.model_validate(row.artifact)) for row in rows]

    def searches_of(
        self, model: str, *, timeline: str, as_of: datetime
    ) -> dict[str, dict[str, Any]]:
        """Return what the finished searches of a night came to, by their keys."""
        searches, results = tables.searches.c, tables.search_results.c
        query = (
            select(searches.key, results.result)
            .join_from(tables.searches, tables.search_results, results.search_key == searches.key)
            .where(searches.model == model, searches.timeline == timeline, searches.as_of == as_of)
        )
        with self._database.reading() as connection:
            return {row.key: row.result for row in connection.execute(query)}


@contextmanager
def alone(database: Database, act: str) -> Iterator[None]:
    """Hold the lock that everybody takes who deletes or copies. See `UpkeepPages.alone`."""
    with database.lock(Lock.UPKEEP) as held:
        if not held:
            raise LedgerUnavailableError(
                f"cannot {act}: a backup or another upkeep of {database.name} is at work; try "
                "again when it is done"
            )
        yield
