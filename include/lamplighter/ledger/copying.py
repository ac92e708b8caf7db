"""Copies of the ledger's database, taken while others write, and put back elsewhere.

A copy is one consistent state: SQLite's own online backup, or `pg_dump`. It needs no particular
schema, so that a ledger can be copied before it is upgraded.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from lamplighter.errors import LedgerError, LedgerUnavailableError, UsageError
from lamplighter.ledger.database import Database
from lamplighter.ledger.upkeep import alone

SQLITE_FILE, POSTGRES_FILE = "ledger.db", "ledger.dump"


@contextmanager
def ledger_alone(url: str, act: str) -> Iterator[None]:
    """Keep everybody else from deleting of the stores meanwhile, whatever the schema.

    Raises
    ------
    LedgerUnavailableError
        If somebody else is at it.
    """
    with alone(Database(url), act):
        yield


def copy_ledger(url: str, folder: Path) -> Path:
    """Copy the ledger into a folder, as it is at one moment. Returns the copy's file.

    Raises
    ------
    LedgerError
        If there is no ledger, or no `pg_dump` for one on Postgres.
    LedgerUnavailableError
        If it does not answer.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        copy = folder / SQLITE_FILE
        copy_sqlite(Path(str(parsed.database)), copy, what="ledger")
        return copy
    copy = folder / POSTGRES_FILE
    _run_postgres("pg_dump", url, "--format=custom", "--no-owner", "--file", str(copy))
    return copy


def restore_ledger(copy: Path, url: str) -> None:
    """Put a copy of a ledger on Postgres into a database that holds none.

    Raises
    ------
    UsageError
        If the URL is not one of Postgres, or the database holds a ledger.
    """
    if sa.make_url(url).get_backend_name() != "postgresql":
        raise UsageError(
            "the backup holds a ledger of Postgres; name an empty database for it with --ledger "
            "postgresql://user:password@host/name"
        )
    database = Database(url)
    with database.reading() as connection:
        held = [t for t in sa.inspect(connection).get_table_names() if t.startswith("ledger_")]
    if held:
        raise UsageError(f"the database {database.name} holds a ledger already; name an empty one")
    _run_postgres(
        "pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(copy)
    )


def copy_sqlite(source: Path, copy: Path, *, what: str) -> None:
    """Copy an SQLite database that others may be writing; the copy is a single file.

    Raises
    ------
    LedgerError
        If there is no such file, or it is damaged.
    """
    if not source.is_file():
        raise LedgerError(f"there is no {what} at {source}, so there is nothing to copy")
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")
            (state,) = new.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise LedgerError(f"the {what} at {source} cannot be copied: {error}") from error
    if state != "ok":
        raise LedgerError(f"the {what} at {source} is damaged ({state}); restore a backup")


def _run_postgres(program: str, url: str, *words: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise LedgerError(
            f"{program} is not installed here; install Postgres' client programs, or copy the "
            "database by the means of its server"
        )
    parsed = sa.make_url(url).set(drivername="postgresql")
    env = dict(os.environ)
    if parsed.password is not None:  # a command line is seen by everybody on the machine
        env["PGPASSWORD"] = str(parsed.password)
    address = parsed.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [found, f"--dbname={address}", *words], capture_output=True, text=True, check=False, env=env
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or "nothing").splitlines()[0]
        raise LedgerUnavailableError(f"{program} failed for {parsed!r}: {said}")
