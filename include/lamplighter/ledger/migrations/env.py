"""How Alembic runs the migrations: on the connection and in the transaction it is handed."""

from __future__ import annotations

from alembic import context

from lamplighter.ledger.schema import VERSION_TABLE
from lamplighter.ledger.tables import metadata


def run_migrations() -> None:
    """Bring the database to the revision that was asked for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # Alembic's name for this file; whoever only imports it migrates nothing
    run_migrations()
