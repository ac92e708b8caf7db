"""Airflow's connections, as the URLs that a spec's sql sources need."""

from __future__ import annotations

import os


def connection_url(name: str) -> str:
    """Return the SQLAlchemy URL of an environment variable or of an Airflow connection.

    Raises
    ------
    SpecError
        If there is neither, or what is there is no URL.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from lamplighter.data.sources import resolve_url, url_from_airflow
    from lamplighter.errors import SpecError

    if name in os.environ:
        return resolve_url(name)
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException:
        raise SpecError(
            f"sql source {name!r}: there is no Airflow connection and no environment variable of "
            f"that name; add one, for example with 'airflow connections add {name} --conn-uri ...'"
        ) from None
    return url_from_airflow(connection.get_uri(), f"Airflow connection {name}")
