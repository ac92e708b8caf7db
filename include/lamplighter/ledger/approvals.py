"""Approvals: what a person answered, or that nobody did, when a release had to be approved.

The question is a decision of kind `approval`; its answer has the same key, so there is one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from lamplighter.contracts import Actor
from lamplighter.errors import LedgerError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import ApprovalAct, ApprovalAnswer


class ApprovalPages(Pages):
    """The pages about approvals."""

    def record_approval(
        self,
        key: str,
        *,
        decision_key: str,
        version: str,
        answer: ApprovalAnswer,
        reason: str,
        actor: Actor,
        answered_at: datetime | None = None,
    ) -> ApprovalAct:
        """Store the answer to a question, and return the one that stands: the first.

        Parameters
        ----------
        key : str
            That of the question, a decision of kind `approval`.
        decision_key : str
            The promotion that was asked about.
        answered_at : datetime, optional
            By the wall clock; now unless given.

        Raises
        ------
        LedgerError
            If nobody asked under this key.
        """
        decisions, approvals = tables.decisions.c, tables.approvals
        asked = select(tables.decisions).where(decisions.key == key, decisions.kind == "approval")
        now = self._now()
        with self._database.writing() as connection:
            question = connection.execute(asked).first()
            if question is None:
                raise LedgerError(
                    f"the ledger holds no question {key!r}; a question is recorded before its "
                    "answer"
                )
            row = {
                "key": key,
                "model": question.model,
                "timeline": question.timeline,
                "version": version,
                "decision_key": decision_key,
                "answer": answer,
                "reason": reason,
                "as_of": question.as_of,
                "asked_at": question.recorded_at,
                "answered_at": answered_at or now,
                "actor": actor.name,
                "actor_kind": actor.kind,
                "recorded_at": now,
            }
            insert_once(connection, approvals, row, key=["key"])
            stored = connection.execute(select(approvals).where(approvals.c.key == key)).one()
        return _approval(stored)

    def approval(self, key: str) -> ApprovalAct | None:
        """Return the answer to the question with this key; None while there is none."""
        query = select(tables.approvals).where(tables.approvals.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _approval(row)

    def approvals(self, model: str, *, limit: int = 100) -> list[ApprovalAct]:
        """Return the newest answers about a model, the newest first."""
        approvals = tables.approvals
        query = select(approvals).where(approvals.c.model == model).order_by(approvals.c.id.desc())
        with self._database.reading() as connection:
            return [_approval(row) for row in connection.execute(query.limit(limit))]


def _approval(row: Row[Any]) -> ApprovalAct:
    values = dict(row._mapping)
    values["actor"] = Actor(name=values["actor"], kind=values.pop("actor_kind"))
    return ApprovalAct(**values)
