"""The database under the ledger: SQLite or Postgres, one connection for each transaction."""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import NullPool

from lamplighter.errors import LedgerError, LedgerUnavailableError

BUSY_TIMEOUT_S = 30


class Lock(IntEnum):
    """What processes take turns for, by the number that Postgres knows the lock by."""

    FIRST_USE = 7_023_117_415
    UPKEEP = 7_023_117_416
    FREEZE = 7_023_117_417


class Database:
    """A database that is reached anew for every transaction.

    Nothing stays open in between: a process may fork, a night may train for an hour, and the
    server may restart meanwhile.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of a SQLite file or a Postgres database.

    Raises
    ------
    LedgerError
        If the URL is not one, or is of another kind.
    """

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self.name = _without_secrets(self._url)
        self._engine = self._new_engine()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file of SQLite."""
        return self._url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that reads one consistent state."""
        with self._plain_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes; on SQLite it waits for its turn when it begins."""
        engine = self._engine.execution_options(lamplighter_writes=True)
        with self._plain_errors(), engine.begin() as connection:
            yield connection

    @contextmanager
    def lock(self, lock: Lock) -> Iterator[bool]:
        """Try to take a lock that lasts as long as the context; say whether it was free.

        It shuts out who asks for the same lock, and nobody else. It goes with the process.
        """
        if self.is_sqlite:
            with _locked_file(Path(f"{self._url.database}.lock-{lock.value}")) as held:
                yield held
            return
        with self._plain_errors():
            connection = self._engine.connect()
        try:
            with self._plain_errors():
                held = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(lock.value))))
                connection.commit()  # the session holds the lock; no transaction stays open
            yield held
        finally:
            connection.close()

    def write_ahead(self) -> None:
        """Let readers and a writer of a SQLite file work at the same time; the file remembers it.

        SQLite itself does not wait for the lock that this needs, so we do.

        Raises
        ------
        LedgerUnavailableError
            If others keep the file locked.
        LedgerError
            If the file's disk cannot do it.
        """
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while (mode := self._try_write_ahead()) == "locked":
            if time.monotonic() > deadline:
                raise LedgerUnavailableError(
                    f"the ledger {self.name} stays locked; end what holds it, then try again"
                )
            time.sleep(random.uniform(0.01, 0.1))
        if mode != "wal":
            raise LedgerError(
                f"the ledger {self.name} stays in journal mode {mode}, expected wal; put it on a "
                "local disk"
            )

    def _try_write_ahead(self) -> str:
        with self._plain_errors():
            connection = self._engine.raw_connection()
        try:
            answer = connection.cursor().execute("PRAGMA journal_mode = WAL")
            return str(answer.fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            return "locked"
        finally:
            connection.close()

    def check_file(self) -> None:
        """Refuse a SQLite file that cannot be written, before SQLite says so less clearly.

        Raises
        ------
        LedgerError
            With the folder or file, and what to do about it.
        """
        name = self._url.database
        if not self.is_sqlite or name is None or name.startswith("file:"):
            return
        path = Path(name).absolute()
        if not path.parent.is_dir():
            raise LedgerError(
                f"the ledger {self.name} has no folder {path.parent}; create it, or name "
                "another file"
            )
        for place in (path.parent, path):
            if place.exists() and not os.access(place, os.W_OK):
                raise LedgerError(
                    f"the ledger {self.name} cannot be written, since {place} is read-only for "
                    "this user; give the right to write, or name another file"
                )

    def _new_engine(self) -> sa.Engine:
        options: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_TIMEOUT_S}
        else:
            options["isolation_level"] = "READ COMMITTED"
            options["connect_args"] = {"connect_timeout": 10}
        try:
            engine = sa.create_engine(self._url, **options)
        except ModuleNotFoundError as error:
            raise LedgerError(
                f"the ledger {self.name} needs the driver {error.name}, which is not installed; "
                "install lamplighter[postgres]"
            ) from error
        if engine.dialect.is_async:
            raise LedgerError(
                f"the ledger {self.name} names the asynchronous driver {engine.driver}; use "
                "postgresql+psycopg or sqlite"
            )
        if self.is_sqlite:
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
            raise LedgerUnavailableError(
                f"the ledger {self.name} did not answer: {_cause(error)}; check that it runs and "
                "can be reached"
            ) from error
        except exc.StatementError as error:
            if isinstance(error, exc.DBAPIError):
                raise LedgerError(f"the ledger {self.name} refused: {_cause(error)}") from error
            raise LedgerError(f"the ledger cannot hold this: {error.orig}") from error


def insert_once(
    connection: sa.Connection,
    table: sa.Table,
    row: Mapping[str, Any],
    *,
    key: Sequence[str] | None = None,
) -> bool:
    """Insert a row unless one with the same key is stored; without `key`, any unique columns.

    Whoever comes second waits until the first has committed, so a read that follows in the
    same transaction finds the first one's row. Returns whether it was inserted.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    unless_stored = insert(table).values(**row).on_conflict_do_nothing(index_elements=key)
    inserted = unless_stored.returning(sa.literal_column("1", sa.Integer))
    return connection.execute(inserted).first() is not None


def _parse(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except exc.ArgumentError:
        raise LedgerError(
            "the ledger's address is not a database URL; expected for example "
            "sqlite:///var/ledger.db or postgresql+psycopg://user:password@host/name"
        ) from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise LedgerError(
            f"the ledger {_without_secrets(url)} is of the kind {url.get_backend_name()}; expected "
            "sqlite or postgresql"
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise LedgerError(
            "the ledger sqlite:// would be gone with its process; name a file, for example "
            "sqlite:///var/ledger.db"
        )
    if url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg")  # its meaning depends on SQLAlchemy
    return url


def _without_secrets(url: sa.URL) -> str:
    hidden = {name: "***" for name in url.query if "password" in name.lower()}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def _cause(error: exc.SQLAlchemyError) -> str:
    origin = getattr(error, "orig", None) or error
    return str(origin).strip().partition("\n")[0]


@contextmanager
def _locked_file(path: Path) -> Iterator[bool]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own idea of when a transaction begins is switched off: `_begin_sqlite` says.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # Without it INSERT OR REPLACE deletes a row past the triggers.
    connection.execute("PRAGMA recursive_triggers = ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock at once: one that began as a reader would fail instead of waiting.
    writes = connection.get_execution_options().get("lamplighter_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
