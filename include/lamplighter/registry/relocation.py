"""Where an MLflow database on SQLite says that its files lie, and how to say otherwise.

MLflow writes absolute addresses into its database. A copy at another place would go on reading the
files of the original: so a restored copy is told where its own are.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from lamplighter.registry.connection import artifact_root

_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def files_of(database: Path) -> Path:
    """Return the folder in which Lamplighter keeps the files of an MLflow on SQLite."""
    return Path(str(artifact_root(f"sqlite:///{database}")).removeprefix("file://"))


def relocate(database: Path, *, old_root: str, new_root: str) -> int:
    """Let every address below one root lie below another. Returns how many there were.

    Parameters
    ----------
    old_root, new_root : str
        As MLflow writes them, such as ``file:///var/mlartifacts``.
    """
    changed = 0
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _ADDRESSES:
            if not _has(connection, table, column):
                continue  # MLflow's schema changes from version to version
            cursor = connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new_root, len(old_root) + 1, old_root, len(old_root) + 1, f"{old_root}/"),
            )
            changed += cursor.rowcount
    return changed


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return column in {row[1] for row in columns}
