"""The encoders of single columns: numbers, categories, dates, texts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import vstack
from sklearn.feature_extraction.text import HashingVectorizer

from lamplighter.features import text
from lamplighter.features.category import CategoryColumn
from lamplighter.features.date import DateColumn
from lamplighter.features.number import NumberColumn
from lamplighter.features.target_means import SMOOTHING, TargetMeans, Teacher
from lamplighter.features.text import TextColumn


def test_numbers_pass_unchanged_and_what_is_not_finite_becomes_missing():
    column = pd.Series([1.0, None, np.inf, -np.inf, 3.0, 1e308], name="x")
    encoded, _ = NumberColumn.fit(column).encode(column)
    np.testing.assert_array_equal(encoded[:, 0], [1, np.nan, np.nan, np.nan, 3, np.nan])


def test_booleans_are_zero_and_one_whatever_they_come_as():
    for dtype in ("boolean", object):
        column = pd.Series([True, None, False], dtype=dtype, name="x")
        encoded, _ = NumberColumn.fit(column).encode(column)
        np.testing.assert_array_equal(encoded[:, 0], [1, np.nan, 0])


def test_time_spans_are_seconds():
    column = pd.Series(pd.to_timedelta([1, None, 2], unit="min"), name="age")
    np.testing.assert_array_equal(
        NumberColumn.fit(column).encode(column)[0][:, 0], [60, np.nan, 120]
    )


def ranks(trained: list[str | None], later: list[str | None], **options: int) -> np.ndarray:
    column = CategoryColumn.fit(pd.Series(trained, name="x"), **options).without_the_rare()
    return column.encode(pd.Series(later, name="x"))[0][:, 0]


def test_levels_are_ranked_by_frequency_and_ties_by_name():
    np.testing.assert_array_equal(
        ranks(["b", "c", "c", "a", None], ["c", "a", "b", None]), [0, 1, 2, np.nan]
    )


def test_rare_levels_share_one_code_and_unseen_ones_join_them():
    trained = ["a"] * 3 + ["b"] * 2 + ["c"]
    np.testing.assert_array_equal(
        ranks(trained, ["a", "b", "c", "new", None], max_levels=2), [0, 1, 2, 2, np.nan]
    )


def test_of_too_many_levels_those_of_a_single_row_are_not_told_apart():
    trained = ["a", "a", "b", "b", "c", "d", "e"]
    np.testing.assert_array_equal(ranks(trained, ["a", "b", "c", "d"], max_levels=4), [0, 1, 2, 2])
    assert (ranks(list("abcdef"), list("afx"), max_levels=4) == 0).all()


def test_an_unseen_level_is_missing_where_training_had_no_rare_ones():
    np.testing.assert_array_equal(ranks(["a", "b"], ["a", "new"]), [0, np.nan])


def test_means_of_the_target_are_smoothed_as_by_hand():
    y = np.array([1.0, 1.0, 0.0, 0.0])
    teacher = Teacher.of(y, classes=2, in_time_order=False, seed=0)
    column, _ = CategoryColumn.fit(pd.Series(list("aaab"), name="x")).taught(
        pd.Series(list("aaab")), teacher
    )
    means = column.encode(pd.Series(["a", "b", "new", None]))[0][:, 1]
    of_a = (2 + SMOOTHING * 0.5) / (3 + SMOOTHING)
    of_b = (0 + SMOOTHING * 0.5) / (1 + SMOOTHING)
    np.testing.assert_allclose(means, [of_a, of_b, 0.5, 0.5])


@pytest.mark.parametrize("in_time_order", [True, False])
def test_no_row_is_told_its_own_target(in_time_order):
    places = np.arange(300) % 7
    y = np.random.default_rng(0).random(300)
    teacher = Teacher.of(y, classes=0, in_time_order=in_time_order, seed=0)
    before = TargetMeans.learn(places, 7, teacher)[1]
    for row in (0, 150, 299):
        other = y.copy()
        other[row] += 100
        changed = Teacher.of(other, classes=0, in_time_order=in_time_order, seed=0)
        np.testing.assert_array_equal(TargetMeans.learn(places, 7, changed)[1][row], before[row])


def test_in_time_order_a_row_is_told_of_earlier_rows_only():
    places = np.zeros(300, dtype=np.intp)
    y = np.random.default_rng(0).random(300)
    before = TargetMeans.learn(places, 1, Teacher.of(y, classes=0, in_time_order=True, seed=0))[1]
    later = y.copy()
    later[200:] += 100
    after = TargetMeans.learn(places, 1, Teacher.of(later, classes=0, in_time_order=True, seed=0))[
        1
    ]
    np.testing.assert_array_equal(before[:200], after[:200])
    assert not np.array_equal(before[240:], after[240:])


def test_with_shuffled_targets_the_means_of_training_rows_say_nothing():
    rng = np.random.default_rng(0)
    places = rng.integers(0, 500, 2_000)
    y = rng.random(2_000)
    means, own = TargetMeans.learn(
        places, 500, Teacher.of(y, classes=0, in_time_order=False, seed=0)
    )
    assert abs(np.corrcoef(own[:, 0], y)[0, 1]) < 0.06
    assert np.corrcoef(means.at(places)[:, 0], y)[0, 1] > 0.3  # what a leak would look like


def test_each_class_has_its_mean_and_too_many_have_none():
    y = np.array([0.0, 1.0, 2.0] * 10)
    teacher = Teacher.of(y, classes=3, in_time_order=False, seed=0)
    means, _ = TargetMeans.learn(np.zeros(30, dtype=np.intp), 1, teacher)
    np.testing.assert_allclose(means.at(np.array([0])), [[1 / 3, 1 / 3, 1 / 3]])
    assert Teacher.of(y, classes=200, in_time_order=False, seed=0) is None


def parts(column: DateColumn, times: list[str] | pd.Series) -> dict[str, list[float]]:
    values, _ = column.encode(pd.Series(times))
    return dict(zip(column.outputs, values.T.tolist(), strict=True))


YEARS = pd.Series(pd.date_range("2023-01-01", "2024-12-31", freq="31h", tz="America/New_York"))


def test_a_date_is_taken_apart_in_its_own_zone():
    column = DateColumn.fit(YEARS.rename("at"))
    found = parts(column, ["2024-03-01T02:30:00Z", "2030-01-01T00:00:00Z", None])
    assert found["at: hour"][:2] == [21.5, 19.0]
    assert (found["at: month"][0], found["at: day"][0], found["at: weekday"][0]) == (2, 29, 3)
    assert found["at: hour sin"][0] == pytest.approx(np.sin(2 * np.pi * 21.5 / 24))
    assert found["at: elapsed"][1] == pytest.approx(column.days)
    assert all(np.isnan(values[2]) for values in found.values())


def test_parts_that_never_varied_are_left_out():
    days = pd.Series(pd.date_range("2024-03-01", periods=5), name="day")
    assert DateColumn.fit(days).outputs == ("day: day", "day: weekday", "day: elapsed")
    assert DateColumn.fit(days.iloc[:1]).outputs == ("day",)


def test_a_date_without_a_zone_is_read_as_universal_time_where_training_had_one():
    column = DateColumn.fit(YEARS.rename("at"))
    naive = pd.Series(pd.to_datetime(["2024-03-01 02:30"]))
    assert parts(column, naive) == parts(column, naive.dt.tz_localize("UTC"))


TEXTS = pd.Series(["good tea", "good coffee", "bad tea!", None, "bad, bad coffee!"], name="said")


def test_terms_are_kept_that_two_texts_share():
    column, values, terms = TextColumn.learn(TEXTS)
    # good, tea, coffee, bad, ! (of two texts or more): pairs occur once each.
    assert column.terms == 5
    np.testing.assert_allclose(np.square(terms.toarray()).sum(axis=1), [1, 1, 1, 0, 1])
    assert values[:, 0].tolist() == [8, 11, 8, 0, 16]


def test_the_summary_keeps_what_it_can_of_the_angles_between_texts():
    _, values, terms = TextColumn.learn(TEXTS)
    components = values[:, 1:]
    assert components.shape[1] == 4
    np.testing.assert_allclose(components @ components.T, (terms @ terms.T).toarray(), atol=0.15)


@pytest.mark.parametrize("texts", [["  "] * 3, [" ", None, ""]], ids=["blanks", "none"])
def test_texts_without_a_word_have_a_length_and_no_terms(texts):
    column, dense, terms = TextColumn.learn(pd.Series(texts, name="remark", dtype=object))
    assert column.outputs == ("remark: length",)
    assert dense.tolist() == [[len(text or "")] for text in texts]
    assert terms.shape == (3, 0)
    said, seen = column.encode(pd.Series(["late again"], name="remark"))
    assert (said.tolist(), seen.shape) == ([[10.0]], (1, 0))


def test_words_that_were_never_seen_say_nothing():
    column, _, _ = TextColumn.learn(TEXTS)
    values, terms = column.encode(pd.Series(["entirely unheard"]))
    assert terms.nnz == 0
    assert values[0, 1:].tolist() == [0, 0, 0, 0]


def test_terms_are_those_of_scikit_learns_hashing_vectorizer_however_texts_are_cut(monkeypatch):
    monkeypatch.setattr(text, "_AT_ONCE", 3)
    texts = [
        "Don't stop!! don't",
        "",
        "Ünïcode İstanbul",
        "a\x00b \x1c c",
        "日本語 テキスト",
        "_a_ a a",
        " ",
    ]
    places = np.arange(2**20)
    vectorizer = HashingVectorizer(
        n_features=len(places),
        ngram_range=(1, 2),
        token_pattern=r"\w+|[^\w\s]",
        binary=True,
        norm=None,
        alternate_sign=False,
    )
    theirs = vectorizer.transform(texts)
    ours = text._counted(texts, places)
    assert ours.has_sorted_indices
    assert (ours != theirs).nnz == 0
    kept = np.unique(theirs.indices)[::2]
    assert (text._counted(texts, kept) != theirs[:, kept]).nnz == 0
    one_by_one = vstack([text._counted([each], kept) for each in texts])
    assert (one_by_one != theirs[:, kept]).nnz == 0
