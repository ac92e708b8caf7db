"""Decisions: whether to train, whether to promote, and why a night stopped or how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from lamplighter.contracts import Actor
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import Decision, DecisionKind
from lamplighter.ledger.timelines import checked_timeline


class DecisionPages(Pages):
    """The pages about decisions."""

    def record_decision(
        self,
        key: str,
        *,
        run_key: str,
        model: str,
        timeline: str,
        kind: DecisionKind,
        verdict: str,
        reason: str,
        evidence: Mapping[str, Any],
        as_of: datetime,
        actor: Actor,
        champion_version: str | None = None,
        candidate_version: str | None = None,
    ) -> Decision:
        """Store a decision, and return the one that is stored under its key.

        A step that is tried again may come to other numbers; the first decision stands.
        """
        row = {
            "key": key,
            "run_key": run_key,
            "model": model,
            "timeline": checked_timeline(timeline),
            "kind": kind,
            "verdict": verdict,
            "reason": reason,
            "evidence": dict(evidence),
            "as_of": as_of,
            "champion_version": champion_version,
            "candidate_version": candidate_version,
            "actor": actor.name,
            "actor_kind": actor.kind,
            "recorded_at": self._now(),
        }
        stored = select(tables.decisions).where(tables.decisions.c.key == key)
        with self._database.writing() as connection:
            insert_once(connection, tables.decisions, row, key=["key"])
            return _decision(connection.execute(stored).one())

    def decision(self, key: str) -> Decision | None:
        """Return the decision with this key."""
        query = select(tables.decisions).where(tables.decisions.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _decision(row)

    def decisions(
        self,
        model: str,
        *,
        timeline: str = "live",
        kind: DecisionKind | None = None,
        run_key: str | None = None,
        limit: int = 100,
    ) -> list[Decision]:
        """Return the newest decisions about a model on a timeline, the newest first."""
        columns = tables.decisions.c
        query = (
            select(tables.decisions)
            .where(columns.model == model, columns.timeline == checked_timeline(timeline))
            .order_by(columns.id.desc())
            .limit(limit)
        )
        if kind is not None:
            query = query.where(columns.kind == kind)
        if run_key is not None:
            query = query.where(columns.run_key == run_key)
        with self._database.reading() as connection:
            return [_decision(row) for row in connection.execute(query)]


def _decision(row: Row[Any]) -> Decision:
    values = dict(row._mapping)
    values["actor"] = Actor(name=values["actor"], kind=values.pop("actor_kind"))
    return Decision(**values)
