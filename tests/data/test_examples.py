"""Which examples there are, with which times and labels, as rows come, change and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from lamplighter.data.examples import feature_view, interval_examples, known_examples
from lamplighter.data.lake import Lake
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec

DAY_0 = datetime(2024, 3, 1, tzinfo=UTC)
LEAD, DELAY = timedelta(hours=2), timedelta(hours=6)


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def spec_of(**changes: Any) -> ModelSpec:
    def table(known: str, **more: Any) -> dict[str, Any]:
        return {
            "source": {"parquet": "unused"},
            "key": ["id"],
            "event_time": "at",
            "available_at": known,
            "deleted": "gone",
            **more,
        }

    return ModelSpec.model_validate(
        {
            "model": "visits",
            "owner": {"team": "a"},
            "task": "binary",
            "time": {"start": "2024-01-01", "lead": "2h", "label_delay": "6h"},
            "data": {
                "examples": "plans",
                "target": "ends.late",
                "tables": {"plans": table("published"), "ends": table("seen")},
            },
            "split": {"holdout_days": 2, "folds": 2},
            **changes,
        }
    )


SPEC = spec_of()


def plan(key: int, at: datetime, *, published: datetime, gone: bool = False, size: int = 1):
    return {"id": key, "at": at, "published": published, "gone": gone, "size": size}


def end(key: int, at: datetime, *, seen: datetime, late: float | None, gone: bool = False):
    return {"id": key, "at": at, "seen": seen, "late": late, "gone": gone}


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path))


def publish(
    lake: Lake, *, plans: list[dict], ends: list[dict], until: datetime, spec: ModelSpec = SPEC
) -> None:
    for name, rows in (("plans", plans), ("ends", ends)):
        frame = pd.DataFrame(rows)
        times = [c for c in ("at", "published", "seen") if c in frame]
        frame[times] = frame[times].apply(lambda c: pd.to_datetime(c, utc=True).dt.as_unit("us"))
        table = spec.data.tables[name]
        lake.publish(spec.model, name, table, frame, until=until, start=spec.time.start)


def ten_days() -> tuple[list[dict], list[dict]]:
    """Four visits a day at 6, 12, 18 and 23 o'clock, whose ends are seen five hours later."""
    plans, ends = [], []
    for number in range(40):
        at = day(number // 4) + timedelta(hours=(6, 12, 18, 23)[number % 4])
        plans.append(plan(number, at, published=at - timedelta(days=7)))
        ends.append(end(number, at, seen=at + timedelta(hours=5), late=float(number % 3 == 0)))
    return plans, ends


def known(lake: Lake, as_of: datetime, knowledge_time: datetime | None = None, spec=SPEC):
    return known_examples(spec, lake, as_of=as_of, knowledge_time=knowledge_time or as_of)


def test_examples_are_those_predicted_before_as_of_with_the_labels_seen_by_then(lake):
    plans, ends = ten_days()
    publish(lake, plans=plans, ends=ends, until=day(10))
    as_of = day(4) + timedelta(hours=10)  # the visit at 12 is predicted at 10: not yet
    examples = known(lake, as_of)
    assert examples["id"].tolist() == list(range(17))
    assert (examples["prediction_time"] == examples["event_time"] - LEAD).all()
    assert examples["label"].isna().tolist() == [False] * 16 + [True]
    assert examples["label_time"].isna().tolist() == [False] * 16 + [True]
    assert examples["block"].iloc[0] == "2024-03-01"


def test_later_knowledge_brings_labels_but_no_examples(lake):
    plans, ends = ten_days()
    publish(lake, plans=plans, ends=ends, until=day(10))
    as_of = day(4) + timedelta(hours=10)
    later = known(lake, as_of, day(9))
    assert later["id"].tolist() == list(range(17))
    assert later["label"].notna().all()


def test_rows_that_became_known_later_change_nothing(lake):
    plans, ends = ten_days()
    publish(lake, plans=plans, ends=ends, until=day(8))
    before = known(lake, day(8))
    corrected = [e | {"seen": day(9), "late": 1 - e["late"]} for e in ends]
    moved = [p | {"published": day(9), "at": p["at"] + timedelta(hours=1)} for p in plans]
    publish(lake, plans=moved, ends=corrected, until=day(10))
    pd.testing.assert_frame_equal(known(lake, day(8)), before, check_exact=True)


def test_a_correction_after_the_cutoff_reaches_the_holdout_but_not_the_training(lake):
    plans, ends = ten_days()
    publish(lake, plans=plans, ends=ends, until=day(8))
    corrected = [e | {"seen": day(9.25), "late": 1 - e["late"]} for e in ends]
    publish(lake, plans=plans, ends=corrected, until=day(9.5))
    examples = known(lake, day(10), day(10)).set_index("id")
    # Matured by the end of day 9 is day 8, so the hold-out is days 7 and 8.
    first = ends[0]
    assert examples.loc[0, "label"] == first["late"]
    assert examples.loc[0, "label_time"] == pd.Timestamp(first["seen"])
    for held_out in range(28, 36):
        assert examples.loc[held_out, "label"] == 1 - ends[held_out]["late"]
        assert examples.loc[held_out, "label_time"] >= pd.Timestamp(day(9.25))


def test_an_example_is_predicted_from_what_was_planned_at_its_time(lake):
    at = day(3) + timedelta(hours=12)
    plans = [
        plan(1, at, published=day(0), size=1),
        plan(1, at, published=at - timedelta(hours=3), size=2),  # in time
        plan(1, at, published=at - timedelta(hours=1), size=3),  # after the prediction
    ]
    publish(lake, plans=plans, ends=[end(1, at, seen=day(4), late=1.0)], until=day(5))
    examples = known(lake, day(5))
    view = feature_view(SPEC, lake, as_of=day(5))
    announced = view.announced("plans", examples, columns=["size"], lead=LEAD)
    assert announced["size"].tolist() == [2]


def test_a_visit_that_was_moved_in_time_is_predicted_for_its_new_time(lake):
    at, moved = day(3), day(4)
    plans = [plan(1, at, published=day(0)), plan(1, moved, published=day(1))]
    publish(lake, plans=plans, ends=[end(1, moved, seen=day(5), late=0.0)], until=day(6))
    assert known(lake, day(6))["event_time"].tolist() == [pd.Timestamp(moved)]


@pytest.mark.parametrize(
    ("cancelled_before", "left"), [(timedelta(hours=3), []), (timedelta(hours=1), [1])]
)
def test_a_visit_cancelled_before_its_prediction_is_no_example(lake, cancelled_before, left):
    at = day(3)
    plans = [
        plan(1, at, published=day(0)),
        plan(1, at, published=at - cancelled_before, gone=True),
    ]
    publish(lake, plans=plans, ends=[end(1, at, seen=day(4), late=1.0)], until=day(5))
    assert known(lake, day(5))["id"].tolist() == left


def test_a_row_that_came_too_late_to_be_predicted_is_an_example_since_it_came(lake):
    at = day(3)
    late_row = plan(1, at, published=at + timedelta(days=1))
    publish(lake, plans=[late_row], ends=[end(1, at, seen=day(4), late=1.0)], until=day(5))
    assert known(lake, day(3.5)).empty
    assert known(lake, day(4.5))["id"].tolist() == [1]


def test_a_label_that_was_withdrawn_is_unknown_again(lake):
    at = day(3)
    ends = [
        end(1, at, seen=day(3.5), late=1.0),
        end(1, at, seen=day(4), late=1.0, gone=True),
    ]
    publish(lake, plans=[plan(1, at, published=day(0))], ends=ends, until=day(5))
    assert known(lake, day(5), day(3.75))["label"].tolist() == [1.0]
    assert known(lake, day(5))["label"].isna().all()


def test_an_interval_takes_its_start_and_leaves_its_end(lake):
    plans, ends = ten_days()
    publish(lake, plans=plans, ends=ends, until=day(10))
    first, last = (pd.Timestamp(plans[n]["at"]).to_pydatetime() - LEAD for n in (8, 12))
    found = interval_examples(SPEC, lake, start=first, end=last)
    assert found["id"].tolist() == [8, 9, 10, 11]
    assert "label" not in found


def test_blocks_are_local_days_of_the_prediction(lake):
    spec = spec_of(
        time={"start": "2024-01-01", "lead": "2h", "timezone": "Asia/Tokyo", "label_delay": "6h"}
    )
    at = day(3) + timedelta(hours=16)  # predicted at 14 h UTC, 23 h in Tokyo
    plans = [
        plan(1, at, published=day(0)),
        plan(2, at + timedelta(hours=1), published=day(0)),
    ]
    publish(lake, plans=plans, ends=[end(1, at, seen=day(4), late=1.0)], until=day(5), spec=spec)
    assert known(lake, day(5), spec=spec)["block"].tolist() == ["2024-03-04", "2024-03-05"]


@pytest.mark.parametrize(
    ("late", "message"),
    [
        ([0.0, 2.0], r"ends\.late holds 2, expected 0 and 1"),
        (["yes", "no"], r"ends\.late is str, expected numbers or booleans"),
    ],
)
def test_a_binary_target_of_other_values_is_refused(lake, late, message):
    plans = [plan(n, day(n), published=day(0)) for n in (1, 2)]
    ends = [end(n, day(n), seen=day(3), late=late[n - 1]) for n in (1, 2)]
    publish(lake, plans=plans, ends=ends, until=day(5))
    with pytest.raises(DataError, match=message):
        known(lake, day(5))


def test_labels_under_another_key_are_refused(lake):
    spec = spec_of()
    document = spec.document()
    document["data"]["tables"]["ends"]["key"] = ["id", "at"]
    other = ModelSpec.model_validate(document)
    plans, ends = ten_days()
    publish(lake, plans=plans, ends=ends, until=day(10), spec=other)
    with pytest.raises(DataError, match="both need the same key columns"):
        known(lake, day(10), spec=other)


def test_before_the_first_ingest_the_error_says_what_to_do(lake):
    with pytest.raises(DataError, match="holds nothing yet; run a night first"):
        known(lake, day(1))
