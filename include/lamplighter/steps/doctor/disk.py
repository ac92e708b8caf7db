"""Disk: how many more nights like the last ones fit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lamplighter.steps.doctor.finding import Finding
from lamplighter.steps.store_paths import StorePaths

_WINDOW_DAYS = 7
_FEW_DAYS = 7
_MOST_FILES = 200_000
_GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class Growth:
    """What was written of late, and what is still free, on one disk."""

    written_bytes: int
    days: int
    free_bytes: int

    @property
    def days_left(self) -> float:
        """For how many days the disk lasts, if the next are like the last."""
        per_day = self.written_bytes / self.days
        return self.free_bytes / per_day if per_day else float("inf")


def examine_disk(paths: StorePaths, *, now: datetime) -> Iterator[Finding]:
    """Compare the free space of each disk of ours with what the last week wrote there."""
    folders = [Path(paths.home), Path(paths.lake)]
    there = sorted({folder.resolve() for folder in folders if folder.is_dir()})
    disks: dict[int, list[Path]] = {}
    for folder in there:
        disks.setdefault(folder.stat().st_dev, []).append(folder)
    for same in disks.values():
        # A folder below another is counted with it.
        outer = [f for f in same if not any(f != o and f.is_relative_to(o) for o in same)]
        yield _finding(outer, growth(outer, now=now))
    if not there:
        yield Finding("disk", "note", "the stores lie on no disk of this machine")


def growth(folders: list[Path], *, now: datetime) -> Growth:
    """Add up what was written below some folders of one disk within the last week."""
    since = (now - timedelta(days=_WINDOW_DAYS)).timestamp()
    written = sum(size for folder in folders for size in _sizes(folder, since))
    return Growth(written, _WINDOW_DAYS, shutil.disk_usage(folders[0]).free)


def _sizes(folder: Path, since: float) -> Iterator[int]:
    seen = 0
    for place, _, names in os.walk(folder):
        for name in names:
            seen += 1
            if seen > _MOST_FILES:
                return
            try:
                found = os.lstat(os.path.join(place, name))
            except OSError:
                continue
            if found.st_mtime >= since:
                yield found.st_size


def _finding(folders: list[Path], found: Growth) -> Finding:
    where = " and ".join(map(str, folders))
    said = (
        f"{found.free_bytes / _GIGABYTE:.1f} GB are free where {where} lies; the last "
        f"{found.days} days wrote {found.written_bytes / _GIGABYTE:.2f} GB"
    )
    if found.days_left < _FEW_DAYS:
        return Finding(
            "disk",
            "wrong",
            f"{said}, so it is full in {found.days_left:.1f} days; make room, or run 'lamplighter "
            "maintain' with shorter limits",
        )
    lasts = f"{found.days_left:,.0f} days" if found.days_left < 3_650 else "years"
    return Finding("disk", "ok", f"{said}: enough for {lasts}")
