"""Resolved specs, and the runs that began with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, or_, select, union

from lamplighter.contracts import RunRef
from lamplighter.errors import LedgerError
from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import StoredRun
from lamplighter.ledger.timelines import LIVE, checked_timeline


class RunPages(Pages):
    """The pages about specs and runs."""

    def models(self) -> list[str]:
        """Return the names of all models that ever had a run, a version or a release."""
        known = union(
            select(tables.runs.c.model),
            select(tables.version_intents.c.model),
            select(tables.releases.c.model),
        )
        with self._database.reading() as connection:
            return sorted(connection.execute(known).scalars())

    def timelines(self, model: str) -> list[str]:
        """Return the names of the timelines on which a model ever had a run or a release."""
        runs, releases = tables.runs.c, tables.releases.c
        known = union(
            select(runs.timeline).where(runs.model == model),
            select(releases.timeline).where(releases.model == model),
        )
        with self._database.reading() as connection:
            return sorted(connection.execute(known).scalars())

    def put_spec(self, digest: str, *, model: str, document: Mapping[str, Any]) -> None:
        """Store a resolved spec under its digest."""
        row = {
            "digest": digest,
            "model": model,
            "document": dict(document),
            "recorded_at": self._now(),
        }
        with self._database.writing() as connection:
            insert_once(connection, tables.specs, row, key=["digest"])

    def spec(self, digest: str) -> dict[str, Any]:
        """Return the resolved spec with this digest.

        Raises
        ------
        LedgerError
            If none was stored.
        """
        query = select(tables.specs.c.document).where(tables.specs.c.digest == digest)
        with self._database.reading() as connection:
            document: dict[str, Any] | None = connection.execute(query).scalar()
        if document is None:
            raise _no_spec(digest)
        return document

    def start_run(self, run: RunRef, *, run_id: str) -> RunRef:
        """Store a run under its id, and return the one that is stored.

        The first call wins: a second one with other parameters, say after the spec's file was
        edited in the middle of the night, gets the run as it began.

        Raises
        ------
        LedgerError
            If the run's spec was not stored before.
        """
        row = {
            "run_id": run_id,
            "run_key": run.run_key,
            "model": run.model,
            "spec_digest": run.spec_digest,
            "timeline": checked_timeline(run.timeline),
            "as_of": run.as_of,
            "dry_run": run.dry_run,
            "run": run.model_dump(mode="json"),
            "recorded_at": self._now(),
        }
        known = select(tables.specs.c.digest).where(tables.specs.c.digest == run.spec_digest)
        stored = select(tables.runs.c.run).where(tables.runs.c.run_id == run_id)
        with self._database.writing() as connection:
            if connection.execute(known).first() is None:
                raise _no_spec(run.spec_digest)
            insert_once(connection, tables.runs, row, key=["run_id"])
            return RunRef.model_validate(connection.execute(stored).scalar_one())

    def run(self, run_id: str) -> RunRef | None:
        """Return the run that began under this id."""
        query = select(tables.runs.c.run).where(tables.runs.c.run_id == run_id)
        with self._database.reading() as connection:
            document = connection.execute(query).scalar()
        return None if document is None else RunRef.model_validate(document)

    def runs_by_key(self, run_key: str) -> list[StoredRun]:
        """Return every run of one night, the oldest first: started again, it has several."""
        runs = tables.runs
        query = (
            select(runs.c.run_id, runs.c.run, runs.c.recorded_at)
            .where(runs.c.run_key == run_key)
            .order_by(runs.c.id)
        )
        with self._database.reading() as connection:
            return [_stored_run(row) for row in connection.execute(query)]

    def runs_named(self, model: str, name: str) -> list[StoredRun]:
        """Return the runs of a model that a person may mean by a name, the newest first.

        That is the run's id in the ledger or in Airflow, with or without the name of its DAG, or
        the key of its night.
        """
        runs = tables.runs
        ends = runs.c.run_id.endswith(f"/{name}", autoescape=True)
        query = (
            select(runs.c.run_id, runs.c.run, runs.c.recorded_at)
            .where(runs.c.model == model, or_(runs.c.run_id == name, runs.c.run_key == name, ends))
            .order_by(runs.c.id.desc())
        )
        with self._database.reading() as connection:
            return [_stored_run(row) for row in connection.execute(query)]

    def run_with_key(self, run_key: str) -> RunRef | None:
        """Return the first run with this key; all runs with it were asked for the same."""
        runs = tables.runs.c
        query = select(runs.run).where(runs.run_key == run_key).order_by(runs.id).limit(1)
        with self._database.reading() as connection:
            document = connection.execute(query).scalar()
        return None if document is None else RunRef.model_validate(document)

    def run_ids(self, run_key: str) -> list[str]:
        """Return the ids of all runs with this key, the first one first."""
        runs = tables.runs.c
        query = select(runs.run_id).where(runs.run_key == run_key).order_by(runs.id)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def runs(self, model: str, *, live: bool = False, limit: int = 100) -> list[StoredRun]:
        """Return the newest runs of a model, the newest first; `live`: that were no rehearsals."""
        runs = tables.runs
        query = (
            select(runs.c.run_id, runs.c.run, runs.c.recorded_at)
            .where(runs.c.model == model)
            .order_by(runs.c.id.desc())
            .limit(limit)
        )
        if live:
            query = query.where(runs.c.timeline == LIVE, runs.c.dry_run.is_(False))
        with self._database.reading() as connection:
            return [_stored_run(row) for row in connection.execute(query)]


def _stored_run(row: Row[Any, Any, Any]) -> StoredRun:
    run = RunRef.model_validate(row.run)
    return StoredRun(run_id=row.run_id, run=run, recorded_at=row.recorded_at)


def _no_spec(digest: str) -> LedgerError:
    return LedgerError(
        f"the ledger holds no spec {digest}; a run stores its spec first, with put_spec"
    )
