"""Tell the owner of a model, through Airflow's notifiers, by the routes that its spec names."""

from __future__ import annotations

import html
import threading
from functools import partial
from typing import TYPE_CHECKING

from airflow.sdk.log import redact  # type: ignore[attr-defined]

from lamplighter.errors import NotTellableError
from lamplighter_airflow.notifiers.apprise_services import CheckedAppriseNotifier
from lamplighter_airflow.notifiers.log_line import LogNotifier
from lamplighter_airflow.notifiers.webhook import WebhookNotifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.sdk import BaseNotifier, Context

    from lamplighter.ledger import Ledger
    from lamplighter.spec.operations import Owner, Route
    from lamplighter.steps.night_messages import Message

PATIENCE_S = 10.0
"""Longest that one route may hold up a task."""


def tell(
    context: Context, owner: Owner, messages: Iterable[Message], *, ledger: Ledger | None
) -> None:
    """Tell the owner each message once by each of the routes. Raises nothing."""
    from lamplighter.steps.tell_owner import tell_owner

    for message in messages:
        tell_owner(ledger, owner, message, partial(_send, context, owner))


def _send(context: Context, owner: Owner, route: Route, message: Message) -> None:
    try:
        notifier = _BUILDERS[route.via](owner, route, message)
        _within(PATIENCE_S, notifier, context)
    except ImportError as error:
        raise NotTellableError(
            f"{error.name} is not installed; install lamplighter[notify]"
        ) from None


def _log(owner: Owner, route: Route, message: Message) -> BaseNotifier:
    return LogNotifier(text=_clean(message.text), level=message.level)


def _smtp(owner: Owner, route: Route, message: Message) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(
        to=list(route.to) or str(owner.email),
        subject=_clean(message.title),
        html_content=_page(message),
        smtp_conn_id=route.connection,
    )


def _webhook(owner: Owner, route: Route, message: Message) -> BaseNotifier:
    document = {
        "text": _chat_text(_clean(message.text)),
        "model": message.model,
        "event": message.event,
        "level": message.level,
        "as_of": message.as_of.isoformat() if message.as_of else None,
        "sentences": [_clean(sentence) for sentence in message.sentences],
        "link": message.link,
        "owner": message.team,
    }
    return WebhookNotifier(document=document, connection=str(route.connection))


def _apprise(owner: Owner, route: Route, message: Message) -> BaseNotifier:
    return CheckedAppriseNotifier(
        title=message.title,
        body=_clean(message.text),
        level=message.level,
        connection=str(route.connection),
    )


_BUILDERS = {"log": _log, "smtp": _smtp, "webhook": _webhook, "apprise": _apprise}


def _clean(text: str) -> str:
    """Return the text without the secrets that Airflow knows of in this process."""
    return str(redact(text))


def _chat_text(text: str) -> str:
    """Return the text so that a value in it, such as <!channel>, calls nobody in a chat."""
    return html.escape(text, quote=False)


def _page(message: Message) -> str:
    lines = [f"<p>{html.escape(_clean(sentence))}</p>" for sentence in message.sentences]
    if message.link:
        address = html.escape(message.link, quote=True)
        lines.append(f'<p><a href="{address}">Night report</a></p>')
    return "\n".join([*lines, f"<p>Owner: {html.escape(message.team)}</p>"])


def _within(seconds: float, notifier: BaseNotifier, context: Context) -> None:
    """Send in a thread of its own, which is left behind when it takes too long.

    A mail server may keep a client waiting at every line, whatever its timeout says.
    """
    failed: list[Exception] = []

    def send() -> None:
        try:
            # Not by calling the notifier: that would read braces in a sentence as a template.
            notifier.notify(context)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=send, name="notifier", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise NotTellableError(f"it took longer than {seconds:.0f} s and was left behind")
    if failed:
        raise failed[0]
