"""Numbers of the values of columns: equal values have equal numbers, in both frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.data.group_codes import GroupCodes

TIMES = pd.to_datetime(["2024-01-01", "2024-01-02", None], utc=True).as_unit("us")
COLUMNS = {
    "text": pd.Series(["a", "b", "a", None, "c", "b"], dtype="str"),
    "whole": pd.Series([1, 2, 1, 3, 2, 2]),
    "broken": pd.Series([1.0, np.nan, 1.0, 0.5, -0.0, 0.0]),
    "nullable": pd.Series([1, None, 1, 3, 2, 2], dtype="Int64"),
    "time": pd.Series([TIMES[i] for i in (0, 1, 0, 2, 1, 0)]),
    "choice": pd.Series(pd.Categorical(["x", "y", "x", None, "y", "y"])),
}
HERE = pd.DataFrame(COLUMNS)
THERE = HERE.iloc[[5, 3, 0, 1]].reset_index(drop=True)


def equal(first: tuple, second: tuple) -> bool:
    return all(
        not pd.isna(a) and not pd.isna(b) and a == b for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    "by",
    [*((name,) for name in COLUMNS), ("text", "whole"), ("broken", "nullable", "time"), ()],
)
def test_rows_have_one_number_exactly_where_all_their_values_are_equal(by: tuple[str, ...]) -> None:
    codes = GroupCodes(HERE)
    own, others = codes.own(by), codes.of(THERE, by)
    rows, wanted = ([tuple(row) for row in f[list(by)].to_numpy()] for f in (HERE, THERE))
    for i, row in enumerate(rows):
        assert (own[i] < 0) == any(pd.isna(value) for value in row)
        for j, other in enumerate(wanted):
            assert (own[i] == others[j] >= 0) == equal(row, other), (row, other)
        for j, other in enumerate(rows):
            assert (own[i] == own[j] >= 0) == equal(row, other), (row, other)


def test_a_value_that_is_not_there_has_no_number() -> None:
    others = pd.DataFrame({"text": ["z", "a"], "whole": [1, 7]}).astype({"text": "str"})
    codes = GroupCodes(HERE)
    assert codes.of(others, ("text",)).tolist() == [-1, codes.own(("text",))[0]]
    assert codes.of(others, ("text", "whole")).tolist() == [-1, -1]


@pytest.mark.parametrize("dtype", ["float64", "Int64", "int32", object])
def test_whole_numbers_of_another_type_are_equal_all_the_same(dtype: object) -> None:
    others = pd.DataFrame({"whole": pd.Series([2, 9, 1]).astype(dtype)})
    own = GroupCodes(HERE).own(("whole",))
    assert GroupCodes(HERE).of(others, ("whole",)).tolist() == [own[1], -1, own[0]]


def test_text_of_another_type_is_equal_all_the_same() -> None:
    others = pd.DataFrame({"text": pd.Categorical(["b", None, "a", "q"])})
    own = GroupCodes(HERE).own(("text",))
    assert GroupCodes(HERE).of(others, ("text",)).tolist() == [own[1], -1, own[0], -1]
