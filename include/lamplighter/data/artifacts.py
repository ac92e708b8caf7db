"""The artifact store: files written whole or not at all, read back only if they are unchanged."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.contracts import ArtifactRef
from lamplighter.errors import ArtifactError, ArtifactStoreUnavailableError

_DIGITS_IN_NAME = 16
_TOMBSTONE = ".purged"


@dataclass(frozen=True)
class StoredFile:
    """A file of the store: its path below the root, its size, and when it was written."""

    path: str
    size_bytes: int
    written_at: datetime

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name


class ArtifactStore:
    """Files under one root, a local path or any URL that fsspec knows.

    A file's name is its key with the start of its digest in it, so two writers of one key with
    different content do not destroy each other's: both references stay valid.
    """

    def __init__(self, root: str) -> None:
        self._filesystem, path = fsspec.core.url_to_fs(str(root))
        self._root = path.rstrip("/")
        self._local = "file" in _protocols(self._filesystem)

    def write(self, key: str, payload: bytes) -> ArtifactRef:
        """Store bytes under a key, whole or not at all. The same bytes again are no new file.

        Raises
        ------
        ArtifactError
            If the key is not a relative path.
        ArtifactStoreUnavailableError
            If the store cannot be written to.
        """
        ref = ArtifactRef(key=key, digest=sha256(payload).hexdigest(), size_bytes=len(payload))
        path = self._path(ref)
        try:
            if not (self._local and self._touch(path, payload)):
                self._put(path, payload)
        except OSError as error:
            raise ArtifactStoreUnavailableError(
                f"artifact {key} cannot be written to {self._root} ({error}); check that the store "
                "exists, is writable and has space"
            ) from error
        return ref

    def read(self, ref: ArtifactRef) -> bytes:
        """Read what was written, to the bit.

        Raises
        ------
        ArtifactError
            If the file is missing or its content is not what was written.
        """
        path = self._path(ref)
        try:
            payload: bytes = self._filesystem.cat_file(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ArtifactError(self._missing(ref, path)) from error
        found = sha256(payload).hexdigest()
        if found != ref.digest:
            raise ArtifactError(
                f"artifact {ref.key} at {path} has digest {found[:12]}, expected "
                f"{ref.digest[:12]}: it was changed after it was written. Restore the file, or run "
                "the step that makes it again"
            )
        return payload

    def find(self, key: str) -> ArtifactRef | None:
        """Look for what was written under a key; the newest, should there be several."""
        folder, stem, suffix = self._parts(key)
        try:
            listed = self._filesystem.ls(folder, detail=True, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return None
        named = [
            entry for entry in listed if _is_named(PurePosixPath(entry["name"]).name, stem, suffix)
        ]
        if not named:
            return None
        newest = max(named, key=lambda entry: (_written_at(entry), entry["name"]))
        payload: bytes = self._filesystem.cat_file(newest["name"])
        return ArtifactRef(key=key, digest=sha256(payload).hexdigest(), size_bytes=len(payload))

    def find_file(self, path: str) -> ArtifactRef | None:
        """Look for the file that lies at a path below the root, as links between files name it."""
        file = PurePosixPath(path)
        stem, dash, digits = file.stem.rpartition("-")
        if not dash or not _is_digits(digits):
            return None
        key = str(file.with_name(f"{stem}{file.suffix}"))
        folder, _, _ = self._parts(key)
        try:
            payload: bytes = self._filesystem.cat_file(f"{folder}/{file.name}")
        except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: an odd name
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise
        return ArtifactRef(key=key, digest=sha256(payload).hexdigest(), size_bytes=len(payload))

    def folders(self) -> list[str]:
        """Return the folders right below the root: one for each model."""
        try:
            found = self._filesystem.ls(self._root, detail=True, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        named = (PurePosixPath(e["name"]).name for e in found if e["type"] == "directory")
        return sorted(named)

    def files(self, folder: str = "") -> list[StoredFile]:
        """Return every file below a folder of the store, with its size and age, by path."""
        root = f"{self._root}/{folder}".rstrip("/")
        try:
            found = self._filesystem.find(root, detail=True, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        files = [
            StoredFile(
                path=name.removeprefix(self._root).lstrip("/"),
                size_bytes=int(entry.get("size") or 0),
                written_at=_instant(entry),
            )
            for name, entry in found.items()
        ]
        return sorted(files, key=lambda file: file.path)

    def place(self, ref: ArtifactRef) -> str:
        """Return an artifact's path below the root, as `files` names it."""
        return self._path(ref).removeprefix(self._root).lstrip("/")

    def purge(self, path: str, *, why: str, written_before: datetime) -> bool:
        """Delete a file below the root, and leave a note of why; `read` then says it.

        A file that was written again meanwhile stays. Returns whether the file went.
        """
        full = f"{self._root}/{path}"
        try:
            if _instant(self._filesystem.info(full, refresh=True)) >= written_before:
                return False
            self._filesystem.pipe_file(f"{full}{_TOMBSTONE}", why.encode())
            self._filesystem.rm_file(full)
        except FileNotFoundError:
            return False
        return True

    def drop_unfinished(self, file: StoredFile) -> None:
        """Delete what a killed writer left; nobody ever referred to it."""
        with suppress(FileNotFoundError):
            self._filesystem.rm_file(f"{self._root}/{file.path}")

    def write_frame(self, key: str, frame: pd.DataFrame) -> ArtifactRef:
        """Store a frame as Parquet; equal frames give equal bytes. The index is not kept."""
        sink = BytesIO()
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table, sink, compression="zstd", version="2.6", store_schema=True)
        return self.write(key, sink.getvalue())

    def read_frame(self, ref: ArtifactRef, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a frame with the dtypes it was written with; only some columns, if named.

        Raises
        ------
        ArtifactError
            If the file is missing or changed.
        """
        frame: pd.DataFrame = pq.read_table(
            pa.BufferReader(self.read(ref)), columns=None if columns is None else list(columns)
        ).to_pandas()
        return frame

    def uri(self, ref: ArtifactRef) -> str:
        """Say where the file lies: a path, or a URL."""
        path = self._path(ref)
        return path if self._local else self._filesystem.unstrip_protocol(path)

    @contextmanager
    def path(self, ref: ArtifactRef) -> Iterator[Path]:
        """Give a local file of the artifact's content, named like its key, to be read only.

        Raises
        ------
        ArtifactError
            If the file is missing or changed.
        """
        payload = self.read(ref)
        with tempfile.TemporaryDirectory(prefix="lamplighter-") as folder:
            copy = Path(folder) / PurePosixPath(ref.key).name
            copy.write_bytes(payload)
            yield copy

    def _put(self, path: str, payload: bytes) -> None:
        if not self._local:
            self._filesystem.pipe_file(path, payload)  # an object appears whole or not at all
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{uuid4().hex}.partial")
        try:
            with partial.open("wb") as file:
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _touch(self, path: str, payload: bytes) -> bool:
        """Say whether the file holds just this, and let it look new: upkeep deletes old ones."""
        try:
            if self._filesystem.cat_file(path) != payload:
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _missing(self, ref: ArtifactRef, path: str) -> str:
        try:
            why = self._filesystem.cat_file(f"{path}{_TOMBSTONE}").decode()
        except FileNotFoundError:
            return (
                f"artifact {ref.key} is not at {path}; it was deleted, or the store is another "
                "one. Run the step that makes it again"
            )
        return f"data purged: artifact {ref.key} {why}. Run the step that makes it again"

    def _path(self, ref: ArtifactRef) -> str:
        folder, stem, suffix = self._parts(ref.key)
        return f"{folder}/{stem}-{ref.digest[:_DIGITS_IN_NAME]}{suffix}"

    def _parts(self, key: str) -> tuple[str, str, str]:
        relative = PurePosixPath(key)
        if relative.is_absolute() or ".." in relative.parts or not relative.name:
            raise ArtifactError(
                f"got artifact key {key!r}, expected a relative path such as a/b.json"
            )
        folder = str(PurePosixPath(self._root, *relative.parent.parts))
        return folder, relative.stem, relative.suffix


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _is_named(name: str, stem: str, suffix: str) -> bool:
    digits = name.removeprefix(f"{stem}-").removesuffix(suffix)
    return name == f"{stem}-{digits}{suffix}" and _is_digits(digits)


def _is_digits(text: str) -> bool:
    return len(text) == _DIGITS_IN_NAME and set(text) <= set("0123456789abcdef")


def _written_at(entry: dict[str, Any]) -> str:
    found = entry.get("mtime") or entry.get("LastModified") or entry.get("created") or ""
    return f"{found:020.6f}" if isinstance(found, float) else str(found)


def _instant(entry: dict[str, Any]) -> datetime:
    # Each kind of store names the time in its own way; without any, the file counts as new.
    found = entry.get("mtime") or entry.get("LastModified") or entry.get("created")
    if isinstance(found, int | float):
        return datetime.fromtimestamp(found, UTC)
    if isinstance(found, datetime):
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.now(UTC)
