"""What champion and challenger predict before the labels come, kept for the gate to read."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from lamplighter.data.predictions import within
from lamplighter.errors import SourceUnavailableError

_ATTEMPTS = 10
_SCHEMA = pa.schema(
    [
        ("artifact", pa.string()),
        ("prediction_id", pa.string()),
        ("prediction_time", pa.timestamp("us", tz="UTC")),
        ("prediction", pa.list_(pa.float64())),
    ]
)


class ShadowPredictions:
    """Predictions by the file that made them, at ``{root}/shadow/{model}``.

    A model's file always says the same of the same example, so a row is kept once and never
    replaced; where two runs wrote it at the same time, the rows are equal and one of them counts.
    """

    def __init__(self, root: str) -> None:
        self._root = str(root).rstrip("/")

    def add(
        self, model: str, artifact: str, ids: list[str], times: pd.Series, prediction: np.ndarray
    ) -> None:
        """Keep predictions of one model file, by its digest.

        Parameters
        ----------
        ids : list of str
            As `prediction_ids` makes them.
        times : Series of datetime, UTC
            Time of each prediction.
        prediction : ndarray of float, shape (n_rows,) or (n_rows, n_classes)
            What the model says.
        """
        rows = np.asarray(prediction, dtype=float).reshape(len(ids), -1)
        content = pa.table(
            {
                "artifact": [artifact] * len(ids),
                "prediction_id": ids,
                "prediction_time": pa.Array.from_pandas(times, type=_SCHEMA.field(2).type),
                "prediction": pa.array(list(rows), _SCHEMA.field(3).type),
            },
            schema=_SCHEMA,
        )
        for _ in range(_ATTEMPTS):
            try:
                write_deltalake(
                    self._path(model), content, partition_by=["artifact"], mode="append"
                )
                return
            except CommitFailedError:
                continue
        raise SourceUnavailableError(
            f"the shadow predictions of {model} were changed by others {_ATTEMPTS} times while "
            "they were being written; let the other runs end and try again"
        )

    def read(self, model: str, artifact: str, *, start: datetime, end: datetime) -> pd.Series:
        """Return a model file's predictions in ``[start, end)``, each an array, by their id."""
        try:
            stored = DeltaTable(self._path(model))
        except TableNotFoundError:
            return pd.Series([], index=pd.Index([], dtype="str"), dtype=object)
        found = (
            QueryBuilder()
            .register("shadow", stored)
            .execute(
                "SELECT prediction_id, prediction FROM shadow "
                f"WHERE artifact = '{artifact}' AND {within(start, end)}"
            )
            .read_all()
        )
        frame = pa.table(found).to_pandas().drop_duplicates("prediction_id")
        predictions: pd.Series = frame.set_index("prediction_id")["prediction"]
        return predictions

    def _path(self, model: str) -> str:
        return f"{self._root}/shadow/{model}"
