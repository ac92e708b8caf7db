"""Turning a connection's name into an SQLAlchemy URL; no message ever shows credentials."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from lamplighter.errors import SpecError

# Airflow's connection types, where they are not SQLAlchemy's names already.
_DIALECTS = {"postgres": "postgresql", "pgsql": "postgresql", "mssql": "mssql+pymssql"}


def resolve_url(name: str) -> str:
    """Find the SQLAlchemy URL that a spec's `sql` names.

    It is the environment variable of that name, or else the Airflow connection in
    ``AIRFLOW_CONN_<NAME>``, as a URI or as JSON.

    Raises
    ------
    SpecError
        If neither is set, or what is set is no URL.
    """
    variable = f"AIRFLOW_CONN_{name.upper()}"
    if name in os.environ:
        return _checked(os.environ[name], f"environment variable {name}")
    if variable in os.environ:
        return url_from_airflow(os.environ[variable], f"environment variable {variable}")
    raise SpecError(
        f"sql source {name!r}: neither environment variable {name} nor {variable} is set; set one "
        "of them to the database's URL"
    )


def described(url: str) -> str:
    """Name a database for a message, without user, password and options."""
    parsed = make_url(url)
    place = ":".join(str(part) for part in (parsed.host, parsed.port) if part)
    return f"{parsed.get_backend_name()}://{place}/{parsed.database or ''}"


def _checked(url: str, where: str) -> str:
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise SpecError(
            f"{where} does not hold an SQLAlchemy URL; expected for example "
            "postgresql://user:password@host/database"
        ) from None
    return url


def url_from_airflow(text: str, where: str) -> str:
    """Turn an Airflow connection, as a URI or as JSON, into an SQLAlchemy URL."""
    parts = _from_json(text, where) if text.lstrip().startswith("{") else _from_uri(text)
    kind = str(parts.pop("kind") or "").replace("-", "_")
    if not kind:
        raise SpecError(f"{where} names no connection type; expected for example postgres://...")
    try:
        url = URL.create(_DIALECTS.get(kind, kind), **parts)
    except (TypeError, ValueError):
        raise SpecError(f"{where} does not hold an Airflow connection to a database") from None
    return _checked(url.render_as_string(hide_password=False), where)


def _from_json(text: str, where: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        raise SpecError(f"{where} begins like JSON and is not; correct it") from None
    return {
        "kind": fields.get("conn_type"),
        "username": fields.get("login"),
        "password": fields.get("password"),
        "host": fields.get("host"),
        "port": int(fields["port"]) if fields.get("port") else None,
        "database": fields.get("schema"),
    }


def _from_uri(text: str) -> dict[str, Any]:
    parts = urlsplit(text)
    options = {k: v for k, v in parse_qsl(parts.query) if not k.startswith("__")}
    return {
        "kind": parts.scheme,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "host": unquote(parts.hostname) if parts.hostname else None,
        "port": parts.port,
        "database": unquote(parts.path.removeprefix("/")) or None,
        "query": options,
    }
