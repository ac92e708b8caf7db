"""A column that is filled in later is empty until then, whichever way a feature looks at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from lamplighter.data.asof import AsOfView
from lamplighter.errors import DataError
from lamplighter.spec.data import Source, Table

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROWS = 40


def orders(**changes: Any) -> Table:
    return Table(
        source=Source(parquet="unused"),
        key=("order",),
        event_time="ordered_at",
        columns={"returned_at": "timestamp"},
        filled_in={"refund": "returned_at", "courier": "6h"},
        **changes,
    )


def history() -> pd.DataFrame:
    """Make an order every hour; each second one comes back, three hours after."""
    ordered = pd.Series(pd.date_range(NOON, periods=ROWS, freq="h", unit="us"))
    back = np.arange(ROWS) % 2 == 0
    return pd.DataFrame(
        {
            "order": np.arange(ROWS),
            "shop": "a",
            "ordered_at": ordered,
            "returned_at": (ordered + 3 * HOUR).where(back),
            "refund": np.where(back, 10.0, np.nan),
            "courier": np.arange(ROWS),
            "_known_at": ordered,
            "_event_time": ordered,
            "_deleted": False,
        }
    )


def asked(*hours: float) -> pd.DataFrame:
    times = [pd.Timestamp(NOON + hour * HOUR) for hour in hours]
    return pd.DataFrame({"shop": "a", "prediction_time": pd.Series(times).dt.as_unit("us")})


@pytest.fixture
def view() -> AsOfView:
    return AsOfView({"orders": (orders(), history())}, as_of=NOON + 30 * HOUR)


def test_rows_shows_no_value_before_its_time(view: AsOfView) -> None:
    rows = view.rows("orders", at=NOON + 10 * HOUR)
    # At hour 10: orders 0 to 10, of which the even ones up to 7 came back, and 0 to 4 have one.
    assert rows.loc[rows["refund"].notna(), "order"].tolist() == [0, 2, 4, 6]
    assert rows.loc[rows["courier"].notna(), "order"].tolist() == [0, 1, 2, 3, 4]


def test_latest_shows_no_value_before_its_time(view: AsOfView) -> None:
    found = view.latest("orders", asked(4, 5.5), by=["shop"], columns=["order", "courier"])
    assert found["order"].tolist() == [4, 5]
    assert found["courier"].isna().all()
    old = view.latest(
        "orders", asked(4, 5.5, 12), by=["shop"], columns=["order", "refund"], at=asked(0, 2, 4)[
            "prediction_time"
        ]
    )  # fmt: skip
    assert old["refund"].isna().all()


def test_window_counts_a_row_from_the_time_its_value_is_known(view: AsOfView) -> None:
    hours = np.array([0, 2.9, 3, 4, 7, 9, 9.5, 30])
    found = view.window("orders", asked(*hours), by=["shop"], value="refund", aggregate="sum")
    by_hand = [10.0 * sum(1 for n in range(0, ROWS, 2) if n + 3 <= hour) for hour in hours]
    assert found.tolist() == by_hand
    counted = view.window("orders", asked(*hours), by=["shop"], aggregate="count")
    assert counted.tolist() == [float(np.floor(hour) + 1) for hour in hours]


def test_grouping_by_a_column_waits_for_it_too(view: AsOfView) -> None:
    examples = asked(4, 5, 5.9, 6).assign(courier=0)
    found = view.window("orders", examples, by=["courier"], aggregate="count")
    assert found.tolist() == [0.0, 0.0, 0.0, 1.0]
    latest = view.latest("orders", examples, by=["courier"], columns=["order"])
    assert latest["order"].isna().tolist() == [True, True, True, False]


def test_an_examples_own_row_is_as_it_was_at_its_prediction(view: AsOfView) -> None:
    examples = pd.DataFrame({"order": [0, 1, 2]})
    early = view.announced("orders", examples, columns=["refund", "courier"], lead=HOUR)
    assert early.isna().all().all()
    # A negative lead predicts after the event: here six hours on, when all of it is known.
    late = view.announced("orders", examples, columns=["refund", "courier"], lead=-6 * HOUR)
    assert late["refund"].tolist()[::2] == [10.0, 10.0]
    assert late["courier"].tolist() == [0.0, 1.0, 2.0]
    counts = view.filled_in_too_late("orders", examples, lead=timedelta(0))
    assert counts == {"refund": 3, "courier": 3}


def test_an_empty_table_is_no_trouble() -> None:
    view = AsOfView({"orders": (orders(), history().head(0))}, as_of=NOON + 30 * HOUR)
    assert view.rows("orders").empty
    found = view.latest("orders", asked(3), by=["shop"], columns=["refund"])
    assert found["refund"].isna().all()
    assert view.window("orders", asked(3), by=["shop"], value="refund", aggregate="sum")[0] == 0
    own = view.announced(
        "orders", pd.DataFrame({"order": [1]}), columns=["refund"], lead=timedelta(0)
    )
    assert own["refund"].isna().all()


def test_a_name_that_is_no_column_is_refused() -> None:
    table = orders().model_copy(update={"filled_in": {"refnd": "6h"}})
    with pytest.raises(DataError, match=r"filled_in names the column 'refnd', which is not there"):
        AsOfView({"orders": (table, history())}, as_of=NOON)


@pytest.mark.parametrize(
    ("filled_in", "said"),
    [
        ({"refund": "sometime"}, "expected a duration such as 3h, or a column of times"),
        ({"refund": "shop"}, "expected a duration such as 3h, or a column of times"),
        ({"order": "3h"}, "is known with its row"),
        ({"ordered_at": "3h"}, "is known with its row"),
        ({"refund": "99999999999999d"}, "at most 36500d"),
    ],
)
def test_what_is_no_time_is_refused_in_the_spec(filled_in: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Table(
            source=Source(parquet="unused"),
            key=("order",),
            event_time="ordered_at",
            columns={"shop": "string"},
            filled_in=filled_in,
        )


def test_a_duration_needs_an_event_to_count_from() -> None:
    with pytest.raises(ValidationError, match="3h after what"):
        Table(source=Source(parquet="unused"), key=("order",), filled_in={"refund": "3h"})
