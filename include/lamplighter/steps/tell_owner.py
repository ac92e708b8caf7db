"""Tell an owner something, by every route that the spec names for it, and once only."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

from lamplighter.errors import LamplighterError, NotTellableError
from lamplighter.ledger import Ledger
from lamplighter.spec.operations import Level, Owner, Route
from lamplighter.steps.night_messages import Message

log = logging.getLogger(__name__)

_ORDER: tuple[Level, ...] = ("info", "warning", "critical")


def tell_owner(
    ledger: Ledger | None,
    owner: Owner,
    message: Message,
    send: Callable[[Route, Message], None],
) -> list[Route]:
    """Send a message by each route that wants it and was not told before.

    Whatever goes wrong with one route is logged, never raised, and hinders no other: telling is
    not worth a night. A route counts as told once `send` has returned, and that is written into
    the ledger; a process that dies in between tells it once more.

    Parameters
    ----------
    ledger : Ledger or None
        None when it cannot be reached: then the owner is told, even if for the second time.
    send : callable
        Sends by one route; raises if it could not.

    Returns
    -------
    list of Route
        By which routes it was sent now.
    """
    return [route for route in owner.notify if wants(route, message) and _tell(
        ledger, route, message, send
    )]  # fmt: skip


def wants(route: Route, message: Message) -> bool:
    """Whether a route is told of such a message."""
    severe_enough = _ORDER.index(message.level) >= _ORDER.index(route.at_least)
    return message.event in route.on and severe_enough


def _tell(
    ledger: Ledger | None,
    route: Route,
    message: Message,
    send: Callable[[Route, Message], None],
) -> bool:
    key = f"{message.key}/{_name(route)}"
    if _told(ledger, key):
        log.info("%s was told by %s before", message.title, route.via)
        return False
    try:
        send(route, message)
    except NotTellableError as error:
        log.error("%s could not be told by %s: %s", message.title, route.via, error)
        return False
    except Exception as error:
        # Its text may hold an address with a token in it.
        kind = type(error).__name__
        log.error("%s could not be told by %s: it raised %s", message.title, route.via, kind)
        return False
    _record(ledger, key, route, message)
    return True


def _name(route: Route) -> str:
    where = "|".join((route.connection or "", *sorted(route.to)))
    return f"{route.via}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"


def _told(ledger: Ledger | None, key: str) -> bool:
    try:
        return ledger is not None and ledger.notice(key) is not None
    except LamplighterError as error:
        log.warning("whether this was told before is not known: %s", error)
        return False


def _record(ledger: Ledger | None, key: str, route: Route, message: Message) -> None:
    if ledger is None:
        return
    try:
        ledger.record_notice(
            key,
            model=message.model,
            event=message.event,
            level=message.level,
            message=message.text,
            via=route.via,
        )
    except LamplighterError as error:
        log.warning("that this was told could not be written down: %s", error)
