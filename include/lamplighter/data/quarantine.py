"""Rows that were set aside: each with the reason, and whether a corrected one was brought back."""

from __future__ import annotations

import json
import logging
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import pandas as pd
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lamplighter.data.column_types import exact_frame
from lamplighter.errors import SourceUnavailableError

log = logging.getLogger(__name__)

_ATTEMPTS = 30
_WRITTEN = "lamplighter.quarantine"
_REPLAYS = "_replays"
_TIME = pa.timestamp("us", tz="UTC")
_FAULTS = pa.schema(
    [
        ("id", pa.string()),
        ("check", pa.string()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("row", pa.string()),
        ("as_of", _TIME),
        ("run_key", pa.string()),
    ]
)
_BROUGHT_BACK = pa.schema(
    [
        ("id", pa.string()),
        ("table", pa.string()),
        ("as_of", _TIME),
        ("actor", pa.string()),
        ("reason", pa.string()),
    ]
)


class QuarantineTable:
    """What was set aside of a model's tables, at ``{root}/quarantine/{model}/{table}``.

    A line says which check a row failed; a row that fails two has two lines. Lines are only ever
    added. A row's id is a digest of its table and its content, so the same row set aside again,
    by a retried task or because the source still holds it, is the same row: nothing is added.
    """

    def __init__(self, root: str) -> None:
        self._root = str(root).rstrip("/")

    def set_aside(self, model: str, table: str, faults: pd.DataFrame) -> int:
        """Keep rows with the reason; return how many lines were new.

        Parameters
        ----------
        faults : DataFrame
            Columns ``id``, ``check``, ``column``, ``reason``, ``row`` (as `row_texts` writes it),
            ``as_of`` and ``run_key``; a line for each row and each check that it fails.

        Raises
        ------
        SourceUnavailableError
            If it cannot be written.
        """
        return self._add(model, table, faults, _FAULTS, unique=("id", "check", "column"))

    def bring_back(self, model: str, rows: pd.DataFrame) -> int:
        """Note that corrected rows were let in; return how many had not been noted before.

        Parameters
        ----------
        rows : DataFrame
            Columns ``id``, ``table``, ``as_of``, ``actor`` and ``reason``.
        """
        return self._add(model, _REPLAYS, rows, _BROUGHT_BACK, unique=("id",))

    def rows(self, model: str, tables: Sequence[str]) -> pd.DataFrame:
        """Return every line of the tables, with what became of its row.

        Returns
        -------
        DataFrame
            The columns that `set_aside` takes, ``table``, and ``replayed_at``: the `as_of` with
            which a corrected row was let in, NaT while the row is still open. In the order of
            table, `as_of` and id.
        """
        parts = [self._read(model, table, _FAULTS).assign(table=table) for table in tables]
        lines = pd.concat(parts, ignore_index=True) if parts else _empty(_FAULTS).assign(table="")
        lines = lines.drop_duplicates(["table", "id", "check", "column"])
        replays = self._read(model, _REPLAYS, _BROUGHT_BACK).sort_values("as_of")
        first = replays.drop_duplicates(["table", "id"])[["table", "id", "as_of"]]
        joined = lines.merge(
            first.rename(columns={"as_of": "replayed_at"}), on=["table", "id"], how="left"
        )
        order = ["table", "as_of", "id", "check", "column"]
        return joined.sort_values(order, ignore_index=True)

    def ids(self, model: str, table: str) -> set[str]:
        """Return the ids of all rows that were ever set aside of a table."""
        return set(self._read(model, table, _FAULTS)["id"])

    def _add(
        self, model: str, name: str, rows: pd.DataFrame, schema: pa.Schema, *, unique: Sequence[str]
    ) -> int:
        if rows.empty:
            return 0
        content = rows.drop_duplicates(list(unique))[schema.names]
        for attempt in range(_ATTEMPTS):
            try:
                stored = self._open(model, name) or DeltaTable.create(
                    self._path(model, name), schema, mode="error"
                )
                return _add_once(stored, content, schema, unique)
            except (DeltaError, OSError) as error:
                if not isinstance(error, CommitFailedError) and "already exists" not in str(error):
                    raise _unavailable(self._path(model, name), error) from error
                log.info("quarantine of %s.%s: another writer was first", model, name)
                time.sleep(random.uniform(0, 0.05 * (attempt + 1)))
        raise SourceUnavailableError(
            f"the quarantine of {model}.{name} was changed by others {_ATTEMPTS} times while it "
            "was being written; let the other nights end and try again"
        )

    def _read(self, model: str, name: str, schema: pa.Schema) -> pd.DataFrame:
        stored = self._open(model, name)
        if stored is None:
            return _empty(schema)
        return _as_frame(stored, schema)

    def _path(self, model: str, name: str) -> str:
        return f"{self._root}/quarantine/{model}/{name}"

    def _open(self, model: str, name: str) -> DeltaTable | None:
        try:
            return DeltaTable(self._path(model, name))
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise _unavailable(self._path(model, name), error) from error


def row_texts(rows: pd.DataFrame) -> list[str]:
    """Write each row as JSON, the same for the same content whatever stands beside it.

    Missing values are null, infinities the texts "inf" and "-inf", times ISO 8601 in UTC.

    Examples
    --------
    >>> row_texts(pd.DataFrame({"id": [7], "delay": [float("nan")]}))
    ['{"delay": null, "id": 7}']
    """
    columns: dict[str, list[Any]] = {
        str(name): [_plain(value) for value in rows[name].astype(object)] for name in rows.columns
    }
    return [
        json.dumps({name: values[place] for name, values in columns.items()}, sort_keys=True)
        for place in range(len(rows))
    ]


def row_ids(table: str, texts: Sequence[str]) -> list[str]:
    """Name rows by their table and their content."""
    return [sha256(json.dumps([table, text]).encode()).hexdigest()[:16] for text in texts]


def rows_of(texts: Sequence[str], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Read rows back that `row_texts` wrote.

    Parameters
    ----------
    kinds : mapping of str to str
        Types of the columns; those of type float may be infinite.
    """
    # As they are: whole numbers beside a null would become floats, and large ones others.
    rows = pd.DataFrame([json.loads(text) for text in texts], dtype=object)
    for name in rows.columns:
        if kinds.get(name) == "float":
            rows[name] = pd.to_numeric(rows[name])
    return rows


def _add_once(
    stored: DeltaTable, content: pd.DataFrame, schema: pa.Schema, unique: Sequence[str]
) -> int:
    seen = pd.MultiIndex.from_frame(_as_frame(stored, schema)[list(unique)])
    new = content[~pd.MultiIndex.from_frame(content[list(unique)]).isin(seen)]
    if new.empty:
        return 0
    # A commit of another process in between has moved the same counter, so that this one fails.
    version = (stored.transaction_version(_WRITTEN) or 0) + 1
    write_deltalake(
        stored,
        pa.Table.from_pandas(new, schema=schema, preserve_index=False),
        mode="append",
        commit_properties=CommitProperties(app_transactions=[Transaction(_WRITTEN, version)]),
    )
    return len(new)


def _as_frame(stored: DeltaTable, schema: pa.Schema) -> pd.DataFrame:
    return exact_frame(pa.table(stored.to_pyarrow_table()).select(schema.names).cast(schema))


def _empty(schema: pa.Schema) -> pd.DataFrame:
    return exact_frame(schema.empty_table())


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.tz_convert("UTC").isoformat()
    plain: Callable[[], Any] = getattr(value, "item", lambda: value)
    found = plain()
    if isinstance(found, float) and not math.isfinite(found):
        return None if math.isnan(found) else str(found)
    return found


def _unavailable(path: str, error: Exception) -> SourceUnavailableError:
    said = " ".join(str(error).split())[:300]
    return SourceUnavailableError(
        f"the quarantine {path} cannot be read or written ({said}); check the store and try again"
    )
