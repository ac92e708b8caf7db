"""The Airflow plugin: the timetable of the nights, and the pages of the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

from lamplighter_airflow.links import REPORTS_PREFIX
from lamplighter_airflow.timetable import NightTimetable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping


async def reports(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Serve the reports. Every process loads the plugin; only the web server loads the pages."""
    from lamplighter_airflow.reports_app import app

    await app(scope, receive, send)


class LamplighterPlugin(AirflowPlugin):
    """What Airflow finds through the entry point `airflow.plugins`."""

    name = "lamplighter"
    timetables: list[Any] = [NightTimetable]  # noqa: RUF012 (as Airflow declares it)
    fastapi_apps: list[Any] = [  # noqa: RUF012
        {"app": reports, "url_prefix": REPORTS_PREFIX, "name": "Lamplighter reports"}
    ]
