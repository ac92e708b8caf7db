"""The triggers by which the database itself refuses to change what was written.

Migrations call these functions, so what they do to a table stays as it is: a change of the
rules is a new function and a new migration.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

_MESSAGE = "rows of the ledger are never changed: add a new one"


def forbid_changes(
    connection: sa.Connection, *, updates: Sequence[str], deletes: Sequence[str]
) -> None:
    """Let the database refuse updates of the tables `updates`, deletes of the tables `deletes`."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_MESSAGE}'; END $$"
        )
    forbid_changes_too(connection, updates=updates, deletes=deletes)


def forbid_changes_too(
    connection: sa.Connection, *, updates: Sequence[str], deletes: Sequence[str]
) -> None:
    """Let the database refuse the same of tables that came later than the first ones."""
    postgres = connection.dialect.name == "postgresql"
    forbidden = [(table, "UPDATE") for table in updates]
    forbidden += [(table, "DELETE") for table in deletes]
    if postgres:
        forbidden += [(table, "TRUNCATE") for table in deletes]
    for table, act in forbidden:
        connection.exec_driver_sql(_on_postgres(table, act) if postgres else _on_sqlite(table, act))


def _on_sqlite(table: str, act: str) -> str:
    return (
        f"CREATE TRIGGER {table}_refuses_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    )


def _on_postgres(table: str, act: str) -> str:
    return (
        f"CREATE TRIGGER {table}_refuses_{act.lower()} BEFORE {act} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
    )
