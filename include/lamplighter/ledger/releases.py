"""Releases: the chain of champions, and the compare-and-swap that keeps it a chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.contracts import Actor, ArtifactRef
from lamplighter.errors import LedgerError, StaleReleaseError, UsageError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.column_types import Instant
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.freezes import refuse_if_frozen
from lamplighter.ledger.records import Release, ReleaseRequest
from lamplighter.ledger.timelines import LIVE, checked_timeline

_MOMENT = timedelta(microseconds=1)  # the finest step of time that the ledger keeps


class ReleasePages(Pages):
    """The pages about releases."""

    def release(self, request: ReleaseRequest) -> Release:
        """Make a version champion, if the champion is still the one it was judged against.

        The same key again is no act at all: what was stored first comes back, whatever
        happened since.

        Raises
        ------
        FrozenError
            If the model, or all models, are frozen on `live`.
        StaleReleaseError
            If another release came in between, or if on `live` the release does not lie after
            the last one in time.
        LedgerError
            If the key stands for a release of something else.
        UsageError
            If `valid_from` lies before `as_of`, a time has no zone, or the timeline no such name.
        """
        _check_request(request)
        with self._database.writing() as connection:
            # The head before the key: Postgres shows each query what was committed by then, and
            # this act, done by another process, must not look like somebody else's release.
            head = _head(connection, request.model, request.timeline)
            stored = _stored(connection, request.key)
            if stored is None:
                refuse_if_frozen(connection, request)
                _check_predecessor(connection, request, head)
                _check_time(request, head)
                _check_decision(connection, request)
                row = _row(request, predecessor=0 if head is None else head.id)
                insert_once(connection, tables.releases, {**row, "recorded_at": self._now()})
                stored = _stored(connection, request.key)
            if stored is None:  # on Postgres another one was stored since we looked
                head = _head(connection, request.model, request.timeline)
                raise _stale(request, head)
        return _same_act(request, stored)

    def champion(
        self, model: str, *, timeline: str = LIVE, at: datetime | None = None
    ) -> Release | None:
        """Return the release that was champion at a time, on the data's clock.

        Parameters
        ----------
        model : str
            Name of the model.
        timeline : str
            `live`, or a simulated one. Before its first own release, a simulated timeline has
            the champion that `live` had at that time.
        at : datetime, optional
            None asks for the newest release.

        Returns
        -------
        Release or None
            None when there was no champion yet.
        """
        checked_timeline(timeline)
        with self._database.reading() as connection:
            return _champion(connection, model, timeline, at)

    def releases(self, model: str, *, timeline: str = LIVE) -> list[Release]:
        """Return a timeline's own releases, in the order of their time as champion."""
        chain = _chain(model, checked_timeline(timeline))
        query = select(chain).order_by(chain.c.valid_from, chain.c.id)
        with self._database.reading() as connection:
            return [_release(row) for row in connection.execute(query)]

    def release_by_key(self, key: str) -> Release | None:
        """Return the release that was stored under this key."""
        with self._database.reading() as connection:
            return _stored(connection, key)

    def data_clock(self, model: str) -> datetime:
        """Return what time it is on the clock of the model's data, for acts by a person.

        It is the latest `as_of` of any live run (dry runs apart), plus the wall time since that
        run was recorded; and always after the last live release, so that a person can act on it.

        Raises
        ------
        LedgerError
            If the model has neither a live run nor a live release, so that nobody knows.
        """
        now = self._now()
        with self._database.reading() as connection:
            ran = _last_live_run(connection, model)
            head = _head(connection, model, LIVE)
        readings: list[datetime] = []
        if ran is not None:
            readings.append(ran.as_of + max(now - ran.recorded_at, timedelta(0)))
        if head is not None:
            readings.append(head.valid_from + _MOMENT)
        if not readings:
            raise LedgerError(
                f"{model} has no live run, so the time of its data is not known; run it once, or "
                "say the time"
            )
        return max(readings)


def _check_request(request: ReleaseRequest) -> None:
    checked_timeline(request.timeline)
    for name in ("as_of", "valid_from"):
        when: datetime = getattr(request, name)
        if when.utcoffset() is None:
            raise UsageError(f"{name} is {when.isoformat()}, expected a time with its zone")
    if request.valid_from < request.as_of:
        raise UsageError(
            f"the release would be valid from {request.valid_from.isoformat()}, before its as_of "
            f"{request.as_of.isoformat()}; an approval can only take time"
        )


def _stored(connection: sa.Connection, key: str) -> Release | None:
    releases = tables.releases.c
    place = select(releases.model, releases.timeline).where(releases.key == key)
    found = connection.execute(place).first()
    if found is None:
        return None
    chain = _chain(found.model, found.timeline)
    return _release(connection.execute(select(chain).where(chain.c.key == key)).one())


def _head(connection: sa.Connection, model: str, timeline: str) -> Release | None:
    """Return the release that nothing follows yet on this very timeline."""
    chain = _chain(model, timeline)
    row = connection.execute(select(chain).order_by(chain.c.id.desc()).limit(1)).first()
    return None if row is None else _release(row)


def _champion(
    connection: sa.Connection, model: str, timeline: str, at: datetime | None
) -> Release | None:
    own = _own_champion(connection, model, timeline, at)
    if own is not None or timeline == LIVE:
        return own
    inherited = _own_champion(connection, model, LIVE, at)
    if inherited is None:
        return None
    releases = tables.releases.c
    first_own = connection.execute(
        select(sa.func.min(releases.valid_from, type_=Instant())).where(
            releases.model == model, releases.timeline == timeline
        )
    ).scalar()
    ends = [end for end in (inherited.valid_to, first_own) if end is not None]
    return replace(inherited, valid_to=min(ends, default=None))


def _own_champion(
    connection: sa.Connection, model: str, timeline: str, at: datetime | None
) -> Release | None:
    if at is None:
        return _head(connection, model, timeline)
    chain = _chain(model, timeline)
    query = (
        select(chain)
        .where(chain.c.valid_from <= at)
        .order_by(chain.c.valid_from.desc(), chain.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _release(row)


def _chain(model: str, timeline: str) -> sa.Subquery:
    """Select a timeline's own releases with the time at which each one's successor began."""
    releases = tables.releases
    next_begins = sa.func.lead(releases.c.valid_from, type_=Instant()).over(
        order_by=[releases.c.valid_from, releases.c.id]
    )
    return (
        select(releases, next_begins.label("valid_to"))
        .where(releases.c.model == model, releases.c.timeline == timeline)
        .subquery()
    )


def _check_predecessor(
    connection: sa.Connection, request: ReleaseRequest, head: Release | None
) -> None:
    # A release begins at its as_of, so what it replaces is the champion of the moment before.
    before = request.as_of - _MOMENT
    champion = head or _champion(connection, request.model, request.timeline, before)
    if request.predecessor != (0 if champion is None else champion.id):
        raise _stale(request, champion)


def _stale(request: ReleaseRequest, champion: Release | None) -> StaleReleaseError:
    judged = f"release {request.predecessor}" if request.predecessor else "no champion"
    now = (
        f"release {champion.id} (version {champion.version}) is champion"
        if champion
        else "there is none"
    )
    return StaleReleaseError(
        f"{request.model} version {request.version} was judged against {judged}, but on "
        f"{request.timeline} {now}; judge it against that one"
    )


def _check_time(request: ReleaseRequest, head: Release | None) -> None:
    if request.timeline != LIVE or head is None:
        return
    if request.as_of > head.as_of and request.valid_from > head.valid_from:
        return
    raise StaleReleaseError(
        f"{request.model} version {request.version} would be champion as of "
        f"{request.as_of.isoformat()} from {request.valid_from.isoformat()}, not later than "
        f"release {head.id} as of {head.as_of.isoformat()} from {head.valid_from.isoformat()}; "
        "release on live only forwards in time, or use a simulated timeline"
    )


def _check_decision(connection: sa.Connection, request: ReleaseRequest) -> None:
    keys = tables.decisions.c.key
    if request.decision_key is None:
        return
    if connection.execute(select(keys).where(keys == request.decision_key)).first() is None:
        raise LedgerError(
            f"the release names the decision {request.decision_key}, which the ledger does not "
            "hold; record the decision first"
        )


def _same_act(request: ReleaseRequest, stored: Release) -> Release:
    names = ("model", "timeline", "kind", "version")
    asked = {name: getattr(request, name) for name in names}
    found = {name: getattr(stored, name) for name in names}
    asked["artifact"], found["artifact"] = request.artifact.digest, stored.artifact.digest
    if asked != found:
        raise LedgerError(
            f"the key {request.key} stands for {found}, but {asked} was asked under it; two acts "
            "need two keys"
        )
    return stored


def _row(request: ReleaseRequest, *, predecessor: int) -> dict[str, Any]:
    return {
        "key": request.key,
        "model": request.model,
        "timeline": request.timeline,
        "predecessor": predecessor,
        "kind": request.kind,
        "version": request.version,
        "artifact": request.artifact.model_dump(mode="json"),
        "as_of": request.as_of,
        "valid_from": request.valid_from,
        "actor": request.actor.name,
        "actor_kind": request.actor.kind,
        "reason": request.reason,
        "decision_key": request.decision_key,
    }


def _release(row: sa.Row[Any]) -> Release:
    values = dict(row._mapping)
    values["actor"] = Actor(name=values["actor"], kind=values.pop("actor_kind"))
    values["artifact"] = ArtifactRef.model_validate(values["artifact"])
    return Release(**values)


def _last_live_run(connection: sa.Connection, model: str) -> sa.Row[Any, Any] | None:
    runs = tables.runs.c
    query = (
        select(runs.as_of, runs.recorded_at)
        .where(runs.model == model, runs.timeline == LIVE, runs.dry_run.is_(False))
        .order_by(runs.as_of.desc(), runs.id.desc())
        .limit(1)
    )
    return connection.execute(query).first()
