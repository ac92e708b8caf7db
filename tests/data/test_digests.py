"""Two frames have the same digest exactly if they have the same content."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.data.digests import frame_digest

FRAME = pd.DataFrame(
    {
        "id": [3, 1, 2, 2],
        "delay": [1.5, np.nan, 0.0, -7.0],
        "carrier": ["UA", "", None, "é"],
        "late": [True, False, None, True],
        "at": pd.to_datetime(
            ["2013-01-01", None, "2013-01-02T03:04:05.000006", "1969"], utc=True, format="ISO8601"
        ),
    }
)


def test_the_digest_is_the_same_in_every_process_and_version():
    # A changed value here means that every stored digest is another one from now on.
    assert frame_digest(FRAME).startswith("5c6e34370f0d553c00efcec6")


@pytest.mark.parametrize(
    "same",
    [
        FRAME.set_axis(list("abcd")),
        FRAME.astype({"id": "Int64", "late": "boolean"}),
        FRAME.astype({"carrier": object}),
        FRAME.astype({"carrier": "category"}),
        FRAME.assign(at=FRAME["at"].dt.as_unit("ns").dt.tz_convert("America/New_York")),
        FRAME.assign(at=FRAME["at"].dt.tz_localize(None)),
        FRAME.replace({"delay": {0.0: -0.0}}),
        pd.concat([FRAME.iloc[:2], FRAME.iloc[2:]]),
    ],
    ids=["index", "nullable", "object", "category", "unit and zone", "naive", "-0", "pieces"],
)
def test_the_way_pandas_holds_it_makes_no_difference(same):
    assert frame_digest(same) == frame_digest(FRAME)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.iloc[::-1],
        FRAME.iloc[:3],
        FRAME.rename(columns={"id": "key"}),
        FRAME[["delay", "id", "carrier", "late", "at"]],
        FRAME.astype({"id": "float64"}),
        FRAME.assign(carrier=["U", "A", None, "é"]),
        FRAME.assign(carrier=["UA", None, None, "é"]),
        FRAME.assign(delay=[1.5, 0.0, 0.0, -7.0]),
        FRAME.assign(at=FRAME["at"] + pd.Timedelta("1us")),
    ],
    ids=["order", "rows", "name", "columns", "type", "letters", "null", "nan", "microsecond"],
)
def test_every_other_difference_counts(other):
    assert frame_digest(other) != frame_digest(FRAME)


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(4)))
def test_sorted_the_order_of_the_rows_makes_no_difference(order):
    shuffled = FRAME.iloc[list(order)]
    assert frame_digest(shuffled, sort_by=["id"]) == frame_digest(FRAME, sort_by=["id"])


def test_the_layout_of_the_file_makes_no_difference(tmp_path):
    pq.write_table(pa.Table.from_pandas(FRAME), tmp_path / "a.parquet", row_group_size=1)
    FRAME.to_parquet(tmp_path / "b.parquet", compression="gzip")
    a, b = (pd.read_parquet(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    assert frame_digest(a) == frame_digest(b) == frame_digest(FRAME)


def test_an_empty_frame_still_has_its_columns():
    assert frame_digest(FRAME[:0]) != frame_digest(FRAME[["id"]][:0])


def test_a_column_of_something_else_is_refused():
    with pytest.raises(ValueError, match=r"column 'parts': .*cannot be stored"):
        frame_digest(pd.DataFrame({"parts": [[1], [2]]}))
