"""Known defects of versions: what somebody found wrong with one, and that it was mended."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.contracts import Actor
from lamplighter.errors import UsageError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import Defect


class DefectPages(Pages):
    """The pages about known defects."""

    def report_defect(self, model: str, version: str, description: str, *, actor: Actor) -> Defect:
        """Write down a defect of a version. What stands already, in the same words, comes back.

        Raises
        ------
        UsageError
            If nothing is described.
        """
        if not description.strip():
            raise UsageError("a defect needs words; they stand in the ledger for good")
        digest = hashlib.sha256(description.encode()).hexdigest()[:16]
        with self._database.writing() as connection:
            same = [
                defect
                for defect in _defects(connection, model, version)
                if defect.description == description
            ]
            if same and same[-1].standing:
                return same[-1]
            # The key counts how often it was found, so two who find it at once write one row.
            key = f"{model}/{version}/defect-{digest}/{len(same) + 1}"
            row = self._defect_row(key, "found", model, version, description, actor)
            insert_once(connection, tables.defects, row, key=["key"])
            return next(d for d in _defects(connection, model, version) if d.key == key)

    def mend_defect(self, model: str, number: int, *, reason: str, actor: Actor) -> Defect:
        """Write down that a defect is one no longer, and why. Who says so first stands.

        Raises
        ------
        UsageError
            If the model has no defect of this number, or no reason is given.
        """
        if not reason.strip():
            raise UsageError("a reason is needed; it stands in the ledger for good")
        with self._database.writing() as connection:
            known = _defects(connection, model)
            found = next((defect for defect in known if defect.id == number), None)
            if found is None:
                numbers = ", ".join(str(d.id) for d in known if d.standing) or "none"
                raise UsageError(
                    f"{model} has no known defect {number}; those that stand are {numbers}"
                )
            row = self._defect_row(found.key, "mended", model, found.version, reason, actor)
            insert_once(connection, tables.defects, row, key=["key"])
            return next(d for d in _defects(connection, model) if d.id == number)

    def defects(self, model: str, version: str | None = None) -> list[Defect]:
        """Return the defects of a model's versions, or of one, in the order of being found."""
        with self._database.reading() as connection:
            return _defects(connection, model, version)

    def _defect_row(
        self, defect: str, act: str, model: str, version: str, description: str, actor: Actor
    ) -> dict[str, Any]:
        return {
            "key": f"{defect}/{act}",
            "defect": defect,
            "act": act,
            "model": model,
            "version": version,
            "description": description,
            "actor": actor.name,
            "actor_kind": actor.kind,
            "recorded_at": self._now(),
        }


def _defects(connection: sa.Connection, model: str, version: str | None = None) -> list[Defect]:
    defects = tables.defects
    query = select(defects).where(defects.c.model == model).order_by(defects.c.id)
    if version is not None:
        query = query.where(defects.c.version == version)
    rows = connection.execute(query).all()
    mended = {row.defect: row for row in rows if row.act == "mended"}
    return [_defect(row, mended.get(row.defect)) for row in rows if row.act == "found"]


def _defect(found: sa.Row[Any], mended: sa.Row[Any] | None) -> Defect:
    return Defect(
        id=found.id,
        key=found.defect,
        model=found.model,
        version=found.version,
        description=found.description,
        actor=Actor(name=found.actor, kind=found.actor_kind),
        recorded_at=found.recorded_at,
        mended_by=Actor(name=mended.actor, kind=mended.actor_kind) if mended else None,
        mended_at=mended.recorded_at if mended else None,
        mended_because=mended.description if mended else None,
    )
