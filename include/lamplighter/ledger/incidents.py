"""Incidents: what was found to be wrong and by whom, from when on, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.contracts import Actor
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import Incident


class IncidentPages(Pages):
    """The pages about incidents."""

    def open_incident(
        self,
        model: str,
        *,
        kind: str,
        about: str,
        message: str,
        details: Mapping[str, Any],
        actor: Actor,
    ) -> Incident:
        """Write down an incident once. While it stands, the same one found again changes nothing.

        Parameters
        ----------
        kind : str
            What sort of incident, such as `alias`.
        about : str
            What makes it another incident than the last of its kind.
        message : str
            What was found, in one sentence.
        details : mapping
            The same as plain JSON values.
        actor : Actor
            Who looked and found it; not who caused it.
        """
        stem = f"{model}/{kind}/{about}"
        with self._database.writing() as connection:
            same = [i for i in _incidents(connection, model) if i.key.rpartition("/")[0] == stem]
            if same and same[-1].standing:
                return same[-1]
            # The key counts how often it happened, so two who find it at once write one row.
            key = f"{stem}/{len(same) + 1}"
            row = self._incident_row(key, "open", model, kind, message, details, actor)
            insert_once(connection, tables.incidents, row, key=["key"])
            return next(i for i in _incidents(connection, model) if i.key == key)

    def close_incident(
        self,
        incident: Incident,
        *,
        how: str,
        actor: Actor,
        details: Mapping[str, Any] | None = None,
    ) -> Incident:
        """Write down how an incident ended. Who says so first stands."""
        row = self._incident_row(
            incident.key, "close", incident.model, incident.kind, how, details or {}, actor
        )
        with self._database.writing() as connection:
            insert_once(connection, tables.incidents, row, key=["key"])
            known = _incidents(connection, incident.model)
            return next(i for i in known if i.key == incident.key)

    def incidents(self, model: str | None = None) -> list[Incident]:
        """Return the incidents of a model, or of all, in the order of being found."""
        with self._database.reading() as connection:
            return _incidents(connection, model)

    def standing_incidents(self, model: str, *, kind: str | None = None) -> list[Incident]:
        """Return the incidents of a model that nobody closed yet."""
        return [
            incident
            for incident in self.incidents(model)
            if incident.standing and kind in (None, incident.kind)
        ]

    def _incident_row(
        self,
        incident: str,
        act: str,
        model: str,
        kind: str,
        message: str,
        details: Mapping[str, Any],
        actor: Actor,
    ) -> dict[str, Any]:
        return {
            "key": f"{incident}/{act}",
            "incident": incident,
            "model": model,
            "act": act,
            "kind": kind,
            "message": message,
            "details": dict(details),
            "actor": actor.name,
            "actor_kind": actor.kind,
            "recorded_at": self._now(),
        }


def _incidents(connection: sa.Connection, model: str | None) -> list[Incident]:
    incidents = tables.incidents
    query = select(incidents).order_by(incidents.c.id)
    if model is not None:
        query = query.where(incidents.c.model == model)
    rows = connection.execute(query).all()
    closed = {row.incident: row for row in rows if row.act == "close"}
    return [_incident(row, closed.get(row.incident)) for row in rows if row.act == "open"]


def _incident(opened: sa.Row[Any], closed: sa.Row[Any] | None) -> Incident:
    return Incident(
        id=opened.id,
        key=opened.incident,
        model=opened.model,
        kind=opened.kind,
        message=opened.message,
        details=opened.details,
        actor=Actor(name=opened.actor, kind=opened.actor_kind),
        recorded_at=opened.recorded_at,
        closed_by=Actor(name=closed.actor, kind=closed.actor_kind) if closed else None,
        closed_at=closed.recorded_at if closed else None,
        closed_how=closed.message if closed else None,
    )
