"""Send a message to the services that an Apprise connection lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier
from airflow.sdk.log import mask_secret

from lamplighter.errors import NotTellableError

if TYPE_CHECKING:
    from airflow.sdk import Context

_KINDS = {"info": "info", "warning": "warning", "critical": "failure"}


class CheckedAppriseNotifier(BaseNotifier):
    """Do as the provider's `AppriseNotifier`, but fail when a service did not take the message.

    Parameters
    ----------
    title, body, level : str
        What is said, and how severe it is.
    connection : str
        Id of an Airflow connection of the type apprise.
    """

    def __init__(self, *, title: str, body: str, level: str, connection: str) -> None:
        super().__init__()
        self.title = title
        self.body = body
        self.level = level
        self.connection = connection

    def notify(self, context: Context) -> None:
        """Send it to every service of the connection."""
        import apprise
        from airflow.providers.apprise.hooks.apprise import AppriseHook

        hook = AppriseHook(self.connection)
        found = hook.get_connection(self.connection)
        for address in _addresses(found.extra_dejson.get("config")):
            mask_secret(address)
        services = apprise.Apprise()
        hook.set_config_from_conn(found, services)
        sent = services.notify(
            body=self.body, title=self.title, notify_type=_KINDS[self.level], tag="all"
        )
        if not sent:
            raise NotTellableError(
                f"connection {self.connection}: not every service took the message; its lines in "
                "this log say why"
            )


def _addresses(config: object) -> list[str]:
    """Return the services' addresses, which hold their tokens."""
    parsed = json.loads(config) if isinstance(config, str) else config
    listed = parsed if isinstance(parsed, list) else [parsed]
    return [str(service["path"]) for service in listed if isinstance(service, dict)]
