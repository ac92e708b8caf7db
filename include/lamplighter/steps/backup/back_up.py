"""Back up the three stores to one point in time, while nights go on.

The ledger is copied first. It is written last: all that its rows refer to, files of the lake and
versions in MLflow, was there before. The lake and MLflow only grow (upkeep, which deletes, is kept
away by a lock), so their copies, taken afterwards, hold all that the copied ledger refers to, and
perhaps a little more: work of the nights that went on. `restore` knows what to do with that.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from lamplighter.data.lake_copy import copy_lake
from lamplighter.errors import UsageError
from lamplighter.ledger.copying import copy_ledger, copy_sqlite, ledger_alone
from lamplighter.registry.relocation import files_of
from lamplighter.steps.backup.completeness import (
    Named,
    check_lake,
    has_files,
    named_by_ledger,
    refuse_without_mlflow_files,
)
from lamplighter.steps.backup.manifest import (
    LAKE,
    MLFLOW_FILE,
    MLFLOW_FILES,
    NAME,
    Manifest,
    describe,
)
from lamplighter.steps.backup.new_folder import built_whole, new_folder
from lamplighter.steps.store_paths import StorePaths

NO_MLFLOW = "none"


def _silent(_: str) -> None:
    return None


def back_up(
    paths: StorePaths,
    target: Path,
    *,
    mlflow: str | None = None,
    say: Callable[[str], None] = _silent,
) -> Manifest:
    """Copy ledger, MLflow and lake into a new folder, which appears when it is whole.

    Parameters
    ----------
    target : Path
        A folder that is not there yet, or is empty; outside what is copied.
    mlflow : str, optional
        ``sqlite:///...``: the database behind the MLflow server; or ``none``, to leave MLflow
        out. Default: the address in `paths`, if it is one of SQLite; behind a server, the
        `mlflow.db` in the home, where `make up` keeps it.
    say : callable, optional
        Told when each store is copied.

    Raises
    ------
    UsageError
        If the target or MLflow's database cannot be used.
    BackupError
        If the lake or MLflow's files are not those that the ledger was written with.
    LedgerUnavailableError
        If upkeep, or another backup, is at work.
    """
    database = mlflow_database(paths, mlflow)
    target = new_folder(target, purpose="for the backup", outside=_copied_places(paths, database))
    if database is not None and not database.is_file():
        raise UsageError(
            f"there is no database of MLflow at {database}; name it with --mlflow "
            f"sqlite:///path/to/mlflow.db, or leave MLflow out with --mlflow {NO_MLFLOW}"
        )
    with (
        ledger_alone(paths.ledger, "back up"),
        built_whole(target, act="backing-up") as building,
    ):
        point = datetime.now(UTC)
        ledger = copy_ledger(paths.ledger, building)
        say(f"ledger copied, as of {point:%Y-%m-%d %H:%M:%S %Z}")
        named = named_by_ledger(paths.ledger)
        if database is not None:
            _copy_mlflow(database, building, named, say)
        count = copy_lake(paths.lake, building / LAKE)
        lacking = check_lake(named, paths.lake, building / LAKE)
        say(f"{count:,} files of the lake copied")
        if lacking:
            say(f"{lacking}; what lies there already is lost to this backup too")
        manifest = Manifest(
            lamplighter=version("lamplighter"),
            point=point,
            ledger=ledger.name,
            mlflow_root=None if database is None else files_of(database).as_uri(),
            files=describe(building),
        )
        (building / NAME).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    return manifest


def mlflow_database(paths: StorePaths, asked: str | None) -> Path | None:
    """Return MLflow's database file; None where MLflow is left out on purpose."""
    if asked == NO_MLFLOW:
        return None
    address = asked or paths.mlflow
    if address.startswith("sqlite:///"):
        return Path(address.removeprefix("sqlite:///")).absolute()
    behind = Path(paths.home) / MLFLOW_FILE
    if asked is None and behind.is_file():
        return behind
    raise UsageError(
        "MLflow is behind a server, and its database is not in the home; name it with --mlflow "
        f"sqlite:///path/to/mlflow.db, or leave MLflow out with --mlflow {NO_MLFLOW} and back it "
        "up by the means of its own database and store"
    )


def _copied_places(paths: StorePaths, database: Path | None) -> dict[str, Path]:
    places = {} if database is None else {"MLflow's files": files_of(database)}
    lake = paths.lake.removeprefix("file://")
    return places if "://" in lake else {"the lake": Path(lake), **places}


def _copy_mlflow(database: Path, building: Path, named: Named, say: Callable[[str], None]) -> None:
    files = files_of(database)
    refuse_without_mlflow_files(named, database, files)
    copy_sqlite(database, building / MLFLOW_FILE, what="database of MLflow")
    say("MLflow's database copied")
    if has_files(files):
        shutil.copytree(files, building / MLFLOW_FILES)
        say("MLflow's files copied")
    else:
        say(f"MLflow has no files at {files}")
