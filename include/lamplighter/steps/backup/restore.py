"""Bring a backup back at a new place: a home of its own, verified, whole or not at all.

What nights did between the ledger's copy and the others' is extra: rows known later, which an
as-of reader does not see; files that nobody refers to; versions in MLflow that the ledger does not
know, which the night finds and takes over when it is run again. Only the alias may be ahead of the
ledger. It is moved back, since the ledger is the truth about who is champion.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lamplighter.errors import LedgerError, UsageError
from lamplighter.ledger.copying import POSTGRES_FILE, SQLITE_FILE, restore_ledger
from lamplighter.registry.relocation import files_of, relocate
from lamplighter.registry.stored_model import RELEASE_TAG
from lamplighter.steps.act_of_person import registered_name, restore_alias
from lamplighter.steps.backup.manifest import (
    LAKE,
    MLFLOW_FILE,
    Manifest,
    read_manifest,
    verify,
)
from lamplighter.steps.backup.new_folder import built_whole, new_folder
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths


def _silent(_: str) -> None:
    return None


@dataclass(frozen=True)
class Restored:
    """What was restored: where it lies, from which moment, and the aliases that were moved back."""

    paths: StorePaths
    manifest: Manifest
    aliases: tuple[str, ...]


def restore(
    backup: Path, home: Path, *, ledger: str | None = None, say: Callable[[str], None] = _silent
) -> Restored:
    """Verify a backup, copy it to a new home, and let its stores agree.

    Parameters
    ----------
    home : Path
        A folder that is not there yet, or is empty; outside the backup.
    ledger : str, optional
        For a ledger of Postgres: the URL of an empty database.

    Raises
    ------
    UsageError
        If the home cannot be used, or the ledger's database cannot be used.
    BackupError
        If the backup is damaged, was tampered with, or was never finished.
    """
    manifest = read_manifest(backup)
    home = new_folder(home, purpose="to restore to", outside={"the backup": backup})
    verify(backup, manifest)
    say(f"{len(manifest.files):,} files are what they were when they were copied")
    _refuse_ledger(manifest, ledger)
    _place(backup, home, manifest)
    if manifest.ledger == POSTGRES_FILE and ledger is not None:
        restore_ledger(backup / POSTGRES_FILE, ledger)
    paths = StorePaths(
        home=str(home),
        lake=str(home / LAKE),
        artifacts=str(home / LAKE / "artifacts"),
        ledger=ledger or f"sqlite:///{home / SQLITE_FILE}",
        mlflow=f"sqlite:///{home / MLFLOW_FILE}",
    )
    aliases = () if manifest.mlflow_root is None else _follow_ledger(paths, say)
    return Restored(paths, manifest, aliases)


def _refuse_ledger(manifest: Manifest, ledger: str | None) -> None:
    if manifest.ledger == POSTGRES_FILE and ledger is None:
        raise UsageError(
            "the backup holds a ledger of Postgres; name an empty database for it with --ledger"
        )
    if manifest.ledger == SQLITE_FILE and ledger is not None:
        raise UsageError("the backup holds a ledger of SQLite, which lies in the home; no --ledger")


def _place(backup: Path, home: Path, manifest: Manifest) -> None:
    with built_whole(home, act="restoring") as building:
        for path in manifest.files:
            if path != POSTGRES_FILE:
                (building / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(backup / path, building / path)
        (building / LAKE).mkdir(parents=True, exist_ok=True)
        if manifest.ledger == SQLITE_FILE:
            with closing(sqlite3.connect(building / SQLITE_FILE)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
        if manifest.mlflow_root is not None:
            relocate(
                building / MLFLOW_FILE,
                old_root=manifest.mlflow_root,
                new_root=files_of(home / MLFLOW_FILE).as_uri(),
            )


def _follow_ledger(paths: StorePaths, say: Callable[[str], None]) -> tuple[str, ...]:
    try:
        stores = Stores.open(paths)
    except LedgerError as error:  # an older backup: its schema has to be upgraded first
        say(f"{error}; then 'lamplighter doctor' says whether the aliases agree")
        return ()
    moved = []
    for model in stores.ledger.models():
        champion = stores.ledger.champion(model)
        name = registered_name(stores, model)
        _forget_later_releases(stores, model, name)
        if champion is not None and stores.registry.alias(name, "champion") != champion.version:
            moved.append(f"{name} to version {restore_alias(stores, model)}")
    return tuple(moved)


def _forget_later_releases(stores: Stores, model: str, name: str) -> None:
    # MLflow's copy may tell of releases that the ledger's does not know: their numbers come again.
    known = {release.id for release in stores.ledger.releases(model)}
    for version in stores.registry.versions(name):
        noted = version.tags.get(RELEASE_TAG)
        if noted is not None and noted not in map(str, known):
            stores.registry.forget_release(name, version.version)
