"""Whether a backup holds what its ledger names: a wrong lake or MLflow copies without complaint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lamplighter.contracts import ArtifactRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.data.lake_copy import is_there
from lamplighter.errors import BackupError
from lamplighter.ledger import tables
from lamplighter.ledger.database import Database
from lamplighter.ledger.timelines import LIVE

_FEW = 3
_PURGED = ".purged"  # upkeep's note in a file's place: deleted on purpose


@dataclass(frozen=True)
class Named:
    """What a ledger names: its models, the files of its live releases, how many versions."""

    models: frozenset[str]
    champions: dict[str, ArtifactRef]
    former: dict[str, ArtifactRef]
    versions: int


def named_by_ledger(url: str) -> Named:
    """Read what a ledger names, whatever its schema; one without a table names nothing of it.

    Asked after the ledger was copied, it is all that the copy names and perhaps a little more,
    which lies in the other stores by then too.
    """
    runs, releases, versions = tables.runs.c, tables.releases.c, tables.versions.c
    with Database(url).reading() as connection:
        held = set(sa.inspect(connection).get_table_names())

        def rows(query: sa.Select[tuple[object, ...]], table: sa.Table) -> list[sa.Row[object]]:
            return list(connection.execute(query).all()) if table.name in held else []

        live = sa.select(releases.model, releases.version, releases.artifact)
        live = live.where(releases.timeline == LIVE).order_by(releases.id)
        released = rows(live, tables.releases)
        registered = rows(sa.select(versions.model), tables.versions)
        ran = rows(sa.select(runs.model).distinct(), tables.runs)
    heads = {row.model: row for row in released}
    return Named(
        models=frozenset(row.model for row in (*released, *registered, *ran)),
        champions={f"{r.model} version {r.version}": _file(r) for r in heads.values()},
        former={f"{r.model} version {r.version}": _file(r) for r in released},
        versions=len(registered),
    )


def check_lake(named: Named, lake: str, copy: Path) -> str:
    """Raise BackupError if the lake's copy lacks a champion; say which former ones it lacks."""
    if named.models and not is_there(lake):
        raise BackupError(
            f"there is no lake at {lake}, but the ledger knows {_few(sorted(named.models))}; set "
            "LAMPLIGHTER_LAKE to the lake that the ledger was written with"
        )
    missing = _missing(named.champions, copy)
    if missing:
        raise BackupError(
            f"the lake {lake} lacks what the ledger names as champion: {_few(missing)}; set "
            "LAMPLIGHTER_LAKE to the lake that the ledger was written with"
        )
    former = _missing(named.former, copy)
    return f"the lake lacks the files of former champions: {_few(former)}" if former else ""


def refuse_without_mlflow_files(named: Named, database: Path, files: Path) -> None:
    """Raise BackupError if the ledger knows versions, and no files lie where MLflow's would."""
    if named.versions and not has_files(files):
        raise BackupError(
            f"the ledger knows {named.versions} registered versions, but {files} beside MLflow's "
            f"database {database} holds no files; name the right database with --mlflow "
            "sqlite:///path/to/mlflow.db, or leave MLflow out with --mlflow none"
        )


def _missing(released: dict[str, ArtifactRef], copy: Path) -> list[str]:
    store = ArtifactStore(str(copy / "artifacts"))
    return [
        f"{release} ({place})"
        for release, place in ((r, store.place(ref)) for r, ref in released.items())
        if not any((copy / "artifacts" / f"{place}{end}").is_file() for end in ("", _PURGED))
    ]


def _file(row: sa.Row[Any]) -> ArtifactRef:
    return ArtifactRef.model_validate(row.artifact)


def has_files(folder: Path) -> bool:
    """Say whether any file lies below a folder."""
    return any(path.is_file() for path in folder.rglob("*"))


def _few(names: list[str]) -> str:
    return ", ".join(names[:_FEW]) + (" and others" if len(names) > _FEW else "")
