"""Duty delete_old_logs: delete old task logs of Lamplighter's own DAGs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lamplighter.contracts import Upkeep
from lamplighter.spec.operations import PROCESSES
from lamplighter.steps.upkeep.round import Round

_MEGABYTE = 1_000_000


def delete_old_logs(task: Round) -> Upkeep:
    """Delete log files older than the limit below the folders of Lamplighter's own DAGs.

    Other DAGs' logs are none of our business. Nothing is followed out of the folder: a link
    counts as what it is.
    """
    if task.logs is None:
        task.say("task logs are not kept in a folder of this machine, so none were deleted")
        return task.report("delete_old_logs", done=[])
    limit = task.before(days=task.keep.logs_days).timestamp()
    count, size = 0, 0
    for folder in dag_folders(task.logs, task.stores.ledger.models()):
        for file in _old_logs(folder, limit):
            with suppress(OSError):  # another round may have been faster
                count, size = count + 1, size + file.lstat().st_size
                if not task.dry_run:
                    file.unlink()
        if not task.dry_run:
            _remove_empty(folder)
    done = [f"deleted {count} task logs, {size / _MEGABYTE:.1f} MB"] if count else []
    return task.report("delete_old_logs", done=done)


def dag_folders(logs: Path, models: list[str]) -> list[Path]:
    """Return the folders of logs that belong to the DAGs of some models, and to upkeep's."""
    ours = {"lamplighter__maintain", *(f"{m}__{process}" for m in models for process in PROCESSES)}
    if not logs.is_dir():
        return []
    return sorted(
        folder
        for folder in logs.iterdir()
        if folder.is_dir()
        and not folder.is_symlink()
        and folder.name.startswith("dag_id=")
        and folder.name.removeprefix("dag_id=") in ours
    )


def _old_logs(folder: Path, limit: float) -> Iterator[Path]:
    for place, _, names in os.walk(folder, followlinks=False):
        for name in names:
            path = Path(place, name)
            with suppress(FileNotFoundError):
                if ".log" in path.suffixes and path.lstat().st_mtime < limit:
                    yield path


def _remove_empty(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False, followlinks=False):
        with suppress(OSError):  # it holds something, or is gone
            Path(place).rmdir()
