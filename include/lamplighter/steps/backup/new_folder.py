"""A new folder that appears whole or not at all: it is built beside its place, and moved there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from lamplighter.errors import UsageError


def new_folder(asked: Path, *, purpose: str, outside: Mapping[str, Path]) -> Path:
    """Return the resolved path of a folder that is not there yet, or is empty.

    Parameters
    ----------
    purpose : str
        What it is for, such as "for the backup".
    outside : mapping
        Places that it must not lie in, by what they are.

    Raises
    ------
    UsageError
        If the folder cannot be used.
    """
    folder = Path(os.path.realpath(asked))
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        raise UsageError(f"{there} is a file, expected a folder; name a new folder {purpose}")
    if there == folder and any(folder.iterdir()):
        raise UsageError(f"{asked} is there and not empty; name a new folder {purpose}")
    for what, place in outside.items():
        if folder.is_relative_to(os.path.realpath(place)):
            raise UsageError(f"{asked} lies inside {what} {place}; name a folder outside")
    return folder


@contextmanager
def built_whole(folder: Path, *, act: str) -> Iterator[Path]:
    """Give a hidden folder beside `folder`; it takes its place at the end, or goes on failure.

    Raises
    ------
    UsageError
        If no folder can be made there.
    """
    building = folder.with_name(f".{folder.name}.{uuid4().hex}.{act}")
    try:
        with _refusals_explained(folder):
            if folder.is_dir():
                folder.rmdir()  # now, and not after hours of copying: it may be a mount
            building.mkdir(parents=True)
        yield building
        with _refusals_explained(folder):
            building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def _refusals_explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{folder} cannot be made ({why}); name a new folder where you may write"
        ) from error
