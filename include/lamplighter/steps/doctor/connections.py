"""Connections: what a spec names can be found, and answers. No message shows a credential."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lamplighter.data.sources import resolve_url
from lamplighter.data.sources.answers import check_database
from lamplighter.data.sources.location import located
from lamplighter.errors import SpecError
from lamplighter.spec import ModelSpec
from lamplighter.steps.doctor.airflow import AirflowAnswers
from lamplighter.steps.doctor.finding import Finding, Level, asked
from lamplighter.steps.doctor.specs import Specs

_AT_ONCE = 8


def examine_connections(specs: Specs, airflow: AirflowAnswers) -> Iterator[Finding]:
    """Find every sql source's database and ask it; find the variables that paths name."""
    named = dict(sorted(sql_names(specs).items()))
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(partial(_database, airflow), named, named.values())
    for model, spec in specs.sound.items():
        for path in _paths(spec):
            found = asked("source", model, partial(_located, path))
            if not found.right:
                yield found
    for name, models in sorted(notify_names(specs).items()):
        if airflow.connections is not None and name not in airflow.connections:
            said = f"connection {name!r} of owner.notify is not in Airflow; nobody would be told"
            yield Finding("connection", "wrong", said, ", ".join(sorted(models)))


def sql_names(specs: Specs) -> dict[str, set[str]]:
    """Return the names that sql sources give, each with the models that use it."""
    named: dict[str, set[str]] = {}
    for model, spec in specs.sound.items():
        for table in spec.data.tables.values():
            if table.source.sql:
                named.setdefault(table.source.sql, set()).add(model)
    return named


def notify_names(specs: Specs) -> dict[str, set[str]]:
    """Return the connections that notifications go by, each with the models that use it."""
    named: dict[str, set[str]] = {}
    for model, spec in specs.sound.items():
        for route in spec.owner.notify:
            if route.connection:
                named.setdefault(route.connection, set()).add(model)
    return named


def _database(airflow: AirflowAnswers, name: str, models: set[str]) -> Finding:
    return asked("connection", ", ".join(sorted(models)), partial(_asked, name, airflow))


def _asked(name: str, airflow: AirflowAnswers) -> tuple[Level, str]:
    try:
        url = resolve_url(name)
    except SpecError as error:
        if airflow.connections is None:
            return "note", f"{error} (Airflow, which may have a connection {name!r}, was not asked)"
        if name not in airflow.connections:
            return "wrong", f"{error}, or add an Airflow connection {name!r}"
        trouble = airflow.connections[name]
        return ("wrong", trouble) if trouble else ("ok", f"Airflow connection {name} answers")
    return "ok", f"{name}: {check_database(url)} answers"


def _paths(spec: ModelSpec) -> Iterator[str]:
    for table in spec.data.tables.values():
        source = table.source
        yield from (path for path in (source.parquet, source.csv, source.delta) if path)


def _located(path: str) -> tuple[Level, str]:
    return "ok", located(path, None)
