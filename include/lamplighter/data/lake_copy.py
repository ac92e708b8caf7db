"""Copying a lake while others write to it: every table in one of its versions, every file whole."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import fsspec
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lamplighter.data.delta_upkeep import delta_tables
from lamplighter.errors import SourceUnavailableError

_ATTEMPTS = 3
_HINT = "_last_checkpoint"
_LOG = "_delta_log"


def copy_lake(root: str, target: Path) -> int:
    """Copy the newest version of every Delta table, and all other files. Returns how many files.

    Of a table the log is copied first, and then the files that this log names: those stay until
    upkeep deletes them, which the caller must keep away. All other files of a lake are written
    whole or not at all, and never changed.

    Parameters
    ----------
    root : str
        A path, or any URL that fsspec knows.
    target : Path
        A new folder.

    Raises
    ------
    SourceUnavailableError
        If the lake cannot be read.
    """
    filesystem, path = fsspec.core.url_to_fs(root)
    path = path.rstrip("/")
    try:
        tables = [
            fsspec.core.url_to_fs(t)[1].removeprefix(path).strip("/") for t in delta_tables(root)
        ]
        copied = sum(_copy_table(filesystem, path, table, target) for table in tables)
        for name in filesystem.find(path):
            inside = name.removeprefix(path).strip("/")
            in_table = any(inside.startswith(f"{table}/") for table in tables)
            if not in_table and not inside.endswith(".partial"):
                _copy_file(filesystem, name, target / inside)
                copied += 1
    except (OSError, DeltaError) as error:
        raise SourceUnavailableError(
            f"the lake {root} cannot be copied ({' '.join(str(error).split())[:300]}); check it, "
            "and try again"
        ) from error
    return copied


def is_there(root: str) -> bool:
    """Say whether there is anything at a lake's address, an empty folder included."""
    filesystem, path = fsspec.core.url_to_fs(root)
    return bool(filesystem.exists(path.rstrip("/")))


def _copy_table(filesystem: fsspec.AbstractFileSystem, root: str, table: str, target: Path) -> int:
    for attempt in range(_ATTEMPTS):
        try:
            return _copy_once(filesystem, f"{root}/{table}", target / table)
        except FileNotFoundError:
            # Deltalake tidied up its log meanwhile, which it does now and then after a commit.
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _copy_once(filesystem: fsspec.AbstractFileSystem, source: str, target: Path) -> int:
    log = [name for name in filesystem.find(f"{source}/{_LOG}", refresh=True)]
    # The hint may name a checkpoint that is newer than this list; readers do without it.
    log = [name for name in log if not name.endswith(f"/{_HINT}")]
    for name in log:
        _copy_file(filesystem, name, target / _LOG / name.rpartition("/")[2])
    adds = DeltaTable(str(target)).get_add_actions(flatten=True)
    files = [unquote(path) for path in adds["path"].to_pylist()]
    for file in files:
        _copy_file(filesystem, f"{source}/{file}", target / file)
    return len(log) + len(files)


def _copy_file(filesystem: fsspec.AbstractFileSystem, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    filesystem.get_file(name, str(target))
