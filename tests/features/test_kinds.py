"""Which kind a column is read as."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.features.kinds import kind_of, read_kind, why_unusable


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
        (pd.Series(pd.to_datetime(["2013-01-01"])), "date"),
        (pd.Series([pd.Timestamp("2013-01-01").date(), None], dtype=object), "date"),
        (pd.Series([[1], [2]], dtype=object), None),
        (pd.Series([1j, 2j]), None),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_each_type_has_its_kind(column, kind):
    assert kind_of(column) == kind


SENTENCES = [f"the {i}th parcel came very late again" for i in range(40)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["2013-07-01", None, "2013-07-02T10:30:00+02:00"], "date"),
        (["2013-07-01", "tomorrow"], "category"),
        (["2013-13-45", "2013-07-01"], "category"),
        (SENTENCES, "text"),
        (SENTENCES[:3] * 20, "category"),
        ([f"N{i}" for i in range(500)], "category"),
        ([None, None], "number"),
    ],
    ids=["iso", "not all", "no such day", "sentences", "few sentences", "names", "nothing"],
)
def test_values_tell_dates_and_texts_from_categories(values, kind):
    assert read_kind(pd.Series(values, dtype=object)) == kind


def test_only_usable_columns_have_no_complaint():
    assert why_unusable(pd.Series([1, 2])) is None
    assert why_unusable(pd.Series(pd.to_datetime(["2013-01-01"]))) is None
    assert "no value" in str(why_unusable(pd.Series([None, None])))
    assert "holds no numbers" in str(why_unusable(pd.Series([[1], [2]])))
