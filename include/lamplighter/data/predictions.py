"""Predictions in the lake: one row per example, replaced whole by a repeat of its interval."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from lamplighter.errors import SourceUnavailableError

log = logging.getLogger(__name__)

_ATTEMPTS = 10
COLUMNS = (
    "prediction_id",
    "key",
    "prediction_time",
    "prediction",
    "decision",
    "model_version",
    "as_of",
    "features_digest",
    "reasons",
    "day",
)


class PredictionTable:
    """The predictions of every model, at ``{root}/predictions/{model}``, partitioned by UTC day."""

    def __init__(self, root: str) -> None:
        self._root = str(root).rstrip("/")

    def replace(
        self, model: str, rows: pd.DataFrame, *, start: datetime | None, end: datetime
    ) -> None:
        """Store the predictions of an interval; what a former run of it stored is gone.

        Parameters
        ----------
        rows : DataFrame
            The columns in `COLUMNS` but `day`; `prediction_time` in UTC; `decision` null where
            nothing is decided; `reasons` as JSON, or null where none were asked for.
        start, end : datetime
            The interval ``[start, end)`` of prediction times; start None: everything.

        Raises
        ------
        SourceUnavailableError
            If other writers kept getting in the way.
        """
        days = rows["prediction_time"].dt.strftime("%Y-%m-%d").fillna("none")
        content = pa.Table.from_pandas(
            rows.assign(day=days)[list(COLUMNS)].sort_values(["prediction_time", "prediction_id"]),
            preserve_index=False,
        )
        content = _with_text(_with_text(content, "reasons"), "decision")
        for _ in range(_ATTEMPTS):
            try:
                self._replace_once(model, content, start, end)
                return
            except CommitFailedError as error:
                log.info("predictions of %s: another writer was first (%s)", model, error)
        raise SourceUnavailableError(
            f"the predictions of {model} were changed by others {_ATTEMPTS} times while they were "
            "being written; let the other runs end and try again"
        )

    def read(self, model: str, *, start: datetime, end: datetime) -> pd.DataFrame:
        """Return the predictions of an interval; no rows where nothing was scored."""
        stored = self._open(model)
        if stored is None:
            return pd.DataFrame(columns=list(COLUMNS))
        condition = within(start, end)
        table = (
            QueryBuilder()
            .register("predictions", stored)
            .execute(
                f"SELECT * FROM predictions WHERE {condition} "
                "ORDER BY prediction_time, prediction_id"
            )
            .read_all()
        )
        frame: pd.DataFrame = pa.table(table).to_pandas()
        return frame

    def find(
        self, model: str, *, prediction_id: str | None = None, key: str | None = None
    ) -> pd.DataFrame:
        """Return the predictions with this name, or of this key, the oldest first."""
        stored = self._open(model)
        if stored is None:
            return pd.DataFrame(columns=list(COLUMNS))
        wanted = {"prediction_id": prediction_id, "key": key}
        conditions = " AND ".join(
            f"{column} = {_quoted(value)}" for column, value in wanted.items() if value is not None
        )
        table = (
            QueryBuilder()
            .register("predictions", stored)
            .execute(f"SELECT * FROM predictions WHERE {conditions} ORDER BY prediction_time")
            .read_all()
        )
        frame: pd.DataFrame = pa.table(table).to_pandas()
        return frame

    def _replace_once(
        self, model: str, content: pa.Table, start: datetime | None, end: datetime
    ) -> None:
        stored = self._open(model)
        if stored is None:
            write_deltalake(self._path(model), content, partition_by=["day"], mode="error")
            return
        predicate = within(start, end) if start is not None else None
        # A table of before there were reasons or decisions gets their columns.
        write_deltalake(stored, content, mode="overwrite", predicate=predicate, schema_mode="merge")

    def _path(self, model: str) -> str:
        return f"{self._root}/predictions/{model}"

    def _open(self, model: str) -> DeltaTable | None:
        try:
            return DeltaTable(self._path(model))
        except TableNotFoundError:
            return None


def example_names(keys: pd.DataFrame) -> list[str]:
    """Write each example's key as text: the same whatever rows stand beside it.

    Examples
    --------
    >>> example_names(pd.DataFrame({"number": [7, 8]}))
    ['7', '8']
    >>> example_names(pd.DataFrame({"origin": ["EWR"], "number": [7]}))
    ['["EWR", 7]']
    """
    if keys.shape[1] == 1:
        values = keys.iloc[:, 0].tolist()
        return [value if type(value) is str else str(_plain(value)) for value in values]
    rows = ([_plain(value) for value in row] for row in keys.itertuples(index=False))
    return [json.dumps(row) for row in rows]


def prediction_ids(model: str, keys: Sequence[str], times: pd.Series) -> list[str]:
    """Name predictions by model, key and prediction time: the same example, the same name.

    The name is a digest of the three as a JSON list; what is the same in many is written once.
    """
    codes, moments = pd.factorize(times)
    begin, text = f"[{json.dumps(model)}, ", json.JSONEncoder().encode
    ends = [f", {json.dumps(_plain(moment))}]" for moment in moments]
    ends.append(", null]")  # what has no time has the code -1
    return [
        sha256(f"{begin}{text(key)}{ends[code]}".encode()).hexdigest()[:24]
        for key, code in zip(keys, codes.tolist(), strict=True)
    ]


def _with_text(content: pa.Table, column: str) -> pa.Table:
    """Give a column the type of text, which one of nulls alone does not have."""
    place = content.schema.get_field_index(column)
    return content.set_column(place, column, content.column(column).cast(pa.string()))


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat(timespec="microseconds")
    return getattr(value, "item", lambda: value)()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def within(start: datetime, end: datetime) -> str:
    """Write the condition that a prediction time lies in ``[start, end)``."""

    def instant(value: datetime) -> str:
        micros = pd.Timestamp(value).tz_convert("UTC").isoformat(timespec="microseconds")
        return f"arrow_cast('{micros}', 'Timestamp(Microsecond, Some(\"UTC\"))')"

    return f"prediction_time >= {instant(start)} AND prediction_time < {instant(end)}"
