"""Post a message to a web address, as JSON that chat systems understand."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from lamplighter.errors import NotTellableError

if TYPE_CHECKING:
    from airflow.sdk import Context

_PATIENCE_S = 5.0
_SCHEMES = ("http", "https")


class WebhookNotifier(BaseNotifier):
    """Post one JSON document to the address that an HTTP connection names.

    Parameters
    ----------
    document : dict
        What is posted. Slack, Mattermost and others show its `text`.
    connection : str
        Id of an Airflow connection of the type http: `host` (with ``https://``, or `schema` beside
        it) and `port`, the rest of the address as `path` in its extra, `login` and `password` for
        basic authentication, or a `password` alone for a bearer token.
    """

    def __init__(self, *, document: dict[str, Any], connection: str) -> None:
        super().__init__()
        self.document = document
        self.connection = connection

    def notify(self, context: Context) -> None:
        """Post it; anything but an answer of the 200s counts as not told."""
        import httpx

        # It logs each address that it asks, and this one may hold a token.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        found = _connection(self.connection)
        try:
            answer = httpx.post(
                _address(found, self.connection),
                content=json.dumps(self.document),
                headers=_headers(found),
                auth=(found.login, found.password or "") if found.login else None,
                timeout=_PATIENCE_S,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            kind = type(error).__name__
            raise NotTellableError(
                f"connection {self.connection} does not answer ({kind}); look at its host and port"
            ) from None
        if not answer.is_success:
            raise NotTellableError(
                f"connection {self.connection} answered with status {answer.status_code}"
            )


def _connection(name: str) -> Connection:
    try:
        found: Connection = Connection.get(name)
    except AirflowNotFoundException:
        raise NotTellableError(
            f"there is no Airflow connection {name}; add it with 'airflow connections add'"
        ) from None
    return found


def _address(connection: Connection, name: str) -> str:
    host = connection.host or ""
    if not host:
        raise NotTellableError(f"connection {name} has no host; set it to the webhook's address")
    path = connection.extra_dejson.get("path", "")
    schema = connection.schema or ""
    if schema and schema not in _SCHEMES:  # where `--conn-uri https://host/path` puts the path
        path, schema = f"/{schema}", ""
    if "://" not in host:
        kind = connection.conn_type if connection.conn_type in _SCHEMES else "https"
        host = f"{schema or kind}://{host}"
    port = f":{connection.port}" if connection.port else ""
    return f"{host.rstrip('/')}{port}{path}"


def _headers(connection: Connection) -> dict[str, str]:
    headers = {"Content-Type": "application/json", **connection.extra_dejson.get("headers", {})}
    if connection.password and not connection.login:
        headers["Authorization"] = f"Bearer {connection.password}"
    return headers
