"""The schema of the ledger's database: created at first use, upgraded only when asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from lamplighter.errors import LedgerError
from lamplighter.ledger.database import Database, Lock

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "ledger_schema"
NEWEST = "0004"
"""The revision this code works with. Revisions are numbers of four digits, so they have an order.

Written here too, so that opening a ledger needs no Alembic; a test compares."""


def prepare(database: Database) -> None:
    """Create the schema in an empty database; accept only this code's schema in any other.

    Raises
    ------
    LedgerError
        If the schema is newer or older.
    """
    database.check_file()
    found = revision(database)
    if found is None:
        _migrate(database, only_if_empty=True)
        found = revision(database)
    _check(database, found)


def upgrade(database: Database) -> None:
    """Bring the schema to this code's revision.

    Raises
    ------
    LedgerError
        If the schema is newer.
    """
    database.check_file()
    found = revision(database)
    if found is None or found < NEWEST:
        _migrate(database, only_if_empty=False)
    _check(database, revision(database))


def revision(database: Database) -> str | None:
    """Return the revision of the schema that the database holds, None if it holds none."""
    with database.reading() as connection:
        return _revision(connection)


def alembic_config() -> Config:
    """Return Alembic's configuration, which lies in this package and not in a file."""
    from alembic.config import Config

    config = Config()
    # A percent sign in a path would be read as interpolation.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    rows = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return rows.scalar()


def _migrate(database: Database, *, only_if_empty: bool) -> None:
    from alembic import command

    if database.is_sqlite:
        database.write_ahead()
    with database.writing() as connection:
        if not database.is_sqlite:
            # SQLite's writer has the file to itself already.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(Lock.FIRST_USE.value)))
        if only_if_empty and _revision(connection) is not None:
            return  # another process was first
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check(database: Database, found: str | None) -> None:
    if found == NEWEST:
        return
    if found is None or found < NEWEST:
        raise LedgerError(
            f"the ledger {database.name} has schema {found}, expected {NEWEST}; back it up, then "
            "upgrade it with 'lamplighter upgrade'"
        )
    raise LedgerError(
        f"the ledger {database.name} has schema {found}, newer than {NEWEST}, which this "
        "lamplighter knows; use the lamplighter that wrote it, or a newer one"
    )
