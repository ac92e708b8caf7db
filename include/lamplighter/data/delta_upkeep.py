"""Upkeep of Delta tables: merge small files, and delete what was replaced long ago.

Neither changes a row of the newest version, nor how far a table was ingested. What goes are the
files that a merge, or a repeat of an interval, has replaced, and those that a killed writer left.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote

import fsspec
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from lamplighter.errors import SourceUnavailableError

log = logging.getLogger(__name__)

LEAST_KEPT = timedelta(days=7)
"""Replaced files younger than this stay: somebody may still be reading or writing them."""

_ATTEMPTS = 3
_SMALL_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class Tidied:
    """What the upkeep of one table did, or would do."""

    table: str
    merged: int
    deleted: int


def delta_tables(root: str) -> list[str]:
    """Return the address of every Delta table up to three folders below a root, by name."""
    filesystem, path = fsspec.core.url_to_fs(root)
    local = "file" in (
        (filesystem.protocol,) if isinstance(filesystem.protocol, str) else filesystem.protocol
    )
    found = [
        name
        for depth in (1, 2, 3)
        for name in filesystem.glob(f"{path.rstrip('/')}{'/*' * depth}/_delta_log")
    ]
    tables = sorted({name.rstrip("/").removesuffix("/_delta_log") for name in found})
    return tables if local else [filesystem.unstrip_protocol(table) for table in tables]


def tidy_table(uri: str, *, keep: timedelta, dry_run: bool = False) -> Tidied:
    """Merge the small files of each partition, and delete what was replaced before `keep`.

    Whoever reads or writes meanwhile is not disturbed: files go long after they were replaced.

    Parameters
    ----------
    uri : str
        The table's path or URL.
    keep : timedelta
        How long replaced files stay, at least `LEAST_KEPT`.
    dry_run : bool
        Only count.

    Raises
    ------
    SourceUnavailableError
        If the table cannot be read or written.
    """
    try:
        merged = _mergeable(DeltaTable(uri)) if dry_run else _merge(uri)
        deleted = DeltaTable(uri).vacuum(
            retention_hours=max(keep, LEAST_KEPT) // timedelta(hours=1),
            dry_run=dry_run,
            full=True,
        )
    except (DeltaError, OSError) as error:
        said = " ".join(str(error).split())[:300]
        raise SourceUnavailableError(
            f"the table {uri} cannot be tidied ({said}); check the store and try again"
        ) from error
    return Tidied(table=uri, merged=merged, deleted=len(deleted))


def merge_small_files(stored: DeltaTable) -> int:
    """Merge the small files of each partition; return how many files went."""
    metrics = stored.optimize.compact()
    return int(metrics["numFilesRemoved"]) - int(metrics["numFilesAdded"])


def _merge(uri: str) -> int:
    for _ in range(_ATTEMPTS):
        try:
            return merge_small_files(DeltaTable(uri))
        except CommitFailedError as error:
            log.info("%s: a writer was first (%s)", uri, error)
    return 0  # a busy table is merged the next time


def _mergeable(stored: DeltaTable) -> int:
    adds = stored.get_add_actions(flatten=True)
    sizes = zip(adds["path"].to_pylist(), adds["size_bytes"].to_pylist(), strict=True)
    small = Counter(unquote(p).rpartition("/")[0] for p, size in sizes if size < _SMALL_BYTES)
    return sum(count - 1 for count in small.values() if count > 1)
