"""Freezes: that nothing may become champion, of one model or of all, until it is lifted.

A freeze is about acts, so it counts on the wall clock: while it stands, no release is recorded on
`live`, whatever day of the data it is for. Days of the data's own calendar in which nothing
changes belong into the spec (`retrain.freeze`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.contracts import Actor
from lamplighter.errors import FrozenError, UsageError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import Lock
from lamplighter.ledger.records import FreezeAct, FreezeKind, ReleaseRequest
from lamplighter.ledger.timelines import LIVE

EVERY_MODEL = "*"


class FreezePages(Pages):
    """The pages about freezes."""

    def freeze(self, model: str, *, reason: str, actor: Actor) -> FreezeAct:
        """Let nothing become champion any more, of one model or of `*`, all of them.

        Releases that are being stored are waited for. What is frozen already stays so: the freeze
        that stands comes back.

        Raises
        ------
        UsageError
            If no reason is given.
        """
        with self._turn(model, reason) as (connection, last):
            if last is not None and last.kind == "freeze":
                return last
            return self._write(connection, model, "freeze", reason, actor, last)

    def unfreeze(self, model: str, *, reason: str, actor: Actor) -> FreezeAct | None:
        """Lift a model's freeze, or with `*` the one over all. None if there was none to lift.

        A model stays frozen as long as either its own freeze or the one over all stands.
        """
        with self._turn(model, reason) as (connection, last):
            if last is None or last.kind == "unfreeze":
                return None
            return self._write(connection, model, "unfreeze", reason, actor, last)

    def standing_freezes(self, model: str) -> list[FreezeAct]:
        """Return what freezes a model now: nothing, its own freeze, the one over all, or both."""
        with self._database.reading() as connection:
            return _standing(connection, model)

    def freeze_acts(self, model: str) -> list[FreezeAct]:
        """Return every freeze and unfreeze of a model or of all models, in their order."""
        freezes = tables.freezes
        query = select(freezes).where(freezes.c.model.in_((model, EVERY_MODEL)))
        with self._database.reading() as connection:
            return [_freeze_act(row) for row in connection.execute(query.order_by(freezes.c.id))]

    @contextmanager
    def _turn(self, model: str, reason: str) -> Iterator[tuple[sa.Connection, FreezeAct | None]]:
        if not reason.strip():
            raise UsageError("a reason is needed; it stands in the ledger for good")
        with self._database.writing() as connection:
            _take_turn(connection, alone=True)
            yield connection, _last(connection, model)

    def _write(
        self,
        connection: sa.Connection,
        model: str,
        kind: FreezeKind,
        reason: str,
        actor: Actor,
        last: FreezeAct | None,
    ) -> FreezeAct:
        row = {
            "key": f"{model}/{kind}/after-{last.id if last else 0}",
            "model": model,
            "kind": kind,
            "reason": reason,
            "actor": actor.name,
            "actor_kind": actor.kind,
            "recorded_at": self._now(),
        }
        connection.execute(sa.insert(tables.freezes).values(**row))
        stored = select(tables.freezes).where(tables.freezes.c.key == row["key"])
        return _freeze_act(connection.execute(stored).one())


def refuse_if_frozen(connection: sa.Connection, request: ReleaseRequest) -> None:
    """Raise FrozenError if the model is frozen; no freeze can begin before the transaction ends."""
    if request.timeline != LIVE:
        return
    if request.even_if_frozen:
        if request.kind != "rollback":
            raise UsageError(f"only a rollback may pass a freeze, not the act {request.kind!r}")
        return
    _take_turn(connection, alone=False)
    standing = _standing(connection, request.model)
    if standing:
        raise FrozenError(f"{request.model} is {' and '.join(str(act) for act in standing)}")


def _take_turn(connection: sa.Connection, *, alone: bool) -> None:
    # On SQLite a writer has the file to itself already. On Postgres many may release at the same
    # time, but none while somebody freezes: otherwise a release that looked before the freeze
    # was stored could be stored after it.
    if connection.dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        connection.execute(select(lock(Lock.FREEZE.value)))


def _standing(connection: sa.Connection, model: str) -> list[FreezeAct]:
    last = (_last(connection, scope) for scope in dict.fromkeys((model, EVERY_MODEL)))
    return [act for act in last if act is not None and act.kind == "freeze"]


def _last(connection: sa.Connection, model: str) -> FreezeAct | None:
    freezes = tables.freezes
    query = select(freezes).where(freezes.c.model == model).order_by(freezes.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _freeze_act(row)


def _freeze_act(row: sa.Row[Any]) -> FreezeAct:
    values = dict(row._mapping)
    values["actor"] = Actor(name=values["actor"], kind=values.pop("actor_kind"))
    return FreezeAct(**values)
