"""Encoding of raw features, in training and for what production may bring."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import DataError
from lamplighter.features.encode import ColumnEncoder, FrameEncoder, kind_of, why_unusable


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pd.Series([1, 2]), "number"),
        (pd.Series([1.5, np.nan]), "number"),
        (pd.Series([1, None], dtype="Int64"), "number"),
        (pd.Series([True, False]), "number"),
        (pd.Series([True, None], dtype="boolean"), "number"),
        (pd.Series([True, None], dtype=object), "number"),
        (pd.Series(pd.to_timedelta([1, 2], unit="h")), "number"),
        (pd.Series(["a", None]), "category"),
        (pd.Series(["a", "b"], dtype="category"), "category"),
        (pd.Series(["a", 1], dtype=object), "category"),
        (pd.Series(pd.to_datetime(["2013-01-01"])), None),
        (pd.Series([[1], [2]], dtype=object), None),
        (pd.Series([1j, 2j]), None),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_each_type_has_its_kind(column, kind):
    assert kind_of(column) == kind


def test_numbers_pass_unchanged_and_what_is_not_finite_becomes_missing():
    column = pd.Series([1.0, None, np.inf, -np.inf, 3.0])
    encoded = ColumnEncoder.fit(column.rename("x"), max_levels=10).transform(column)
    np.testing.assert_array_equal(encoded, [1, np.nan, np.nan, np.nan, 3])


def test_booleans_are_zero_and_one_and_time_spans_are_seconds():
    frame = pd.DataFrame(
        {
            "flag": pd.Series([True, None, False], dtype="boolean"),
            "age": pd.to_timedelta([1, None, 2], unit="min"),
        }
    )
    np.testing.assert_array_equal(
        FrameEncoder.fit(frame).transform(frame).values, [[1, 60], [np.nan, np.nan], [0, 120]]
    )


def test_levels_are_ranked_by_frequency_and_ties_by_name():
    column = pd.Series(["b", "c", "c", "a", None], name="x")
    encoder = ColumnEncoder.fit(column, max_levels=10)
    assert encoder.levels == ("c", "a", "b")
    np.testing.assert_array_equal(encoder.transform(column), [2, 0, 0, 1, np.nan])


def test_rare_levels_share_one_code_and_unseen_ones_join_them():
    column = pd.Series(["a"] * 3 + ["b"] * 2 + ["c"], name="x")
    encoder = ColumnEncoder.fit(column, max_levels=2)
    np.testing.assert_array_equal(
        encoder.transform(pd.Series(["a", "b", "c", "new", None])), [0, 1, 2, 2, np.nan]
    )


def test_an_unseen_level_is_missing_where_training_had_no_rare_ones():
    encoder = ColumnEncoder.fit(pd.Series(["a", "b"], name="x"), max_levels=10)
    np.testing.assert_array_equal(encoder.transform(pd.Series(["a", "new"])), [0, np.nan])


def test_the_order_of_rows_does_not_change_the_encoding():
    frame = pd.DataFrame({"x": np.random.default_rng(0).choice(list("abcdef"), 200)})
    assert FrameEncoder.fit(frame) == FrameEncoder.fit(frame.sample(frac=1, random_state=1))


@pytest.mark.parametrize(
    "arriving",
    [
        pd.Series([None, None], dtype=object),
        pd.Series([np.nan, np.nan]),
        pd.Series([pd.NA, pd.NA], dtype="string"),
        pd.Series(pd.to_datetime(["2013-01-01", None])),
        pd.Series(["a", "7"]),
        pd.Series(["a", "b"], dtype="category"),
    ],
    ids=["none", "nan", "na", "timestamps", "text", "categorical"],
)
def test_a_column_of_another_type_in_production_encodes_what_it_can(arriving):
    trained = pd.DataFrame({"number": [1.0, 2.0], "category": ["a", "b"]})
    later = pd.DataFrame({"number": arriving, "category": arriving})
    values = FrameEncoder.fit(trained).transform(later).values
    assert values.shape == (2, 2)
    assert not np.isinf(values).any()


def test_a_column_without_any_value_in_its_training_rows_is_zero_for_ever():
    trained = pd.DataFrame({"x": pd.Series([None, None], dtype="str"), "y": [np.nan, np.nan]})
    values = FrameEncoder.fit(trained).transform(pd.DataFrame({"x": ["a"], "y": [3]})).values
    np.testing.assert_array_equal(values, [[0, 0]])


def test_order_and_extra_columns_of_a_frame_do_not_matter():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    encoder = FrameEncoder.fit(frame)
    shuffled = frame.assign(extra=0)[["extra", "b", "a"]]
    np.testing.assert_array_equal(
        encoder.transform(shuffled).values, encoder.transform(frame).values
    )


def test_a_missing_feature_is_named():
    encoder = FrameEncoder.fit(pd.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(DataError, match=r"1 of 2 features are missing: b; found 1 columns; give"):
        encoder.transform(pd.DataFrame({"a": [1]}))


def test_a_timestamp_is_refused_with_what_to_do():
    frame = pd.DataFrame({"when": pd.to_datetime(["2013-01-01"])})
    with pytest.raises(DataError, match=r"when: a timestamp; turn it into features"):
        FrameEncoder.fit(frame)


def test_only_usable_columns_have_no_complaint():
    assert why_unusable(pd.Series([1, 2])) is None
    assert "no value" in str(why_unusable(pd.Series([None, None])))


def test_a_number_too_large_for_single_precision_is_missing() -> None:
    frame = pd.DataFrame({"x": [1.0, 1e308, -1e308, 3e38, np.inf]})
    encoded = FrameEncoder.fit(frame).transform(frame).values[:, 0]
    assert np.isnan(encoded).tolist() == [False, True, True, False, True]
