"""What the artifact store promises: whole or absent, and never something else than was written."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamplighter.data.artifacts import ArtifactStore
from lamplighter.errors import ArtifactError


@pytest.fixture(params=["a folder", "an fsspec URL"])
def store(request, tmp_path):
    root = tmp_path / "artifacts"
    return ArtifactStore(str(root) if request.param == "a folder" else f"file://{root}")


def test_what_was_written_is_read_back(store):
    ref = store.write("flights/2013-07-01T00:00:00+00:00/report.html", b"<p>good</p>")
    assert store.read(ref) == b"<p>good</p>"
    assert ref.size_bytes == 11


def test_the_same_bytes_under_the_same_key_are_one_file(store, tmp_path):
    assert store.write("a/b.json", b"{}") == store.write("a/b.json", b"{}")
    assert len(list(tmp_path.rglob("*.json"))) == 1


def test_two_writers_of_one_key_leave_both_references_valid(store):
    first, second = store.write("a/b.json", b"1"), store.write("a/b.json", b"2")
    assert (store.read(first), store.read(second)) == (b"1", b"2")


def test_a_key_that_was_never_written_is_not_found(store):
    store.write("a/b.json", b"1")
    assert store.find("a/c.json") is None
    assert store.find("c/b.json") is None
    assert store.find("a/b") is None


def test_find_gives_the_newest_of_a_key(store):
    store.write("a/b.json", b"1")
    time.sleep(0.02)
    newest = store.write("a/b.json", b"2")
    store.write("a/b-c.json", b"3")
    assert store.find("a/b.json") == newest


def test_a_changed_file_is_refused(store):
    ref = store.write("a/b.json", b"before")
    Path(store.uri(ref)).write_bytes(b"after")
    with pytest.raises(ArtifactError, match=r"a/b\.json .* was changed after it was written"):
        store.read(ref)


def test_a_deleted_file_is_named_with_its_place(store):
    ref = store.write("a/b.json", b"1")
    Path(store.uri(ref)).unlink()
    with pytest.raises(ArtifactError, match=r"artifact a/b\.json is not at .*a/b-"):
        store.read(ref)


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "", "a/../../b"])
def test_a_key_cannot_leave_the_store(store, key):
    with pytest.raises(ArtifactError, match="expected a relative path"):
        store.write(key, b"1")


def test_a_file_that_cannot_be_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    with pytest.raises(ArtifactError, match="cannot be written to"):
        ArtifactStore(str(tmp_path / "artifacts")).write("a/b.json", b"1")


def test_a_frame_keeps_its_values_and_dtypes(store):
    frame = pd.DataFrame(
        {
            "id": np.array([1, 2, 3]),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "carrier": ["UA", None, "B6"],
            "late": [True, False, True],
            "at": pd.to_datetime(["2013-01-01", "2013-01-02", None], utc=True).as_unit("us"),
            "kind": pd.Categorical(["a", "b", None]),
        }
    )
    read = store.read_frame(store.write_frame("frame.parquet", frame))
    pd.testing.assert_frame_equal(read, frame)


def test_equal_frames_are_equal_bytes_also_with_another_index(store):
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", "y"]})
    first = store.write_frame("frame.parquet", frame)
    assert store.write_frame("frame.parquet", frame.set_axis([7, 8])) == first


def test_a_local_path_holds_the_content_and_keeps_the_name(store):
    ref = store.write("models/flights.predictor", b"model")
    with store.path(ref) as path:
        assert path.name == "flights.predictor"
        assert path.read_bytes() == b"model"


def test_a_store_without_a_disk_works_the_same():
    store = ArtifactStore("memory://artifacts")
    ref = store.write("a/b.json", b"1")
    assert store.read(ref) == b"1"
    assert store.find("a/b.json") == ref
    assert store.uri(ref).startswith("memory://")


def test_a_writer_killed_in_the_middle_leaves_nothing_to_be_found(tmp_path):
    program = (
        "import os, sys; from pathlib import Path\n"
        "from lamplighter.data.artifacts import ArtifactStore\n"
        "Path.replace = lambda *a: os.kill(os.getpid(), 9)\n"
        "ArtifactStore(sys.argv[1]).write('a/b.json', b'1' * 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    store = ArtifactStore(str(tmp_path))
    assert done.returncode == -9
    assert store.find("a/b.json") is None
    ref = store.write("a/b.json", b"1" * 1000)
    assert store.read(ref) == b"1" * 1000
