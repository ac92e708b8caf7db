"""Registered versions: first the intent, then the number that the registry gave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from lamplighter.contracts import ArtifactRef
from lamplighter.errors import LedgerError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import Version, VersionIntent
from lamplighter.ledger.timelines import checked_timeline


class VersionPages(Pages):
    """The pages about versions."""

    def intend_version(
        self,
        key: str,
        *,
        model: str,
        artifact: ArtifactRef,
        run_key: str,
        timeline: str,
        as_of: datetime,
        details: Mapping[str, Any] | None = None,
    ) -> VersionIntent:
        """Say that an artifact will be registered, and return the intent stored under the key.

        Written before the registry is touched, so that a half-finished registration is seen.
        """
        row = {
            "key": key,
            "model": model,
            "run_key": run_key,
            "timeline": checked_timeline(timeline),
            "as_of": as_of,
            "artifact": artifact.model_dump(mode="json"),
            "details": dict(details or {}),
            "recorded_at": self._now(),
        }
        stored = select(tables.version_intents).where(tables.version_intents.c.key == key)
        with self._database.writing() as connection:
            insert_once(connection, tables.version_intents, row, key=["key"])
            return VersionIntent(**_with_artifact(connection.execute(stored).one()))

    def record_version(self, key: str, *, version: str, mlflow_run_id: str) -> Version:
        """Write down the version that an intent became, and return the one that is stored.

        When two registrations of one key race, both get the row of the first; the caller whose
        number it is not discards its own.

        Raises
        ------
        LedgerError
            If nobody intended this key, or if the number stands for another key already.
        """
        intents, versions = tables.version_intents.c, tables.versions.c
        intended = select(intents.model).where(intents.key == key)
        with self._database.writing() as connection:
            model = connection.execute(intended).scalar()
            if model is None:
                raise LedgerError(
                    f"nobody intended to register {key}; call intend_version before record_version"
                )
            row = {
                "key": key,
                "model": model,
                "version": version,
                "mlflow_run_id": mlflow_run_id,
                "recorded_at": self._now(),
            }
            insert_once(connection, tables.versions, row)
            stored = connection.execute(_versions().where(versions.key == key)).first()
            if stored is not None:
                return _version(stored)
            taken = select(versions.key).where(versions.model == model, versions.version == version)
            other = connection.execute(taken).scalar_one()
        raise LedgerError(
            f"{model} version {version} stands for {other} already, so it cannot stand for {key}; "
            "the registry seems to count from the start again: restore it"
        )

    def version_by_key(self, key: str) -> Version | None:
        """Return the version that was registered under this key."""
        with self._database.reading() as connection:
            row = connection.execute(_versions().where(tables.versions.c.key == key)).first()
        return None if row is None else _version(row)

    def version(self, model: str, version: str) -> Version | None:
        """Return a version by its number."""
        versions = tables.versions.c
        query = _versions().where(versions.model == model, versions.version == version)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _version(row)

    def versions(self, model: str) -> list[Version]:
        """Return all versions of a model, in the order of registering."""
        versions = tables.versions.c
        query = _versions().where(versions.model == model)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(versions.recorded_at, versions.key)).all()
        return [_version(row) for row in rows]

    def unfinished_intents(self, model: str) -> list[VersionIntent]:
        """Return the intents that never became a version, the oldest first."""
        intents, versions = tables.version_intents, tables.versions
        query = (
            select(intents)
            .outerjoin(versions, versions.c.key == intents.c.key)
            .where(intents.c.model == model, versions.c.key.is_(None))
            .order_by(intents.c.recorded_at, intents.c.key)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [VersionIntent(**_with_artifact(row)) for row in rows]


def _versions() -> Select[Any]:
    intents, versions = tables.version_intents.c, tables.versions.c
    return select(
        tables.versions,
        intents.run_key,
        intents.timeline,
        intents.as_of,
        intents.artifact,
        intents.details,
    ).join_from(tables.versions, tables.version_intents, versions.key == intents.key)


def _version(row: Row[Any]) -> Version:
    return Version(**_with_artifact(row))


def _with_artifact(row: Row[Any]) -> dict[str, Any]:
    values = dict(row._mapping)
    values["artifact"] = ArtifactRef.model_validate(values["artifact"])
    return values
