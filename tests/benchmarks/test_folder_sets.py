"""Sets of a folder of one's own: what a sidecar must say, and what is said when it does not."""

import pandas as pd
import pytest
from benchmarks.tuning.folder_sets import SidecarError, folder_sets


@pytest.fixture
def folder(tmp_path):
    frame = pd.DataFrame({"price": [1.0, 2.0], "sold_at": ["2024-01-01", "2024-01-02"], "id": 1})
    frame.to_csv(tmp_path / "prices.csv", index=False)
    return tmp_path


def test_a_file_with_a_sidecar_is_a_set(folder):
    (folder / "prices.yaml").write_text(
        "{task: regression, target: price, time: sold_at, drop: id}"
    )
    (declared,) = folder_sets(str(folder))
    assert (declared.name, declared.time, declared.drop) == ("prices", "sold_at", ("id",))
    assert declared.read()["price"].tolist() == [1.0, 2.0]


def test_a_known_file_needs_no_sidecar_and_a_repeated_one_is_passed_over(folder):
    (folder / "prices.csv").unlink()
    frame = pd.DataFrame({"Status": pd.Series(["bad", "good"], dtype="str"), "Age": [3, 4]})
    frame.to_parquet(folder / "credit_data.parquet")
    frame.to_parquet(folder / "digits_8x8.parquet")
    assert [(d.name, d.positive) for d in folder_sets(str(folder))] == [("credit", "bad")]


@pytest.mark.parametrize(
    ("sidecar", "said"),
    [
        (None, "prices.csv is not described; write prices.yaml beside it"),
        ("[1, 2]", "holds no keys; expected at least task and target"),
        ("target: price", "has no key 'task'"),
        ("{task: guess, target: price}", "task is 'guess', expected one of binary, multiclass"),
        ("{task: regression, target: cost}", "names the column 'cost', which prices.csv"),
        ("{task: regression, target: price, tme: sold_at}", "unknown key 'tme'"),
        ("{task: [", "is not YAML"),
    ],
)
def test_what_a_sidecar_lacks_is_told(folder, sidecar, said):
    if sidecar is not None:
        (folder / "prices.yaml").write_text(sidecar)
    with pytest.raises(SidecarError, match=said.replace("[", r"\[")):
        folder_sets(str(folder))


def test_a_folder_that_is_not_there_is_told_and_none_at_all_is_fine(tmp_path):
    with pytest.raises(SidecarError, match=r"LAMPLIGHTER_BENCH_DATA names .*gone, which is no"):
        folder_sets(str(tmp_path / "gone"))
    assert folder_sets(None) == folder_sets("") == ()
