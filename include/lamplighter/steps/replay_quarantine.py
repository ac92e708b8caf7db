"""Bringing corrected rows back from quarantine, known from the replay on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from lamplighter.contracts import Actor
from lamplighter.data.callables import load_callable
from lamplighter.data.ingest import conform
from lamplighter.data.quarantine import row_texts, rows_of
from lamplighter.data.sources import read_source
from lamplighter.errors import DataError, UsageError
from lamplighter.quality.validate import validate_table
from lamplighter.quality.volume import Reading, Stored
from lamplighter.spec import ModelSpec
from lamplighter.spec.data import ROW_KEY, Source, Table
from lamplighter.steps.night import Stores

log = logging.getLogger(__name__)

ID_COLUMN = "_id"
"""In a file of corrected rows: which quarantined row each of them corrects."""

_NO_END = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Replay:
    """What a replay did. `failing` has a sentence for each check that some rows still fail.

    `held` rows passed and changed nothing: the lake holds them, or something newer, already.
    """

    model: str
    table: str
    as_of: datetime
    let_in: int
    held: int
    still_failing: int
    already: int
    failing: tuple[str, ...] = ()


def newest_spec(stores: Stores, model: str) -> ModelSpec:
    """Return the spec of the model's newest run."""
    newest = stores.ledger.runs(model, limit=1)
    if not newest:
        raise UsageError(f"{model} has no run, so nothing of it was set aside")
    return ModelSpec.model_validate(stores.ledger.spec(newest[0].run.spec_digest))


def quarantined_rows(stores: Stores, spec: ModelSpec) -> pd.DataFrame:
    """Return a line for every row that was set aside and every check it failed."""
    return stores.quarantine.rows(spec.model, list(spec.data.tables))


def replay_rows(
    stores: Stores,
    spec: ModelSpec,
    *,
    file: Path | None = None,
    ids: Sequence[str] = (),
    table: str | None = None,
    as_of: datetime | None = None,
    actor: Actor,
    reason: str = "",
) -> Replay:
    """Let corrected rows of a file, or quarantined rows as they are, into the lake.

    They pass the same checks as in a night, and count as known from `as_of` on, so that no earlier
    result changes. Those that still fail stay in quarantine. The same rows again are no act at all.

    Parameters
    ----------
    spec : ModelSpec
        Whose checks the rows must pass.
    file : Path, optional
        A .csv or .parquet file of rows of one table. A row is known by its column ``_id``, else by
        its key.
    ids : sequence of str, optional
        Ids, or beginnings of ids, of rows to let in as they are, where the spec has changed.
    table : str, optional
        Needed where rows of several tables are in quarantine.
    as_of : datetime, optional
        By default the time on the clock of the model's data.

    Raises
    ------
    UsageError
        If the rows are not in quarantine, or a night has read the table as of `as_of` already.
    DataError
        If the file is not what the table promises.
    """
    lines = quarantined_rows(stores, spec)
    if lines.empty:
        raise UsageError(f"nothing of {spec.model} is in quarantine")
    chosen = lines[_named(lines, ids)] if ids else lines
    name = _table_of(chosen, table)
    chosen = chosen[chosen["table"] == name].drop_duplicates("id")
    declared = spec.data.tables[name]
    known = stores.lake.columns(spec.model, name) or {}
    if file is None:
        read = rows_of(list(chosen["row"]), known).assign(**{ID_COLUMN: list(chosen["id"])})
    else:
        read = _read(file, declared, known)
    rows = conform(
        read.drop(columns=[ID_COLUMN, ROW_KEY], errors="ignore"),
        name,
        declared,
        known_columns=known,
    )
    corrects = _corrected(read, rows, chosen, declared, known, name)
    open_ids = set(chosen["id"][chosen["replayed_at"].isna()])
    pending = np.array([bool(found & open_ids) for found in corrects], dtype=bool)
    at = _instant(stores, spec.model, name, as_of)
    waiting = rows[pending].reset_index(drop=True)
    passing, failing = _validated(stores, spec, name, waiting, at)
    added = 0
    if passing.any():
        added = stores.lake.correct(spec.model, name, declared, waiting[passing], known_at=at)
        done = [
            found for found, good in zip(_only(corrects, pending), passing, strict=True) if good
        ]
        _note(stores, spec.model, name, set().union(*done) & open_ids, at, actor, reason)
    log.info("%s.%s: %d rows brought back as of %s", spec.model, name, added, at)
    return Replay(
        model=spec.model,
        table=name,
        as_of=at,
        let_in=added,
        held=int(passing.sum()) - added,
        still_failing=int((~passing).sum()),
        already=int((~pending).sum()),
        failing=failing,
    )


def _named(lines: pd.DataFrame, ids: Sequence[str]) -> np.ndarray:
    named = np.zeros(len(lines), dtype=bool)
    for wanted in ids:
        found = lines["id"].str.startswith(wanted).to_numpy()
        if not found.any() or lines["id"][found].nunique() > 1:
            what = "several rows" if found.any() else "no row"
            raise UsageError(
                f"--ids: {wanted} names {what} in quarantine; give an id as "
                "`lamplighter quarantine list` shows it"
            )
        named |= found
    return named


def _table_of(lines: pd.DataFrame, table: str | None) -> str:
    found = list(dict.fromkeys(lines["table"]))
    if table is not None and table not in found:
        raise UsageError(
            f"--table: nothing of {table} is in quarantine, only of {', '.join(found)}"
        )
    if table is None and len(found) > 1:
        raise UsageError(
            f"rows of {', '.join(found)} are in quarantine; say with --table whose these are"
        )
    return table or found[0]


def _read(file: Path, table: Table, known: Mapping[str, str]) -> pd.DataFrame:
    kind = {".csv": "csv", ".parquet": "parquet"}.get(file.suffix)
    if kind is None or not file.is_file():
        raise UsageError(f"--file: got {file}, expected an existing .csv or .parquet file")
    source = Source.model_validate({kind: str(file.absolute())})
    texts = {**known, ID_COLUMN: "string"}
    one_file = table.model_copy(update={"source": source, "look_back": timedelta(0)})
    return read_source(one_file, since=None, until=_NO_END, known_columns=texts)


def _corrected(
    read: pd.DataFrame,
    rows: pd.DataFrame,
    lines: pd.DataFrame,
    table: Table,
    known: Mapping[str, str],
    name: str,
) -> list[set[str]]:
    """Say which quarantined rows each row stands for; by id where it has one, else by key."""
    if ID_COLUMN in read.columns:
        held = set(lines["id"])
        found = [{str(value)} & held for value in read[ID_COLUMN]]
    else:
        if table.keyless:
            raise UsageError(
                f"rows of {name} have no key, so a corrected row must say in a column {ID_COLUMN} "
                "which one it corrects; `lamplighter quarantine show MODEL --out FILE` writes it"
            )
        key = list(table.key)
        aside = conform(rows_of(list(lines["row"]), known), name, table, known_columns=known)
        by_key: dict[str, set[str]] = {}
        for text, row_id in zip(row_texts(aside[key]), lines["id"], strict=True):
            by_key.setdefault(text, set()).add(row_id)
        found = [by_key.get(text, set()) for text in row_texts(rows[key])]
    strangers = [place for place, ids in enumerate(found) if not ids]
    if strangers:
        first = ", ".join(f"{c}={rows[c].iloc[strangers[0]]}" for c in table.key)
        several = "rows are" if len(strangers) > 1 else "row is"
        raise UsageError(
            f"{len(strangers)} {several} not in the quarantine of {name} (for example {first}); a "
            "replay brings back what was set aside, other rows come from the source"
        )
    return found


def _only(corrects: list[set[str]], chosen: np.ndarray) -> list[set[str]]:
    return [found for found, wanted in zip(corrects, chosen, strict=True) if wanted]


def _instant(stores: Stores, model: str, name: str, asked: datetime | None) -> datetime:
    if asked is not None:
        return asked
    ingested = stores.lake.ingested_until(model, name)
    now = stores.ledger.data_clock(model)
    return now if ingested is None else max(now, ingested + timedelta(microseconds=1))


def _validated(
    stores: Stores, spec: ModelSpec, name: str, rows: pd.DataFrame, as_of: datetime
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Say of each row whether it passes, and what the others fail."""
    data, table = spec.data, spec.data.tables[name]
    if rows.empty:
        return np.zeros(0, dtype=bool), ()
    clock = table.available_at or table.event_time
    if clock is not None and (rows[clock] > as_of).any():
        raise DataError(
            f"{name}.{clock} is {rows[clock].max().isoformat()}, after the replay's time "
            f"{as_of.isoformat()}, so nobody can know that row yet; correct it, or give a later "
            "--as-of"
        )
    found = validate_table(
        rows,
        name,
        table,
        data.validate_,
        reading=Reading(since=None, until=as_of, zone=spec.zone),
        stored=Stored(),
        is_examples=name == data.examples_table,
        target_column=data.target_column if name == data.target_table else None,
        task=spec.task,
        known_columns=stores.lake.columns(spec.model, name),
        load=load_callable,
        whole_delivery=False,
    )
    if found.problems:
        raise DataError("; ".join(found.problems))
    passing = ~np.isin(np.arange(len(rows)), found.set_aside)
    return passing, found.quarantined


def _note(
    stores: Stores,
    model: str,
    name: str,
    ids: set[str],
    as_of: datetime,
    actor: Actor,
    reason: str,
) -> None:
    noted = pd.DataFrame({"id": sorted(ids)})
    noted = noted.assign(
        table=name,
        as_of=pd.Timestamp(as_of).tz_convert("UTC").as_unit("us"),
        actor=actor.name,
        reason=reason,
    )
    stores.quarantine.bring_back(model, noted)
