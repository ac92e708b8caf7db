"""The past of a model's tables against brute force: ties, late rows, corrections, tombstones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.data.past import Past
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec

EPOCH = datetime(2013, 1, 1, tzinfo=UTC)
END, LEAD = 60, 5
SPEC = ModelSpec.model_validate(
    {
        "model": "calls",
        "owner": {"team": "desk"},
        "task": "binary",
        "time": {"start": "2013-01-01", "lead": f"{LEAD}m", "label_delay": "20m"},
        "data": {
            "examples": "calls",
            "target": "answers.good",
            "tables": {
                name: {
                    "source": {"parquet": "unused"},
                    "key": ["call"],
                    "event_time": "at",
                    "available_at": "known",
                    "deleted": "gone",
                }
                for name in ("calls", "answers")
            },
        },
    }
)


@dataclass(frozen=True)
class Row:
    """A version of a row; times in minutes, so that ties are frequent."""

    call: int
    event: int
    known: int
    gone: bool
    good: int = 0


ROWS = st.lists(
    st.builds(
        Row,
        call=st.integers(0, 5),
        event=st.integers(0, END),
        known=st.integers(0, END),
        gone=st.booleans(),
        good=st.integers(0, 1),
    ),
    max_size=25,
)


def minute(number: float) -> pd.Timestamp:
    return pd.Timestamp(EPOCH) + pd.Timedelta(minutes=number)


def history(rows: list[Row]) -> pd.DataFrame:
    rows = sorted(rows, key=lambda row: row.known)  # as the lake returns them

    def times(name: str) -> pd.Series:
        stamps = [minute(getattr(row, name)) for row in rows]
        return pd.Series(stamps, dtype="datetime64[us, UTC]")

    return pd.DataFrame(
        {
            "call": pd.Series([row.call for row in rows], dtype="int64"),
            "good": pd.Series([row.good for row in rows], dtype="int64"),
            "_known_at": times("known"),
            "_event_time": times("event"),
            "_deleted": pd.Series([row.gone for row in rows], dtype="bool"),
        }
    )


def past(calls: list[Row], answers: list[Row]) -> Past:
    tables = SPEC.data.tables
    histories = {
        "calls": (tables["calls"], history(calls)),
        "answers": (tables["answers"], history(answers)),
    }
    return Past(SPEC, histories, known_by=EPOCH + timedelta(minutes=2 * END))


def standing(rows: list[Row], call: int, at: float) -> Row | None:
    """Walk through a call's versions as they became known, and return the one that stands."""
    found = None
    for row in sorted(rows, key=lambda row: row.known):
        if row.call == call and row.known <= at:
            found = row
    return None if found is None or found.gone else found


def predicted(rows: list[Row], call: int) -> tuple[int, int] | None:
    """Return when a call is predicted, and since when the row is known from which it is."""
    ordered = sorted((row for row in rows if row.call == call), key=lambda row: row.known)
    for place, row in enumerate(ordered):
        replaced = ordered[place + 1].known if place + 1 < len(ordered) else 10**9
        if not row.gone and max(row.known, row.event - LEAD) < replaced:
            return row.event - LEAD, row.known
    return None


@given(calls=ROWS, start=st.integers(-10, END), length=st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_the_examples_of_an_interval_are_those_that_a_walk_through_all_rows_finds(
    calls: list[Row], start: int, length: int
) -> None:
    begin, end = EPOCH + timedelta(minutes=start), EPOCH + timedelta(minutes=start + length)
    found = past(calls, []).examples(start=begin, end=end)
    expected = {
        call: moment
        for call in range(6)
        if (moment := predicted(calls, call)) and start <= moment[0] < start + length
    }
    assert set(found["call"]) == set(expected)
    for row in found.itertuples():
        assert (row.prediction_time, row.known_at) == tuple(map(minute, expected[row.call]))


@given(answers=ROWS, at=st.lists(st.integers(0, END), min_size=6, max_size=6))
@settings(max_examples=300, deadline=None)
def test_each_label_is_the_one_that_a_walk_through_all_rows_finds(
    answers: list[Row], at: list[int]
) -> None:
    # Labels that contradict each other are another test.
    answers = list({(row.call, row.known): row for row in answers}.values())
    examples = pd.DataFrame({"call": range(6)}).set_axis([f"call {c}" for c in range(6)])
    times = pd.Series([minute(a) for a in at], dtype="datetime64[us, UTC]", index=examples.index)
    found = past([], answers).labels(examples, times)
    expected = [standing(answers, call, at[call]) for call in range(6)]
    np.testing.assert_array_equal(
        found.to_numpy(dtype=float),
        np.array([np.nan if row is None else row.good for row in expected], dtype=float),
    )
    assert list(found.index) == list(examples.index)


@given(calls=ROWS, answers=ROWS, ahead=st.integers(0, 30), at=st.integers(0, END))
@settings(max_examples=100, deadline=None)
def test_in_hindsight_everything_was_known_earlier_and_happened_when_it_did(
    calls: list[Row], answers: list[Row], ahead: int, at: int
) -> None:
    shifted = [replace(row, known=row.known - ahead) for row in answers]
    seen = past(calls, answers).in_hindsight(timedelta(minutes=ahead))
    examples = pd.DataFrame({"call": range(6), "prediction_time": minute(at)})
    examples["prediction_time"] = examples["prediction_time"].astype("datetime64[us, UTC]")
    view = seen.view(as_of=EPOCH + timedelta(minutes=2 * END))
    found = view.window("answers", examples, by=["call"], aggregate="count")
    expected = [
        float(row is not None and row.event <= at)
        for row in (standing(shifted, call, at) for call in range(6))
    ]
    assert found.tolist() == expected


def test_two_labels_known_at_the_same_time_that_differ_are_refused_with_their_key() -> None:
    twice = [Row(3, 0, 10, False, 0), Row(3, 0, 10, False, 1), Row(4, 0, 10, False, 1)]
    examples = pd.DataFrame({"call": [3, 4]})
    at = pd.Series([minute(20)] * 2, dtype="datetime64[us, UTC]")
    with pytest.raises(DataError, match=r"answers holds 2 labels that contradict.*call=3: 0 and 1"):
        past([], twice).labels(examples, at)
    assert past([], [*twice[1:], twice[2]]).labels(examples, at).tolist() == [1.0, 1.0]
    assert past([], twice).labels(examples[1:], at[1:]).tolist() == [1.0]
