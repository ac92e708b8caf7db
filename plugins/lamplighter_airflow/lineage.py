"""What a task read and wrote, for OpenLineage where Airflow's provider of it is installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lamplighter.spec.data import Source
    from lamplighter.steps.night import Night


class Place(NamedTuple):
    """A data set, named as OpenLineage does: by where it lies, and what it is called there."""

    namespace: str
    name: str


def operator_lineage(reads: Iterable[Place], writes: Iterable[Place]) -> Any:
    """Return both as the provider's `OperatorLineage`. Only its listener asks for it."""
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import Dataset

    return OperatorLineage(
        inputs=[Dataset(namespace=place.namespace, name=place.name) for place in reads],
        outputs=[Dataset(namespace=place.namespace, name=place.name) for place in writes],
    )


def sources(night: Night) -> list[Place]:
    """Return where the tables' rows come from."""
    return [_source(table.source) for table in night.spec.data.tables.values()]


def lake_tables(night: Night) -> list[Place]:
    """Return the model's tables in the lake."""
    folder = f"{night.lake.root}/tables/{night.spec.model}"
    return [_at(f"{folder}/{name}") for name in night.spec.data.tables]


def prediction_table(night: Night) -> Place:
    """Return where the model's predictions lie."""
    return _at(f"{night.lake.root}/predictions/{night.spec.model}")


def registered(night: Night, version: str) -> Place:
    """Return a version in the registry."""
    return Place("mlflow", f"models/{night.registered_name}/{version}")


def _source(source: Source) -> Place:
    if source.sql is not None:
        return Place(f"connection:{source.sql}", source.table or "query")
    if source.python is not None:
        return Place("python", source.python)
    return _at(os.path.expandvars(source.parquet or source.csv or source.delta or ""))


def _at(address: str) -> Place:
    """Name a path or an object store's URL, without a user or password in it."""
    parts = urlsplit(address)
    if not parts.scheme or not parts.hostname:
        return Place("file", os.path.abspath(address.removeprefix("file://")))
    port = f":{parts.port}" if parts.port else ""
    return Place(f"{parts.scheme}://{parts.hostname}{port}", parts.path.lstrip("/"))
