"""Rows without a key: the same content is the same row, whatever it lies in, and copies count."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from lamplighter.data.ingest import conform
from lamplighter.data.lake import Lake
from lamplighter.data.row_key import add_row_key
from lamplighter.data.splits import split_examples
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec
from lamplighter.spec.data import Table

TABLE = Table.model_validate({"source": {"csv": "x.csv"}, "key": ["_row"], "event_time": "at"})
ROWS = pd.DataFrame(
    {
        "at": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-01"], utc=True),
        "price": [100.0, 100.0, 80.5, np.nan],
        "guests": [2, 2, 3, 2],
        "city": ["Bern", "Bern", None, "Bern"],
    }
)


def keys(rows: pd.DataFrame) -> list[str]:
    return conform(rows, "t", TABLE, known_columns=None)["_row"].tolist()


def test_equal_rows_differ_by_a_number_only():
    first, copy, other, _ = keys(ROWS)
    assert copy == f"{first}-1"
    assert other not in (first, copy)
    assert len(set(keys(ROWS))) == 4


def test_neither_order_nor_column_order_nor_pandas_type_changes_a_key():
    nullable = ROWS.astype({"guests": "Int64", "city": object})
    for rows in (ROWS.iloc[::-1], ROWS[ROWS.columns[::-1]], nullable, ROWS.iloc[[1, 0, 3, 2]]):
        assert sorted(keys(rows)) == sorted(keys(ROWS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": ["ab"], "b": ["c"]}, {"a": ["a"], "b": ["bc"]}),
        ({"a": ["x"], "b": [None]}, {"a": [None], "b": ["x"]}),
        ({"a": [""]}, {"a": [None]}),
        ({"a": [0.0]}, {"a": [np.nan]}),
    ],
)
def test_rows_that_look_alike_when_joined_have_different_keys(one, other):
    frames = [pd.DataFrame(rows) for rows in (one, other)]
    typed = [f.astype({c: "str" for c in f if f[c].dtype == object}) for f in frames]
    first, second = (add_row_key(frame)["_row"].iloc[0] for frame in typed)
    assert first != second


def test_reading_rows_again_adds_nothing_and_a_further_copy_is_one_more_row(tmp_path):
    lake = Lake(str(tmp_path))

    def publish(rows: pd.DataFrame, day: int) -> int:
        known = lake.columns("m", "t")
        found = conform(rows, "t", TABLE, known_columns=known)
        until = datetime(2024, 1, day, tzinfo=UTC)
        return lake.publish("m", "t", TABLE, found, until=until, start=None)

    assert publish(ROWS, 3) == 4
    assert publish(ROWS.iloc[::-1], 4) == 0
    assert publish(pd.concat([ROWS, ROWS.head(1)]), 5) == 1


def test_a_new_declared_column_is_refused_because_every_row_would_be_another():
    table = TABLE.model_copy(update={"columns": {"extra": "int"}})
    known = {"at": "timestamp", "price": "float", "guests": "int", "city": "string"}
    with pytest.raises(DataError, match=r"'extra' is new.*give the table a new name"):
        conform(ROWS.assign(extra=1), "t", table, known_columns=known)


def test_a_source_may_not_have_a_column_of_that_name():
    with pytest.raises(DataError, match="'_row' has a name that Lamplighter uses"):
        conform(ROWS.assign(_row="x"), "t", TABLE, known_columns=None)


def spec_of(**tables) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "model": "m",
            "owner": {"team": "a"},
            "task": "regression",
            "data": {"tables": tables, "examples": "t", "target": "t.y"},
        }
    )


def test_copies_of_a_row_stay_on_one_side_of_the_split():
    spec = spec_of(t={"source": {"csv": "x"}, "key": ["_row"]})
    numbers = np.repeat(np.arange(200), 3)
    rows = add_row_key(pd.DataFrame({"x": numbers, "y": numbers * 1.0}))
    examples = rows[["_row"]].assign(label=rows["y"], block=rows["_row"])
    now = datetime(2024, 1, 1, tzinfo=UTC)
    split = split_examples(spec, examples, as_of=now, knowledge_time=now)
    sides = pd.Series(split.holdout).groupby(numbers).nunique()
    assert (sides == 1).all()
    assert 0 < split.holdout.sum() < len(rows)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"t": {"source": {"csv": "x"}, "key": ["_row", "id"]}}, "stands for a whole row"),
        ({"t": {"source": {"csv": "x"}, "key": ["_row"], "deleted": "d"}}, "needs a key"),
    ],
)
def test_what_makes_no_sense_without_a_key_is_refused(tables, said):
    with pytest.raises(ValidationError, match=said):
        spec_of(**tables)


def test_labels_of_another_table_cannot_be_matched_without_a_key():
    document = spec_of(t={"source": {"csv": "x"}, "key": ["_row"]}).document()
    document["data"]["tables"]["u"] = {"source": {"csv": "y"}, "key": ["id"]}
    document["data"]["target"] = "u.y"
    with pytest.raises(ValidationError, match="labels cannot be matched with examples"):
        ModelSpec.model_validate(document)
