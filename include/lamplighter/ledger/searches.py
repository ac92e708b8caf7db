"""Searches: which worker tries which trial, what came out, and the finished result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.errors import LedgerError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import Search, Trial, TrialStatus
from lamplighter.ledger.timelines import checked_timeline

KNOWLEDGE_TIME = "knowledge_time"
"""A search's setting: the time until which it knew labels."""

REFIT_OF = "refit_of"
"""Settings that hold it are of no search: a version was fitted again as it was configured."""


class SearchPages(Pages):
    """The pages about searches."""

    def open_search(
        self, key: str, *, model: str, as_of: datetime, timeline: str, settings: Mapping[str, Any]
    ) -> Search:
        """Begin a search, or join the one that is stored under this key."""
        row = {
            "key": key,
            "model": model,
            "timeline": checked_timeline(timeline),
            "as_of": as_of,
            "settings": dict(settings),
            "recorded_at": self._now(),
        }
        stored = select(tables.searches).where(tables.searches.c.key == key)
        with self._database.writing() as connection:
            insert_once(connection, tables.searches, row, key=["key"])
            return Search(**connection.execute(stored).one()._mapping)

    def search(self, key: str) -> Search | None:
        """Return a search by its key."""
        query = select(tables.searches).where(tables.searches.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Search(**row._mapping)

    def finished_before(
        self, model: str, *, timeline: str, as_of: datetime, known_until: datetime, limit: int
    ) -> list[str]:
        """Return the keys of the last searches that ended on nights before, the newest first.

        Searches whose settings name a `knowledge_time` after `known_until` are left out: they have
        learnt from labels that came later. So are refits, which tried nothing.
        """
        searches, results = tables.searches.c, tables.search_results.c
        query = (
            select(searches.key, searches.settings)
            .join_from(tables.searches, tables.search_results, results.search_key == searches.key)
            .where(searches.model == model, searches.timeline == checked_timeline(timeline))
            .where(searches.as_of < as_of)
            .order_by(searches.as_of.desc(), searches.recorded_at.desc(), searches.key)
        )

        def fits(settings: Mapping[str, Any]) -> bool:
            stated = settings.get(KNOWLEDGE_TIME)
            early = stated is None or datetime.fromisoformat(stated) <= known_until
            return early and REFIT_OF not in settings

        with self._database.reading() as connection:
            known = (key for key, settings in connection.execute(query) if fits(settings))
            return list(islice(known, limit))

    def claim_trial(
        self,
        key: str,
        *,
        worker: int,
        limit: int | None,
        abandoned_after: timedelta | None = None,
    ) -> int | None:
        """Give a worker the index of its next trial; None when `limit` trials are given out.

        What the worker claimed before and never finished comes first: it died, and is back. Then
        what another worker claimed longer than `abandoned_after` ago and never finished: it died,
        and its trial is given out again. Otherwise no index is ever given to two workers. How
        often an index was given out is counted; see `claims_of`.

        Raises
        ------
        LedgerError
            If no search was opened under this key.
        """
        while True:
            with self._database.writing() as connection:
                _take_turn(connection, key)
                unfinished = _unfinished(connection, key)
                for claim in unfinished:
                    if claim.worker == worker:
                        self._give_again(connection, key, claim, worker)
                        return claim.index
                abandoned = self._first_abandoned(unfinished, abandoned_after)
                if abandoned is not None:
                    if self._give_again(connection, key, abandoned, worker):
                        return abandoned.index
                    continue  # another worker was faster
                index = _next_index(connection, key)
                if limit is not None and index >= limit:
                    return None
                row = {
                    "search_key": key,
                    "index": index,
                    "worker": worker,
                    "recorded_at": self._now(),
                }
                if insert_once(connection, tables.claims, row, key=["search_key", "index"]):
                    return index
            # Another worker was first; the index after it is free.

    def claims_of(self, key: str, index: int) -> int:
        """Return how often a trial was given out: more than once if workers died over it."""
        claims, again = tables.claims.c, tables.reclaims.c
        first = select(claims.index).where(claims.search_key == key, claims.index == index)
        turns = select(sa.func.max(again.turn)).where(again.search_key == key, again.index == index)
        with self._database.reading() as connection:
            if connection.execute(first).first() is None:
                return 0
            return 1 + int(connection.execute(turns).scalar() or 0)

    def _give_again(self, connection: sa.Connection, key: str, claim: _Claim, worker: int) -> bool:
        """Write down that a trial is given out once more, unless another worker is faster."""
        row = {
            "search_key": key,
            "index": claim.index,
            "turn": claim.turn + 1,
            "worker": worker,
            "recorded_at": self._now(),
        }
        return insert_once(connection, tables.reclaims, row, key=["search_key", "index", "turn"])

    def _first_abandoned(
        self, unfinished: Sequence[_Claim], abandoned_after: timedelta | None
    ) -> _Claim | None:
        if abandoned_after is None:
            return None
        now = self._now()
        return next((c for c in unfinished if now - c.recorded_at > abandoned_after), None)

    def add_trial(
        self,
        key: str,
        *,
        index: int,
        worker: int,
        algorithm: str,
        params: Mapping[str, Any],
        loss: float | None,
        seconds: float,
        status: TrialStatus,
        error: str = "",
        folds: Sequence[float] = (),
        fidelity: float = 1.0,
    ) -> Trial:
        """Store what a trial came to, and return the one that is stored at this index.

        Raises
        ------
        LedgerError
            If the index was not claimed, or if the loss is NaN or infinite.
        """
        if loss is not None and not math.isfinite(loss):
            raise LedgerError(
                f"trial {index} has the loss {loss}; record it as failed, with no loss"
            )
        row = {
            "search_key": key,
            "index": index,
            "worker": worker,
            "algorithm": algorithm,
            "params": dict(params),
            "loss": None if loss is None else float(loss),
            "seconds": float(seconds),
            "status": status,
            "error": error,
            "folds": [float(loss) for loss in folds],
            "fidelity": float(fidelity),
            "recorded_at": self._now(),
        }
        claims = tables.claims.c
        claimed = select(claims.index).where(claims.search_key == key, claims.index == index)
        with self._database.writing() as connection:
            if connection.execute(claimed).first() is None:
                raise LedgerError(f"trial {index} of {key} was not claimed; call claim_trial first")
            insert_once(connection, tables.trials, row, key=["search_key", "index"])
            query = _trials(key).where(tables.trials.c.index == index)
            return _trial(connection.execute(query).one())

    def trials(self, key: str) -> list[Trial]:
        """Return the trials of a search that ended, by index."""
        query = _trials(key).order_by(tables.trials.c.index)
        with self._database.reading() as connection:
            return [_trial(row) for row in connection.execute(query)]

    def finish_search(self, key: str, result: Mapping[str, Any]) -> dict[str, Any]:
        """Store the result of a search, and return the one that is stored."""
        row = {"search_key": key, "result": dict(result), "recorded_at": self._now()}
        with self._database.writing() as connection:
            _require_search(connection, key)
            insert_once(connection, tables.search_results, row, key=["search_key"])
            stored: dict[str, Any] = connection.execute(_result(key)).scalar_one()
        return stored

    def finished_search(self, key: str) -> dict[str, Any] | None:
        """Return the result of a search, None while it goes on."""
        with self._database.reading() as connection:
            stored: dict[str, Any] | None = connection.execute(_result(key)).scalar()
        return stored


@dataclass(frozen=True)
class _Claim:
    """Who holds a trial since when, and how often it was taken over before."""

    index: int
    worker: int
    recorded_at: datetime
    turn: int = 0


def _take_turn(connection: sa.Connection, key: str) -> None:
    # On SQLite a writer has the file to itself already. On Postgres a worker that was started
    # twice would see its own claim between two statements, and take another one beside it.
    if connection.dialect.name == "postgresql":
        turn = sa.func.hashtext(f"claims of {key}")
        connection.execute(select(sa.func.pg_advisory_xact_lock(turn)))


def _unfinished(connection: sa.Connection, key: str) -> list[_Claim]:
    claims, trials, again = tables.claims.c, tables.trials.c, tables.reclaims.c
    ended = (claims.search_key == trials.search_key) & (claims.index == trials.index)
    given_out = (
        select(claims.index, claims.worker, claims.recorded_at)
        .select_from(tables.claims.outerjoin(tables.trials, ended))
        .where(claims.search_key == key, trials.index.is_(None))
    )
    held = [_Claim(**row._mapping) for row in connection.execute(given_out)]
    if held:
        taken_over = (
            select(again.index, again.worker, again.recorded_at, again.turn)
            .where(again.search_key == key, again.index.in_(claim.index for claim in held))
            .order_by(again.turn)
        )
        held += [_Claim(**row._mapping) for row in connection.execute(taken_over)]
    newest = {claim.index: claim for claim in held}
    return [newest[index] for index in sorted(newest)]


def _trial(row: sa.Row[Any]) -> Trial:
    stored = dict(row._mapping)
    folds, fidelity = stored.pop("folds"), stored.pop("fidelity")
    return Trial(**stored, folds=tuple(folds or ()), fidelity=1.0 if fidelity is None else fidelity)


def _next_index(connection: sa.Connection, key: str) -> int:
    claims = tables.claims.c
    newest = connection.execute(
        select(sa.func.max(claims.index)).where(claims.search_key == key)
    ).scalar()
    if newest is None:
        _require_search(connection, key)
        return 0
    return int(newest) + 1


def _require_search(connection: sa.Connection, key: str) -> None:
    query = select(tables.searches.c.key).where(tables.searches.c.key == key)
    if connection.execute(query).first() is None:
        raise LedgerError(f"the ledger holds no search {key}; call open_search first")


def _trials(key: str) -> sa.Select[Any]:
    trials = tables.trials
    own = [column for column in trials.columns if column.name != "search_key"]
    return select(*own).where(trials.c.search_key == key)


def _result(key: str) -> sa.Select[Any]:
    results = tables.search_results.c
    return select(results.result).where(results.search_key == key)
