"""Targets of two values: which of them counts as 1."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from lamplighter.data.positive import two_classes
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        (["yes", "no", None], "yes", [1, 0, np.nan]),
        (["yes", "no", "yes"], yaml.safe_load("yes"), [1, 0, 1]),
        (["Off", "On"], yaml.safe_load("off"), [1, 0]),
        (["True", "False"], True, [1, 0]),
        ([1, 2, 2], 2, [0, 1, 1]),
        (["1", "2"], "2", [0, 1]),
        ([True, False], False, [0, 1]),
        (["no", "no"], "yes", [0, 0]),
        ([None, None], "yes", [np.nan, np.nan]),
    ],
)
def test_the_positive_value_is_1_and_the_other_0(values, positive, expected):
    np.testing.assert_array_equal(two_classes(pd.Series(values), positive, name="t"), expected)


@pytest.mark.parametrize(
    ("values", "positive", "said"),
    [
        (["a", "b", "c"], "a", r"target t holds 3 values \('a', 'b', 'c'\)"),
        (["good", "bad"], "Bad", r"holds 2 values .* expected 'Bad', which data.positive names"),
        ([1, 2], 3, r"holds 2 values \(1, 2\), expected 3"),
    ],
)
def test_other_values_are_refused_by_name(values, positive, said):
    with pytest.raises(DataError, match=said):
        two_classes(pd.Series(values), positive, name="t")


def test_positive_belongs_to_the_task_binary():
    document = {
        "model": "m",
        "owner": {"team": "a"},
        "task": "regression",
        "data": {
            "tables": {"t": {"source": {"csv": "x"}, "key": ["id"]}},
            "target": "y",
            "positive": "yes",
        },
    }
    with pytest.raises(ValidationError, match=r"data.positive is for the task binary"):
        ModelSpec.model_validate(document)
