"""Encoding of a frame, in training and for what production may bring."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import DataError
from lamplighter.features.encode import FrameEncoder
from lamplighter.features.target_means import Teacher

RNG = np.random.default_rng(0)
WORDS = "good bad tea coffee never again love taste price box the a of very not".split()
ROWS = 120
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=ROWS),
        "member": RNG.random(ROWS) < 0.5,
        "city": RNG.choice(["Bern", "Cork", "Lima"], ROWS),
        "shop": RNG.choice([f"S{i}" for i in range(60)], ROWS),
        "bought": pd.date_range("2024-01-01", periods=ROWS, freq="7h", tz="UTC"),
        "review": [" ".join(RNG.choice(WORDS, 9)) for _ in range(ROWS)],
    }
)
Y = (RNG.random(ROWS) < 0.4).astype(float)
TEACHER = Teacher.of(Y, classes=2, in_time_order=True, seed=0)


def encoded(trained: pd.DataFrame, later: pd.DataFrame, **options: object) -> np.ndarray:
    return FrameEncoder.fit(trained, **options).transform(later).values


def test_each_kind_becomes_its_columns():
    encoder = FrameEncoder.fit(FRAME, teacher=TEACHER)
    outputs = encoder.outputs
    assert outputs[:5] == ("size", "member", "city", "shop", "shop: target mean 1")
    assert {"bought: weekday", "bought: hour", "bought: elapsed"} < set(outputs)
    assert {"review: length", "review: component 1"} < set(outputs)
    assert [outputs[i] for i in np.flatnonzero(encoder.categorical)] == ["city", "shop"]
    X = encoder.transform(FRAME)
    assert X.values.shape == (ROWS, len(outputs))
    assert X.sparse is not None
    assert X.sparse.shape[0] == ROWS


def test_rows_encode_the_same_alone_as_among_others():
    encoder = FrameEncoder.fit(FRAME, teacher=TEACHER)
    together = encoder.transform(FRAME)
    alone = encoder.transform(FRAME.iloc[[17]])
    np.testing.assert_array_equal(alone.values[0], together.values[17])
    assert (alone.sparse != together.sparse[17]).nnz == 0


def test_learning_without_a_target_encodes_the_training_rows_as_any_others():
    encoder, X = FrameEncoder.learn(FRAME)
    np.testing.assert_array_equal(X.values, encoder.transform(FRAME).values)
    assert (X.sparse != encoder.transform(FRAME).sparse).nnz == 0


def test_the_order_of_rows_does_not_change_the_encoding_without_a_target():
    frame = pd.DataFrame({"x": np.random.default_rng(0).choice(list("abcdef"), 200)})
    assert FrameEncoder.fit(frame) == FrameEncoder.fit(frame.sample(frac=1, random_state=1))


def test_equal_rows_give_equal_bytes_also_after_use_and_a_round_trip():
    first = FrameEncoder.fit(FRAME, teacher=TEACHER)
    fresh = pickle.dumps(first, protocol=5)
    first.transform(FRAME)
    assert pickle.dumps(first, protocol=5) == fresh
    assert pickle.dumps(FrameEncoder.fit(FRAME.copy(), teacher=TEACHER), protocol=5) == fresh
    assert pickle.dumps(pickle.loads(fresh), protocol=5) == fresh


def test_order_and_extra_columns_of_a_frame_do_not_matter():
    encoder = FrameEncoder.fit(FRAME, teacher=TEACHER)
    shuffled = FRAME.assign(extra=0)[["extra", *FRAME.columns[::-1]]]
    np.testing.assert_array_equal(
        encoder.transform(shuffled).values, encoder.transform(FRAME).values
    )


@pytest.mark.parametrize(
    "arriving",
    [
        pd.Series([None, None], dtype=object),
        pd.Series([np.nan, np.nan]),
        pd.Series([pd.NA, pd.NA], dtype="string"),
        pd.Series([7, None], dtype="Int64"),
        pd.Series([True, False]),
        pd.Series(pd.to_datetime(["2024-01-05", None])),
        pd.Series(pd.to_datetime(["2024-01-05", None], utc=True)).dt.tz_convert("Asia/Tokyo"),
        pd.Series(pd.to_timedelta([1, 2], unit="h")),
        pd.Series(["a", "7"]),
        pd.Series(["Bern", "b"], dtype="category"),
        pd.Series([3, "Bern"], dtype=object),
        pd.Series([[1], {"a": 2}], dtype=object),
        pd.Series([b"Bern", 1j], dtype=object),
    ],
    ids=lambda series: f"{series.dtype} {series.iloc[0]}",
)
def test_whatever_type_a_column_has_in_production_it_encodes_what_it_can(arriving):
    later = pd.DataFrame(dict.fromkeys(FRAME.columns, arriving))
    X = FrameEncoder.fit(FRAME, teacher=TEACHER, types={"member": "boolean"}).transform(later)
    assert len(X) == 2
    assert not np.isinf(X.values).any()


def test_a_column_without_any_value_in_its_training_rows_is_zero_for_ever():
    trained = pd.DataFrame({"x": pd.Series([None, None], dtype="str"), "y": [np.nan, np.nan]})
    np.testing.assert_array_equal(encoded(trained, pd.DataFrame({"x": ["a"], "y": [3]})), [[0, 0]])


def test_a_missing_feature_is_named():
    encoder = FrameEncoder.fit(pd.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(DataError, match=r"1 of 2 features are missing: b; found 1 columns; give"):
        encoder.transform(pd.DataFrame({"a": [1]}))


def test_an_optional_feature_that_is_missing_counts_as_empty():
    encoder = FrameEncoder.fit(FRAME, teacher=TEACHER, optional=tuple(FRAME.columns[1:]))
    without = encoder.transform(FRAME[["size"]])
    empty = encoder.transform(FRAME[["size"]].reindex(columns=FRAME.columns))
    np.testing.assert_array_equal(without.values, empty.values)


def test_declared_types_overrule_the_values():
    frame = pd.DataFrame(
        {"zip": [8001, 8002, 8001], "said": ["yes", "no", None], "n": ["1", "2", "x"]}
    )
    types = {"zip": "category", "said": "boolean", "n": "number"}
    np.testing.assert_array_equal(
        encoded(frame, frame, types=types), [[0, 1, 1], [1, 0, 2], [0, np.nan, np.nan]]
    )


def test_a_level_is_the_same_as_a_number_with_gaps_and_as_text():
    trained = pd.DataFrame({"zip": [8001, 8002, 8001]})
    for later in ([8002.0, np.nan], ["8002", None], pd.array([8002, None], dtype="Int64")):
        values = encoded(trained, pd.DataFrame({"zip": later}), types={"zip": "category"})
        np.testing.assert_array_equal(values[:, 0], [1, np.nan])


def test_a_part_of_the_features_encodes_as_the_whole_did():
    encoder, X = FrameEncoder.learn(FRAME, teacher=TEACHER)
    names = ("shop", "review")
    part, of_rows = encoder.keeping(names), encoder.part(X, names)
    assert part.names == names
    full = encoder.part(encoder.transform(FRAME), names)
    np.testing.assert_array_equal(part.transform(FRAME[list(names)]).values, full.values)
    assert of_rows.values.shape == full.values.shape
    assert encoder.part(X, ("shop",)).sparse is None


def test_members_that_read_the_terms_are_spared_their_summary():
    encoder, X = FrameEncoder.learn(FRAME)
    without = X.without_summary()
    kept = [name for name in encoder.outputs if "component" not in name]
    assert without.values.shape == (ROWS, len(kept))
    assert without.categorical.sum() == X.categorical.sum()
    assert without.sparse is X.sparse
    numbers = encoder.part(X, ("size", "city"))
    assert numbers.without_summary() is numbers
    assert X.rows(np.arange(3)).without_summary().values.shape == (3, len(kept))


def test_a_column_that_can_be_no_feature_is_refused_by_name():
    with pytest.raises(DataError, match=r"cannot be features: x: type object holds no numbers"):
        FrameEncoder.fit(pd.DataFrame({"x": [[1], [2]]}))
