"""The as-of view against brute force, and every forbidden read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.data.asof import AsOfView
from lamplighter.errors import DataError, TimeTravelError
from lamplighter.spec.data import Source, Table

EPOCH = datetime(2013, 1, 1, tzinfo=UTC)
END = 60
TABLE = Table(source=Source(parquet="unused"), key=("key",), event_time="at", deleted="gone")


@dataclass(frozen=True)
class Row:
    """A version of a row; times in minutes, so that ties are frequent."""

    key: int
    group: str | None
    known: int
    event: int | None
    deleted: bool
    value: float | None


@dataclass(frozen=True)
class Asked:
    """An example: its group and the minute of its prediction."""

    group: str | None
    predicted: int


GROUPS = st.sampled_from(["a", "b", None])
ROWS = st.lists(
    st.builds(
        Row,
        key=st.integers(0, 4),
        group=GROUPS,
        known=st.integers(0, END),
        event=st.integers(0, END) | st.none(),
        deleted=st.booleans(),
        value=st.integers(-3, 3).map(float) | st.none(),
    ),
    max_size=25,
)
ASKED = st.lists(
    st.builds(Asked, group=GROUPS | st.just("c"), predicted=st.integers(0, END)), max_size=15
)
DURATIONS = st.integers(-20, 40)


def minutes(values) -> pd.Series:
    stamps = [pd.NaT if v is None else pd.Timestamp(EPOCH + timedelta(minutes=v)) for v in values]
    return pd.Series(stamps, dtype="datetime64[us, UTC]")


def view_of(rows: list[Row], *, as_of: int = END) -> AsOfView:
    return AsOfView({"t": (TABLE, history_of(rows))}, as_of=EPOCH + timedelta(minutes=as_of))


def history_of(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "key": pd.Series([r.key for r in rows], dtype="int64"),
            "group": pd.Series([r.group for r in rows], dtype="str"),
            "value": pd.Series([r.value for r in rows], dtype="float64"),
            "place": pd.Series(range(len(rows)), dtype="int64"),
            "_known_at": minutes(r.known for r in rows),
            "_event_time": minutes(r.event for r in rows),
            "_deleted": pd.Series([r.deleted for r in rows], dtype="bool"),
        }
    )


def examples_of(asked: list[Asked]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": pd.Series([a.group for a in asked], dtype="str"),
            "prediction_time": minutes(a.predicted for a in asked),
        }
    ).set_axis([f"example {i}" for i in range(len(asked))])


def standing(rows: list[Row], at: int) -> list[int]:
    """Walk through the rows as they became known; what is left is known at `at`."""
    current: dict[int, int] = {}
    for place in sorted(range(len(rows)), key=lambda p: (rows[p].known, p)):
        if rows[place].known <= at:
            current[rows[place].key] = place
    return sorted(place for place in current.values() if not rows[place].deleted)


def happened(row: Row) -> int:
    return row.known if row.event is None else row.event


@given(rows=ROWS, at=st.integers(0, END))
@settings(max_examples=80, deadline=None)
def test_rows_are_the_newest_known_version_of_each_key(rows, at):
    found = view_of(rows).rows("t", at=EPOCH + timedelta(minutes=at))
    assert found["place"].tolist() == standing(rows, at)
    assert list(found.columns) == ["key", "group", "value", "place"]


@given(rows=ROWS, asked=ASKED, max_age=st.none() | st.integers(0, 30))
@settings(max_examples=120, deadline=None)
def test_latest_finds_what_a_walk_through_all_rows_finds(rows, asked, max_age):
    found = view_of(rows).latest(
        "t",
        examples_of(asked),
        by=["group"],
        columns=["place"],
        max_age=None if max_age is None else timedelta(minutes=max_age),
    )
    expected = []
    for example in asked:
        known = [
            (happened(rows[p]), rows[p].known, p)
            for p in standing(rows, example.predicted)
            if rows[p].group is not None
            and rows[p].group == example.group
            and happened(rows[p]) <= example.predicted
            and (max_age is None or happened(rows[p]) >= example.predicted - max_age)
        ]
        expected.append(float(max(known)[2]) if known else np.nan)
    np.testing.assert_array_equal(found["place"].to_numpy(), np.array(expected, dtype=float))
    assert list(found.index) == [f"example {i}" for i in range(len(asked))]


@given(
    rows=ROWS,
    asked=ASKED,
    since=st.none() | DURATIONS,
    until=DURATIONS,
    by=st.sampled_from([["group"], []]),
    aggregate=st.sampled_from(["mean", "sum", "count"]),
    value=st.sampled_from(["value", None]),
)
@settings(max_examples=200, deadline=None)
def test_window_aggregates_what_a_walk_through_all_rows_finds(
    rows, asked, since, until, by, aggregate, value
):
    if since is not None and since < until:
        since, until = until, since
    if value is None:
        aggregate = "count"
    found = view_of(rows).window(
        "t",
        examples_of(asked),
        by=by,
        value=value,
        since=None if since is None else timedelta(minutes=since),
        until=timedelta(minutes=until),
        aggregate=aggregate,
    )
    expected = []
    for example in asked:
        inside = [
            rows[p]
            for p in standing(rows, example.predicted)
            if (not by or (rows[p].group is not None and rows[p].group == example.group))
            and happened(rows[p]) <= example.predicted - until
            and (since is None or happened(rows[p]) >= example.predicted - since)
        ]
        values = [1.0 if value is None else r.value for r in inside]
        values = [v for v in values if v is not None]
        mean = sum(values) / len(values) if values else np.nan
        expected.append({"mean": mean, "sum": sum(values), "count": len(values)}[aggregate])
    np.testing.assert_array_equal(found.to_numpy(), np.array(expected, dtype=float))


@given(rows=ROWS, later=ROWS, asked=ASKED, seed=st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_rows_that_became_known_later_change_no_bit_of_an_answer(rows, later, asked, seed):
    # Thirds have no exact sum, so any other order of adding up would show.
    rng = np.random.default_rng(seed)
    rows = [Row(r.key, r.group, r.known, r.event, r.deleted, rng.integers(9) / 3) for r in rows]
    later = [
        Row(r.key, r.group, r.known + END + 1, r.event, r.deleted, rng.integers(9) / 3)
        for r in later
    ]
    answers = []
    for known in (rows, later + rows):
        view = view_of(known, as_of=3 * END)
        examples = examples_of(asked)
        window = {"by": ["group"], "value": "value", "since": timedelta(minutes=30)}
        answers.append(
            [
                view.window("t", examples, aggregate="sum", **window).to_numpy().tobytes(),
                view.window("t", examples, aggregate="mean", **window).to_numpy().tobytes(),
                view.latest("t", examples, by=["group"], columns=["value"]).to_numpy().tobytes(),
            ]
        )
    assert answers[0] == answers[1]


@given(rows=ROWS, lead=st.integers(0, 20))
@settings(max_examples=120, deadline=None)
def test_an_example_is_the_first_version_that_stood_at_its_own_prediction(rows, lead):
    rows = [r for r in rows if r.event is not None]
    view = view_of(rows, as_of=10 * END)
    keys = sorted({r.key for r in rows})
    found = view.announced(
        "t", pd.DataFrame({"key": keys}), columns=["place"], lead=timedelta(minutes=lead)
    )
    for key, place in zip(keys, found["place"], strict=True):
        versions = sorted((r.known, p) for p, r in enumerate(rows) if r.key == key)
        fitting = [
            p
            for i, (known, p) in enumerate(versions)
            if not rows[p].deleted
            and (i + 1 == len(versions) or max(known, rows[p].event - lead) < versions[i + 1][0])
        ]
        assert (fitting[0] if fitting else None) == (None if pd.isna(place) else place)


ONE = [Row(key=1, group="a", known=10, event=5, deleted=False, value=1.0)]


def at(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)


def own_rows(view, examples):
    return view.announced("t", examples.assign(key=1), columns=["value"], lead=timedelta(0))


EXAMPLES = examples_of([Asked("a", 20), Asked("a", 30)])
FORBIDDEN = {
    "rows after as_of": (
        lambda view: view.rows("t", at=at(END + 1)),
        "after as_of",
    ),
    "latest for an example after as_of": (
        lambda view: view.latest(
            "t", examples_of([Asked("a", END + 1)]), by=["group"], columns=["value"]
        ),
        "1 of 1 examples are predicted after as_of",
    ),
    "a window of an example after as_of": (
        lambda view: view.window(
            "t", examples_of([Asked("a", END + 1)]), by=["group"], aggregate="count"
        ),
        "1 of 1 examples are predicted after as_of",
    ),
    "latest past an example's own prediction": (
        lambda view: view.latest(
            "t",
            EXAMPLES,
            by=["group"],
            columns=["value"],
            at=EXAMPLES["prediction_time"].clip(lower=at(30)),
        ),
        "1 of 2 examples ask for what was known after their own prediction time",
    ),
    "rows past the earliest prediction, in a feature function": (
        lambda view: view.restricted_to(EXAMPLES).rows("t", at=at(21)),
        "after the earliest prediction time",
    ),
    "rows as of now, in a feature function": (
        lambda view: view.restricted_to(EXAMPLES).rows("t"),
        "use latest or window",
    ),
    "announced rows, in a feature function": (
        lambda view: own_rows(view.restricted_to(EXAMPLES), EXAMPLES),
        "already hold them",
    ),
}


@pytest.mark.parametrize("read", FORBIDDEN)
def test_a_forbidden_read_raises(read):
    act, message = FORBIDDEN[read]
    with pytest.raises(TimeTravelError, match=message):
        act(view_of(ONE))


def test_the_last_allowed_moment_is_allowed():
    view = view_of(ONE)
    assert len(view.rows("t", at=at(END))) == 1
    assert len(view.restricted_to(EXAMPLES).rows("t", at=at(20))) == 1
    last = examples_of([Asked("a", END)])
    assert view.window("t", last, by=["group"], aggregate="count").tolist() == [1.0]


def test_a_part_of_the_examples_sees_rows_as_the_whole_does():
    view, later = view_of(ONE).bounded_by(EXAMPLES), EXAMPLES[1:]
    assert later["prediction_time"].min() > EXAMPLES["prediction_time"].min()
    assert len(view.restricted_to(later).rows("t", at=at(20))) == 1
    with pytest.raises(TimeTravelError, match="after the earliest prediction time"):
        view.restricted_to(later).rows("t", at=at(21))
    assert len(view_of(ONE).restricted_to(later).rows("t", at=at(21))) == 1


def test_examples_without_a_time_see_what_was_known_at_as_of():
    timeless = examples_of([Asked("a", 0)]).assign(prediction_time=pd.NaT)
    timeless["prediction_time"] = timeless["prediction_time"].dt.tz_localize("UTC")
    for as_of, expected in ((9, 0.0), (10, 1.0)):
        counted = view_of(ONE, as_of=as_of).window("t", timeless, by=["group"], aggregate="count")
        assert counted.tolist() == [expected]


def test_an_earlier_time_per_example_looks_back_from_there():
    rows = [Row(i, "a", known=i, event=i, deleted=False, value=float(i)) for i in (5, 15, 25)]
    earlier = EXAMPLES["prediction_time"] - timedelta(minutes=12)
    found = view_of(rows).latest("t", EXAMPLES, by=["group"], columns=["value"], at=earlier)
    assert found["value"].tolist() == [5.0, 15.0]


def test_a_column_has_one_type_whether_or_not_something_is_missing():
    missing = view_of(ONE).latest(
        "t", examples_of([Asked("c", 20)]), by=["group"], columns=["value", "place", "group"]
    )
    there = view_of(ONE).latest("t", EXAMPLES, by=["group"], columns=["value", "place", "group"])
    assert missing.dtypes.to_dict() == there.dtypes.to_dict()


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        ({"table": "u"}, DataError, "there is no table 'u'; the spec declares t"),
        (
            {"value": "valeu"},
            DataError,
            "there is no column 'valeu' in table 't'; found key, group",
        ),
        ({"by": ["grupo"]}, DataError, "there is no column 'grupo' in table 't'"),
        ({"by": ["key"]}, DataError, "there is no column 'key' in the examples"),
        ({"value": "group"}, DataError, "column 'group' of table 't' is str, expected numbers"),
        ({"value": None}, ValueError, "aggregate 'mean' needs a value column"),
        ({"since": timedelta(-1)}, ValueError, "before it begins"),
    ],
    ids=lambda case: str(case) if isinstance(case, dict) else "",
)
def test_a_window_that_cannot_be_is_refused_with_a_remedy(ask, error, message):
    asked = {"table": "t", "by": ["group"], "value": "value", "aggregate": "mean", **ask}
    with pytest.raises(error, match=message):
        view_of(ONE).window(asked.pop("table"), EXAMPLES, **asked)


def test_times_without_a_zone_are_refused():
    naive = EXAMPLES.assign(prediction_time=EXAMPLES["prediction_time"].dt.tz_localize(None))
    with pytest.raises(DataError, match="expected times with a zone"):
        view_of(ONE).window("t", naive, by=["group"], aggregate="count")
