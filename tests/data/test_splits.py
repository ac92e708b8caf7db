"""Splits: whole matured days, an exact gap, and a hash that does not move."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.data.splits import (
    holdout_blocks,
    nothing_held_out,
    split_examples,
    stable_digests,
    stable_fractions,
    start_of_day,
    training_folds,
)
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec

ZONE = "America/New_York"


def spec_of(*, time: dict[str, Any] | None, task: str = "binary", **split: Any) -> ModelSpec:
    table: dict[str, Any] = {"source": {"parquet": "unused"}, "key": ["id"]}
    if time is not None:
        table["event_time"] = "at"
    return ModelSpec.model_validate(
        {
            "model": "m",
            "owner": {"team": "a"},
            "task": task,
            "time": time,
            "data": {"tables": {"t": table}, "target": "y"},
            "split": split,
        }
    )


TIMED = spec_of(
    time={"start": "2013-01-01", "timezone": ZONE, "lead": "2h", "label_delay": "36h"},
    holdout_days=14,
    folds=3,
)
TIMELESS = spec_of(time=None, holdout_fraction=0.3, folds=3)


def local(text: str) -> datetime:
    return pd.Timestamp(text, tz=ZONE).to_pydatetime()


def hourly(first: str, last: str, *, lag: timedelta = timedelta(hours=30)) -> pd.DataFrame:
    """An example every hour; its label becomes known `lag` after the event."""
    predicted = pd.Series(pd.date_range(first, last, freq="h", tz=ZONE, unit="us"))
    events = (predicted + timedelta(hours=2)).dt.tz_convert("UTC")
    return pd.DataFrame(
        {
            "id": range(len(events)),
            "event_time": events,
            "prediction_time": events - timedelta(hours=2),
            "block": predicted.dt.strftime("%Y-%m-%d").astype("str"),
            "label": np.arange(len(events)) % 3 == 0,
            "label_time": events + lag,
        }
    ).astype({"label": "float64"})


def timeless(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": range(count),
            "prediction_time": pd.Series(pd.NaT, index=range(count), dtype="datetime64[us, UTC]"),
            "block": [str(i) for i in range(count)],
            "label": (np.arange(count) % 4 == 0).astype(float),
            "label_time": pd.Series(pd.NaT, index=range(count), dtype="datetime64[us, UTC]"),
        }
    )


def test_two_days_later_the_last_fortnight_of_june_has_matured():
    examples = hourly("2013-04-01", "2013-06-30 23:00")
    split = split_examples(
        TIMED, examples, as_of=local("2013-07-01"), knowledge_time=local("2013-07-03")
    )
    assert split.blocks == [f"2013-06-{day}" for day in range(17, 31)]
    assert split.cutoff == local("2013-06-17")
    assert split.holdout.sum() == 14 * 24


def test_on_the_night_itself_the_newest_days_have_not_matured():
    examples = hourly("2013-04-01", "2013-07-01 03:00")
    examples.loc[examples["label_time"] > local("2013-07-01 04:00"), "label"] = np.nan
    night = local("2013-07-01 04:00")
    split = split_examples(TIMED, examples, as_of=night, knowledge_time=night)
    # The 28th ends 52 hours before; the 29th 28 hours before, less than the 38 it takes.
    assert split.blocks[-1] == "2013-06-28"
    assert len(split.blocks) == 14


def test_a_day_has_matured_at_the_minute_its_last_label_is_certain():
    examples = hourly("2013-06-01", "2013-06-10 23:00")
    as_of = local("2013-06-11")
    matured = local("2013-06-11") + timedelta(hours=38)
    for knowledge_time, newest in (
        (matured, "2013-06-10"),
        (matured - timedelta(minutes=1), "2013-06-09"),
    ):
        blocks = holdout_blocks(TIMED, examples, as_of=as_of, knowledge_time=knowledge_time)
        assert blocks[-1] == newest


def test_a_day_that_as_of_cuts_is_not_held_out():
    examples = hourly("2013-06-01", "2013-06-10 11:00")
    blocks = holdout_blocks(
        TIMED, examples, as_of=local("2013-06-10 12:00"), knowledge_time=local("2013-06-20")
    )
    assert blocks[-1] == "2013-06-09"


@given(lags=st.lists(st.integers(1, 72), min_size=24 * 40, max_size=24 * 40))
@settings(max_examples=20, deadline=None)
def test_the_gap_is_exact_whatever_the_labels_lag(lags):
    examples = hourly("2013-05-01", "2013-06-09 23:00")
    examples["label_time"] = examples["event_time"] + pd.to_timedelta(lags, unit="h")
    split = split_examples(
        TIMED, examples, as_of=local("2013-06-10"), knowledge_time=local("2013-06-14")
    )
    cutoff = pd.Timestamp(split.cutoff)
    for row, (training, holdout) in enumerate(zip(split.training, split.holdout, strict=True)):
        known = examples["label_time"].iloc[row] <= cutoff
        predicted_before = examples["prediction_time"].iloc[row] < cutoff
        assert training == (known and predicted_before)
        assert holdout == (not predicted_before)


def test_examples_without_a_label_are_in_neither_part():
    examples = hourly("2013-05-01", "2013-06-09 23:00")
    examples.loc[::2, ["label"]] = np.nan
    split = split_examples(
        TIMED, examples, as_of=local("2013-06-10"), knowledge_time=local("2013-06-14")
    )
    assert not (split.training | split.holdout)[::2].any()
    assert split.holdout.sum() == 14 * 12


def test_a_day_without_data_is_skipped_not_counted():
    examples = hourly("2013-05-01", "2013-06-09 23:00")
    examples = examples[examples["block"] != "2013-06-05"].reset_index(drop=True)
    split = split_examples(
        TIMED, examples, as_of=local("2013-06-10"), knowledge_time=local("2013-06-14")
    )
    assert len(split.blocks) == 14
    assert split.blocks[0] == "2013-05-26"


def test_only_the_newest_days_are_trained_on_if_the_spec_says_so():
    spec = TIMED.model_copy(
        update={"split": TIMED.split.model_copy(update={"max_training_days": 7})}
    )
    examples = hourly("2013-05-01", "2013-06-09 23:00")
    split = split_examples(
        spec, examples, as_of=local("2013-06-10"), knowledge_time=local("2013-06-14")
    )
    trained = examples["block"][split.training]
    assert split.blocks[0] == "2013-05-27"
    assert trained.min() == "2013-05-20"


def test_where_nothing_is_held_out_all_is_trained_on_whose_label_was_known_then():
    examples = hourly("2013-06-01", "2013-06-09 23:00")
    as_of = local("2013-06-09 12:00")
    split = nothing_held_out(TIMED, examples, as_of=as_of)
    # A label comes 30 hours after the event, which is two hours after its prediction.
    newest = examples["prediction_time"][split.training].max()
    assert newest == as_of - timedelta(hours=32)
    assert int(split.training.sum()) == 7 * 24 + 4 + 1
    assert (split.cutoff, split.blocks, split.holdout.any()) == (as_of, [], False)

    matured = {"split": TIMED.split.model_copy(update={"matured_only": True})}
    fewer = nothing_held_out(TIMED.model_copy(update=matured), examples, as_of=as_of)
    # Certain to be known is a label only 36 hours after the event.
    assert examples["prediction_time"][fewer.training].max() == as_of - timedelta(hours=38)

    newest = {"split": TIMED.split.model_copy(update={"max_training_days": 3})}
    short = nothing_held_out(TIMED.model_copy(update=newest), examples, as_of=as_of)
    assert sorted(examples["block"][short.training].unique()) == [
        "2013-06-06", "2013-06-07", "2013-06-08",
    ]  # fmt: skip


def test_where_there_is_no_time_something_has_to_be_held_out():
    with pytest.raises(DataError, match="no section `time`"):
        nothing_held_out(TIMELESS, hourly("2013-06-01", "2013-06-02"), as_of=local("2013-06-03"))


def test_before_any_day_has_matured_both_parts_are_empty():
    examples = hourly("2013-06-09", "2013-06-09 23:00")
    now = local("2013-06-10")
    split = split_examples(TIMED, examples, as_of=now, knowledge_time=now)
    assert split.blocks == []
    assert not split.training.any()
    assert not split.holdout.any()


def test_a_local_day_begins_at_its_own_midnight_when_clocks_change():
    assert start_of_day(TIMED, date(2013, 3, 10)) == datetime(2013, 3, 10, 5, tzinfo=UTC)
    assert start_of_day(TIMED, date(2013, 3, 11)) == datetime(2013, 3, 11, 4, tzinfo=UTC)


def test_folds_go_forward_in_time_with_the_gap_of_their_own():
    examples = hourly("2013-03-01", "2013-06-09 23:00")
    folds = training_folds(TIMED, examples)
    assert len(folds) == 3
    for fit, validate in folds:
        days = examples["block"].iloc[validate]
        begins = start_of_day(TIMED, date.fromisoformat(days.min()))
        assert days.nunique() == 14
        assert (examples["label_time"].iloc[fit] <= pd.Timestamp(begins)).all()
        assert (examples["prediction_time"].iloc[fit] < pd.Timestamp(begins)).all()
    assert len(folds[0][0]) < len(folds[1][0]) < len(folds[2][0])
    assert examples["block"].iloc[folds[-1][1]].max() == "2013-06-09"


def test_a_fortnight_is_enough_for_folds():
    examples = hourly("2013-05-27", "2013-06-09 23:00")
    folds = training_folds(TIMED, examples)
    assert [examples["block"].iloc[v].nunique() for _, v in folds] == [3, 3, 3]


@pytest.mark.parametrize(
    ("spec", "examples"),
    [(TIMED, hourly("2013-06-09", "2013-06-09 23:00")), (TIMELESS, timeless(1))],
)
def test_too_few_examples_for_folds_are_refused(spec, examples):
    with pytest.raises(DataError, match="too few for two folds"):
        training_folds(spec, examples)


def test_no_example_without_time_changes_sides_when_others_come_and_go():
    now = {"as_of": local("2013-06-10"), "knowledge_time": local("2013-06-10")}
    few, many = timeless(200), timeless(2_000)
    sides = split_examples(TIMELESS, few, **now).holdout
    np.testing.assert_array_equal(split_examples(TIMELESS, many, **now).holdout[:200], sides)
    backwards = many.iloc[::-1].reset_index(drop=True)
    np.testing.assert_array_equal(
        split_examples(TIMELESS, backwards, **now).holdout[::-1][:200], sides
    )
    assert split_examples(TIMELESS, many, **now).holdout.mean() == pytest.approx(0.3, abs=0.03)


def test_the_hash_of_a_key_is_the_same_in_every_version():
    keys = pd.DataFrame({"id": [1, 2], "place": ["a", "b"]})
    np.testing.assert_allclose(stable_fractions(keys), [0.6666373332821356, 0.046787892232989625])


def test_folds_without_time_partition_the_examples_and_keep_the_classes_apart_evenly():
    examples = timeless(400)
    folds = training_folds(TIMELESS, examples)
    everything = np.concatenate([validate for _, validate in folds])
    np.testing.assert_array_equal(np.sort(everything), np.arange(400))
    for fit, validate in folds:
        assert not set(fit) & set(validate)
        assert examples["label"].iloc[validate].sum() == pytest.approx(100 / 3, abs=1)


def test_folds_without_time_do_not_depend_on_the_order_of_rows():
    examples = timeless(100)
    shuffled = examples.sample(frac=1, random_state=0)
    for (_, one), (_, other) in zip(
        training_folds(TIMELESS, examples),
        training_folds(TIMELESS, shuffled.reset_index(drop=True)),
        strict=True,
    ):
        assert set(examples["id"].iloc[one]) == set(shuffled["id"].iloc[other])


ONE_SIDED = spec_of(
    time={"start": "2013-01-01", "timezone": ZONE, "label_delay": "45d"},
    holdout_days=14,
    folds=3,
    matured_only=True,
)


def charged_back_early(first: str, last: str) -> pd.DataFrame:
    """Every third label is 1 and known after 30 days; the others are known after 45."""
    examples = hourly(first, last)
    delay = examples["label"].map({1.0: timedelta(days=30), 0.0: timedelta(days=45)})
    return examples.assign(
        prediction_time=examples["event_time"], label_time=examples["event_time"] + delay
    )


def test_labels_of_one_kind_that_come_sooner_are_not_learnt_from_alone():
    examples = charged_back_early("2013-01-01", "2013-06-30 23:00")
    night = {"as_of": local("2013-07-01"), "knowledge_time": local("2013-07-01")}
    split = split_examples(ONE_SIDED, examples, **night)
    cutoff = pd.Timestamp(split.cutoff)
    trained = examples[split.training]
    assert (trained["event_time"] + timedelta(days=45)).max() <= cutoff
    assert trained["label"].mean() == pytest.approx(1 / 3, abs=0.01)
    for fit, validate in training_folds(ONE_SIDED, trained.reset_index(drop=True)):
        for part in (fit, validate):
            assert trained["label"].iloc[part].mean() == pytest.approx(1 / 3, abs=0.02)

    careless = ONE_SIDED.model_copy(
        update={"split": ONE_SIDED.split.model_copy(update={"matured_only": False})}
    )
    trained = examples[split_examples(careless, examples, **night).training]
    newest = training_folds(careless, trained.reset_index(drop=True))[-1][1]
    assert trained["label"].iloc[newest].mean() == 1  # what the key is for


def test_folds_are_shorter_where_labels_take_long_so_that_the_first_has_something_to_learn_from():
    examples = charged_back_early("2013-01-01", "2013-03-17 23:00")  # 76 days
    folds = training_folds(ONE_SIDED, examples)
    assert [examples["block"].iloc[v].nunique() for _, v in folds] == [7, 7, 7]
    assert [examples["block"].iloc[f].nunique() for f, _ in folds] == [10, 17, 24]


def test_rows_of_a_group_are_held_out_and_validated_together():
    spec = spec_of(time=None, holdout_fraction=0.3, folds=3, group_by=["text"])
    examples = timeless(900)
    groups = np.arange(900) // 3
    examples["block"] = stable_digests(pd.DataFrame({"text": groups.astype(str)}))
    now = {"as_of": local("2013-06-10"), "knowledge_time": local("2013-06-10")}
    split = split_examples(spec, examples, **now)
    assert not set(groups[split.training]) & set(groups[split.holdout])
    assert split.holdout.mean() == pytest.approx(0.3, abs=0.05)
    for fit, validate in training_folds(spec, examples):
        assert not set(groups[fit]) & set(groups[validate])


@pytest.mark.parametrize(
    ("time", "split", "said"),
    [
        (None, {"matured_only": True}, "split.matured_only is for data with time"),
        ({"start": "2013-01-01"}, {"group_by": ["text"]}, "split.group_by is for data without"),
    ],
)
def test_a_split_that_does_not_fit_the_times_is_refused(time, split, said):
    with pytest.raises(ValueError, match=said):
        spec_of(time=time, **split)
