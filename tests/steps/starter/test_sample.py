"""Which files become which tables, and what is said about those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lamplighter.errors import DataError, LamplighterError, UsageError
from lamplighter.steps.starter.sample import look_at

ROWS = pd.DataFrame(
    {"id": range(5), "at": pd.date_range("2024-01-01", periods=5), "y": [0, 1] * 2 + [0]}
)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_is_one_table_named_as_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"Shop Visits.{suffix}"
    ROWS.to_parquet(path) if suffix == "parquet" else ROWS.to_csv(path, index=False)
    (found,) = look_at([str(path)])
    assert (found.name, found.kind, found.location) == ("shop_visits", suffix, str(path))
    assert found.whole
    assert len(found.frame) == 5


def test_files_of_days_are_one_table_with_a_pattern(tmp_path: Path) -> None:
    for day in ("2024-01-01", "2024-01-02"):
        ROWS.to_csv(tmp_path / f"visits-{day}.csv", index=False)
    (found,) = look_at([str(tmp_path)])
    assert found.location == str(tmp_path / "visits-{day}.csv")
    assert (found.name, len(found.frame)) == ("visits", 10)


def test_parts_with_the_same_columns_are_one_table_and_others_are_tables_of_their_own(
    tmp_path: Path,
) -> None:
    for part in "ab":
        ROWS.to_parquet(tmp_path / f"part-{part}.parquet")
    ROWS[["id", "y"]].to_parquet(tmp_path / "labels.parquet")
    found = look_at([str(tmp_path)])
    assert {table.location for table in found} == {
        str(tmp_path / "part-*.parquet"),
        str(tmp_path / "labels.parquet"),
    }


def test_parts_that_no_pattern_names_alone_are_refused(tmp_path: Path) -> None:
    for name in ("a1", "a2", "a3"):
        ROWS.to_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(UsageError, match=r"a\*\.parquet names other files too"):
        look_at([str(tmp_path / "a1.parquet"), str(tmp_path / "a2.parquet")])


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_huge_file_is_looked_at_in_part(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"big.{suffix}"
    big = pd.concat([ROWS] * 200, ignore_index=True)
    big.to_parquet(path, row_group_size=100) if suffix == "parquet" else big.to_csv(
        path, index=False
    )
    (found,) = look_at([str(path)], whole_mb=0)
    assert not found.whole
    assert list(found.frame) == list(ROWS)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.csv", None, "there is no file .*absent.csv"),
        ("table.xlsx", b"x", r"ends in '.xlsx', expected .parquet or .csv"),
        ("bad.parquet", b"not parquet at all", "cannot be read as parquet"),
        ("bad.csv", b"a,b\n1,2,3\n", "cannot be read as csv"),
        ("semicolons.csv", b"a;b\n1;2\n", "separated by ';', expected commas"),
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"a,b\n", "holds no rows"),
    ],
)
def test_what_is_no_table_is_said_in_one_message(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LamplighterError, match=said):
        look_at([str(tmp_path / name)])


def test_columns_of_other_kinds_are_named(tmp_path: Path) -> None:
    ROWS.assign(tags=[[1]] * 5).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="column 'tags'"):
        look_at([str(tmp_path / "t.parquet")])
