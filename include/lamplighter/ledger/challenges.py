"""Challengers: which version collects evidence in shadow, since when, and why it left.

A model has one challenger at most on a timeline. The place is taken and left by acts, which are
dated on the data's clock, as releases are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.contracts import Actor
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import Challenge, ChallengeAct
from lamplighter.ledger.timelines import checked_timeline


class ChallengePages(Pages):
    """The pages about challengers."""

    def enter_challenger(
        self,
        model: str,
        version: str,
        *,
        timeline: str,
        as_of: datetime,
        reason: str,
        actor: Actor,
        details: Mapping[str, Any] | None = None,
    ) -> Challenge | None:
        """Give a version the challenger's place; None where another one has it.

        None, too, at a time before the last act: what came later stands. The same version again at
        the same time is no act at all: what was stored comes back.
        """
        return self._act("enter", model, version, timeline, as_of, reason, actor, details)

    def leave_challenger(
        self,
        model: str,
        version: str,
        *,
        timeline: str,
        as_of: datetime,
        reason: str,
        actor: Actor,
        details: Mapping[str, Any] | None = None,
    ) -> Challenge | None:
        """Let a version leave the place; None where it does not have it, or took it later."""
        return self._act("leave", model, version, timeline, as_of, reason, actor, details)

    def challenger(
        self, model: str, *, timeline: str = "live", at: datetime | None = None
    ) -> Challenge | None:
        """Return the act by which the challenger took its place; None if the place is free.

        With `at`, as it stood at that time: acts of that very moment count.
        """
        with self._database.reading() as connection:
            last = _last(connection, model, checked_timeline(timeline), at)
        return last if last is not None and last.act == "enter" else None

    def challenges(self, model: str, *, timeline: str = "live") -> list[Challenge]:
        """Return every act about the place, the oldest first."""
        query = _acts(model, checked_timeline(timeline))
        rows = tables.challenges.c
        with self._database.reading() as connection:
            return [
                _challenge(row)
                for row in connection.execute(query.order_by(rows.as_of, rows.id)).all()
            ]

    def _act(
        self,
        act: ChallengeAct,
        model: str,
        version: str,
        timeline: str,
        as_of: datetime,
        reason: str,
        actor: Actor,
        details: Mapping[str, Any] | None,
    ) -> Challenge | None:
        key = f"{model}/{checked_timeline(timeline)}/{act}/{version}/{as_of.isoformat()}"
        row = {
            "key": key,
            "model": model,
            "timeline": timeline,
            "act": act,
            "version": version,
            "as_of": as_of,
            "reason": reason,
            "details": dict(details or {}),
            "actor": actor.name,
            "actor_kind": actor.kind,
            "recorded_at": self._now(),
        }
        stored = select(tables.challenges).where(tables.challenges.c.key == key)
        with self._database.writing() as connection:
            _take_turn(connection, model)
            again = connection.execute(stored).first()
            if again is not None:
                return _challenge(again)
            last = _last(connection, model, timeline, None)
            taken = last is not None and last.act == "enter"
            has_it = last is not None and taken and last.version == version
            came_later = last is not None and last.as_of > as_of
            if came_later or (taken if act == "enter" else not has_it):
                return None
            insert_once(connection, tables.challenges, row, key=["key"])
            return _challenge(connection.execute(stored).one())


def _take_turn(connection: sa.Connection, model: str) -> None:
    # On SQLite a writer has the file to itself already.
    if connection.dialect.name == "postgresql":
        connection.execute(
            select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"challenger of {model}")))
        )


def _acts(model: str, timeline: str) -> sa.Select[Any]:
    rows = tables.challenges.c
    return select(tables.challenges).where(rows.model == model, rows.timeline == timeline)


def _last(
    connection: sa.Connection, model: str, timeline: str, at: datetime | None
) -> Challenge | None:
    rows = tables.challenges.c
    query = _acts(model, timeline)
    if at is not None:
        query = query.where(rows.as_of <= at)
    row = connection.execute(query.order_by(rows.as_of.desc(), rows.id.desc()).limit(1)).first()
    return None if row is None else _challenge(row)


def _challenge(row: sa.Row[Any]) -> Challenge:
    values = dict(row._mapping)
    values["actor"] = Actor(name=values["actor"], kind=values.pop("actor_kind"))
    return Challenge(**values)
