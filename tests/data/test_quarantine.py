"""Quarantined rows are kept once, as they were, with what became of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.data.ingest import conform
from lamplighter.data.quarantine import QuarantineTable, row_ids, row_texts, rows_of
from lamplighter.spec.data import Table

AT = pd.Timestamp("2024-02-20", tz="UTC")


def faults(*ids: str, check: str = "between", column: str = "age") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": list(ids),
            "check": check,
            "column": column,
            "reason": "expected values from 0 to 120",
            "row": "{}",
            "as_of": AT,
            "run_key": "visits/1",
        }
    )


@pytest.fixture
def quarantine(tmp_path) -> QuarantineTable:
    return QuarantineTable(str(tmp_path))


def test_the_same_row_and_check_are_kept_once(quarantine):
    assert quarantine.set_aside("shop", "visits", faults("a", "b")) == 2
    assert quarantine.set_aside("shop", "visits", faults("b", "c")) == 1
    assert quarantine.set_aside("shop", "visits", faults("c", check="in_set")) == 1
    assert list(quarantine.rows("shop", ["visits"])["id"]) == ["a", "b", "c", "c"]
    assert quarantine.ids("shop", "visits") == {"a", "b", "c"}


def test_a_row_is_open_until_a_corrected_one_came_and_then_for_ever_replayed(quarantine):
    quarantine.set_aside("shop", "visits", faults("a", "b"))
    noted = pd.DataFrame(
        {"id": ["a"], "table": "visits", "as_of": AT + pd.Timedelta("1D"), "actor": "ann",
         "reason": "corrected"}
    )  # fmt: skip
    assert quarantine.bring_back("shop", noted) == 1
    assert quarantine.bring_back("shop", noted.assign(as_of=AT + pd.Timedelta("9D"))) == 0
    found = quarantine.rows("shop", ["visits", "orders"]).set_index("id")["replayed_at"]
    assert found["a"] == AT + pd.Timedelta("1D")
    assert pd.isna(found["b"])


def test_a_model_without_quarantine_has_no_rows(quarantine):
    assert quarantine.rows("shop", ["visits"]).empty
    assert quarantine.ids("shop", "visits") == set()
    assert quarantine.set_aside("shop", "visits", faults()) == 0


def test_two_that_write_at_once_leave_one_copy(tmp_path):
    tables = [QuarantineTable(str(tmp_path)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda t: t.set_aside("shop", "visits", faults("a", "b")), tables))
    assert sum(added) == 2
    assert len(quarantine_lines(tmp_path)) == 2


def quarantine_lines(folder) -> pd.DataFrame:
    from deltalake import DeltaTable

    return DeltaTable(str(folder / "quarantine" / "shop" / "visits")).to_pyarrow_table().to_pandas()


VALUES = st.tuples(
    st.integers(-(2**53), 2**53) | st.none(),
    st.floats(allow_nan=True, allow_infinity=True, width=64),
    st.text(max_size=8) | st.none(),
    st.booleans() | st.none(),
    st.datetimes(
        min_value=pd.Timestamp("1700-01-01").to_pydatetime(),
        max_value=pd.Timestamp("2200-01-01").to_pydatetime(),
    )
    | st.none(),
)
KINDS = {"id": "int", "n": "int", "x": "float", "s": "string", "b": "bool", "t": "timestamp"}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(VALUES, min_size=1, max_size=5))
def test_a_row_comes_back_as_it_was_set_aside(values):
    table = Table.model_validate({"source": {"csv": "x.csv"}, "key": ["id"], "columns": KINDS})
    frame = pd.DataFrame(
        [(place, *row) for place, row in enumerate(values)], columns=list(KINDS), dtype=object
    )
    before = conform(frame, "t", table, known_columns=None)
    texts = row_texts(before)
    json.loads(texts[0], parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    after = conform(rows_of(texts, KINDS), "t", table, known_columns=None)
    pd.testing.assert_frame_equal(after[list(KINDS)], before[list(KINDS)])
    assert row_texts(after) == texts


def test_a_large_whole_number_beside_a_missing_one_keeps_every_digit():
    back = rows_of(['{"id": 1, "n": 1152921504606847076}', '{"id": 2, "n": null}'], KINDS)
    assert back["n"].tolist() == [1152921504606847076, None]


def test_a_rows_id_depends_on_its_table_and_content_and_not_on_its_neighbours():
    rows = pd.DataFrame({"id": [1, 2], "x": [1.5, np.nan]})
    both = row_ids("visits", row_texts(rows))
    assert row_ids("visits", row_texts(rows.iloc[[1]])) == both[1:]
    assert row_ids("orders", row_texts(rows)) != both
    assert row_ids("visits", row_texts(rows.assign(x=[1.5, 0.0])))[1] != both[1]
