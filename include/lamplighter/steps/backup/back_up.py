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
from lamplighter.steps.backup.manifest import NAME, Manifest, describe
from lamplighter.steps.store_paths import StorePaths

NO_MLFLOW = "none"
MLFLOW_FILE, MLFLOW_FILES, LAKE = "mlflow.db", "mlartifacts", "lake"


def _silent(_: str) -> None:
    return None


def back_up(
    paths: StorePaths,
    target: Path,
    *,
    mlflow: str | None = None,
    say: Callable[[str], None] = _silent,
) -> Manifest:
    """Copy ledger, MLflow and lake into a new folder. A manifest, written last, makes it whole.

    Parameters
    ----------
    target : Path
        A folder that is not there yet, or is empty; outside the lake.
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
    LedgerUnavailableError
        If upkeep, or another backup, is at work.
    """
    database = mlflow_database(paths, mlflow)
    _refuse_target(paths, target)
    with ledger_alone(paths.ledger, "back up"):
        target.mkdir(parents=True, exist_ok=True)
        point = datetime.now(UTC)
        ledger = copy_ledger(paths.ledger, target)
        say(f"ledger copied, as of {point:%Y-%m-%d %H:%M:%S %Z}")
        if database is not None:
            copy_sqlite(database, target / MLFLOW_FILE, what="database of MLflow")
            say("MLflow's database copied")
            if files_of(database).is_dir():
                shutil.copytree(files_of(database), target / MLFLOW_FILES)
            say("MLflow's files copied")
        count = copy_lake(paths.lake, target / LAKE)
        say(f"{count:,} files of the lake copied")
    manifest = Manifest(
        lamplighter=version("lamplighter"),
        point=point,
        ledger=ledger.name,
        mlflow_root=None if database is None else files_of(database).as_uri(),
        files=describe(target),
    )
    partial = target / f".{NAME}.partial"
    partial.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    partial.replace(target / NAME)
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


def _refuse_target(paths: StorePaths, target: Path) -> None:
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise UsageError(f"{target} is there and not empty; name a new folder for the backup")
    if "://" not in paths.lake and target.resolve().is_relative_to(Path(paths.lake).resolve()):
        raise UsageError(f"{target} lies inside the lake {paths.lake}; name a folder outside")
