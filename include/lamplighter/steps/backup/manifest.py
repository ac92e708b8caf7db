"""The manifest of a backup: what it holds, with the digest of every file. Written last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from lamplighter.contracts import Contract, Instant
from lamplighter.errors import BackupError
from lamplighter.ledger.copying import POSTGRES_FILE, SQLITE_FILE

NAME = "manifest.json"
MLFLOW_FILE, MLFLOW_FILES, LAKE = "mlflow.db", "mlartifacts", "lake"
_CHUNK = 1 << 20
_FEW = 3


class StoredCopy(Contract):
    """One file of a backup."""

    size_bytes: int
    digest: str


class Manifest(Contract):
    """What a backup holds.

    `point` is the moment of the ledger's copy: that is what a restore brings back. `mlflow_root` is
    where MLflow's files lay, None where MLflow is not in the backup.
    """

    format: int = 1
    lamplighter: str
    point: Instant
    ledger: str
    mlflow_root: str | None
    files: dict[str, StoredCopy]

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size_bytes for file in self.files.values())


def describe(folder: Path) -> dict[str, StoredCopy]:
    """Return size and digest of every file below a folder but the manifest, by path."""
    return {
        str(path.relative_to(folder)): StoredCopy(
            size_bytes=path.stat().st_size, digest=file_digest(path)
        )
        for path in _files(folder)
    }


def read_manifest(folder: Path) -> Manifest:
    """Read a backup's manifest.

    Raises
    ------
    BackupError
        If there is none: then the folder is no backup, or one that was never finished. If it names
        files outside the folder, or lacks a store that it tells of.
    """
    try:
        manifest = Manifest.model_validate_json((folder / NAME).read_text(encoding="utf-8"))
    except OSError:
        raise BackupError(
            f"{folder} holds no {NAME}; it is no backup, or one that was cut short. Use another"
        ) from None
    except (ValidationError, UnicodeDecodeError):
        raise BackupError(
            f"{folder / NAME} cannot be read by this lamplighter; it is damaged, or a newer one "
            "wrote it. Use another backup, or that lamplighter"
        ) from None
    _refuse_outside(folder, manifest)
    _refuse_without_stores(folder, manifest)
    return manifest


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file of a backup with its digest.

    Raises
    ------
    BackupError
        If a file is missing, is a link, or is not the one that was copied; some are named.
    """
    _refuse_links(folder, manifest)
    missing = [path for path in manifest.files if not (folder / path).is_file()]
    changed = [
        path
        for path, copy in manifest.files.items()
        if path not in missing and file_digest(folder / path) != copy.digest
    ]
    if missing or changed:
        named = ", ".join([*missing, *changed][:_FEW])
        raise BackupError(
            f"the backup {folder} is damaged: {len(missing)} files are missing and {len(changed)} "
            f"were changed, such as {named}; nothing was restored, use another backup"
        )


def file_digest(path: Path) -> str:
    """Return a file's SHA-256, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    own = folder / NAME
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path != own)


def _refuse_outside(folder: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise BackupError(
                f"{folder / NAME} names the file {name!r}, expected a path inside the backup; it "
                "was tampered with. Nothing was restored, use another backup"
            )


def _refuse_without_stores(folder: Path, manifest: Manifest) -> None:
    needed = [manifest.ledger, *([] if manifest.mlflow_root is None else [MLFLOW_FILE])]
    lacking = [name for name in needed if name not in manifest.files]
    if lacking or manifest.ledger not in (SQLITE_FILE, POSTGRES_FILE):
        raise BackupError(
            f"{folder / NAME} lists no {(lacking or ['ledger'])[0]!r}, expected the files of every "
            "store that it tells of; it is damaged. Nothing was restored, use another backup"
        )


def _refuse_links(folder: Path, manifest: Manifest) -> None:
    inside = {
        p for name in manifest.files for p in (PurePosixPath(name), *PurePosixPath(name).parents)
    }
    links = sorted(str(p) for p in inside - {PurePosixPath()} if (folder / p).is_symlink())
    if links:
        raise BackupError(
            f"the backup {folder} holds links instead of files, such as {links[0]}; a backup has "
            "none, it was tampered with. Nothing was restored, use another backup"
        )
