"""Backup and restore: one point in time while nights go on, verified, and whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.cli.main import main
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.data.lake_copy import copy_lake
from lamplighter.errors import BackupError, LedgerUnavailableError, UsageError
from lamplighter.steps.backup.back_up import back_up, mlflow_database
from lamplighter.steps.backup.manifest import NAME
from lamplighter.steps.backup.restore import restore
from lamplighter.steps.doctor.visit import visit
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths
from world import World, day

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_HOME", raising=False)


@pytest.fixture
def paths(world: World) -> StorePaths:
    return replace(world.paths, home=str(world.home))


def wrong(paths: StorePaths) -> list[str]:
    return [f.message for f in visit(Stores.open(paths), paths) if f.level == "wrong"]


def scores(world: World, home: Path, file: Path) -> bytes:
    """Score a day with what lies in a home; return the bytes of the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMPLIGHTER_HOME", str(home))
        for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
            patch.delenv(name, raising=False)
        words = ["score", str(world.spec_path), "--as-of", "2024-02-21T12:00", "--out", str(file)]
        assert main(words) == 0
    return file.read_bytes()


def test_a_backup_taken_between_nights_brings_back_the_moment_of_the_ledger(
    seasoned: World, tmp_path: Path
) -> None:
    before = seasoned.stores.ledger.champion("returns")
    nights = iter((53, 54))

    def go_on(said: str) -> None:
        """Have a night become champion after the ledger's copy, and one after MLflow's."""
        if "ledger copied" in said or "database copied" in said:
            assert seasoned.run(day(next(nights)), gate_mode="off").outcome

    back_up(seasoned.paths, tmp_path / "backup", say=go_on)
    assert seasoned.stores.ledger.champion("returns").version == "5"
    file = seasoned.stores.artifacts.read(before.artifact)
    seasoned.home.rename(tmp_path / "gone")  # nothing of the original may be needed

    restored = restore(tmp_path / "backup", tmp_path / "new")
    stores = Stores.open(restored.paths)
    assert stores.ledger.champion("returns") == before
    assert stores.artifacts.read(before.artifact) == file
    assert restored.aliases == ("returns to version 2",)
    assert wrong(restored.paths) == []

    seasoned.paths = restored.paths  # the night that was ahead is done again, and doubles nothing
    assert seasoned.run(day(53), gate_mode="off").outcome == "inconclusive"
    assert stores.ledger.champion("returns").version == "4"
    assert stores.registry.twins("returns") == {}
    assert wrong(restored.paths) == []


def test_what_was_restored_scores_to_the_same_bytes(seasoned: World, tmp_path: Path) -> None:
    back_up(seasoned.paths, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "new")
    original = scores(seasoned, seasoned.home, tmp_path / "one.parquet")
    seasoned.home.rename(tmp_path / "gone")
    assert scores(seasoned, tmp_path / "new", tmp_path / "two.parquet") == original


@pytest.fixture
def backup(world: World, paths: StorePaths, tmp_path: Path) -> Path:
    """A backup of a world with artifacts and no night."""
    world.stores.artifacts.write("tea/leaves.json", b"[1, 2, 3]")
    back_up(paths, tmp_path / "backup", mlflow="none")
    return tmp_path / "backup"


def change(folder: Path) -> None:
    file = next(folder.rglob("leaves-*.json"))
    file.write_bytes(b"[1, 2, 4]")


def lose(folder: Path) -> None:
    next(folder.rglob("leaves-*.json")).unlink()


def cut_short(folder: Path) -> None:
    (folder / NAME).unlink()


def garble(folder: Path) -> None:
    (folder / NAME).write_bytes(b"\xff{")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (change, r"0 files are missing and 1 were changed, such as lake/artifacts/tea/leaves"),
        (lose, r"1 files are missing and 0 were changed.*use another backup"),
        (cut_short, r"holds no manifest\.json; it is no backup, or one that was cut short"),
        (garble, r"cannot be read by this lamplighter; it is damaged"),
    ],
)
def test_a_damaged_backup_is_refused_and_nothing_is_restored(
    backup: Path, tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    damage(backup)
    with pytest.raises(BackupError, match=said):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert [p.name for p in tmp_path.iterdir() if "restoring" in p.name] == []


def test_neither_a_backup_nor_a_restore_writes_over_anything(
    backup: Path, paths: StorePaths, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="not empty; name a new folder for the backup"):
        back_up(paths, backup, mlflow="none")
    with pytest.raises(UsageError, match="not empty; name a new folder to restore to"):
        restore(backup, Path(paths.home))
    with pytest.raises(UsageError, match="lies inside the lake"):
        back_up(paths, Path(paths.lake) / "backup", mlflow="none")
    (tmp_path / "empty").mkdir()
    restored = restore(backup, tmp_path / "empty")
    assert wrong(restored.paths) == []


def test_a_backup_waits_for_no_upkeep_and_says_who_is_at_it(
    world: World, paths: StorePaths, tmp_path: Path
) -> None:
    with (
        world.stores.ledger.alone("tidy"),
        pytest.raises(LedgerUnavailableError, match="cannot back up: a backup or another upkeep"),
    ):
        back_up(paths, tmp_path / "backup", mlflow="none")
    assert not (tmp_path / "backup").exists()


def test_behind_a_server_the_database_in_the_home_is_taken_or_named(
    world: World, paths: StorePaths
) -> None:
    behind = replace(paths, mlflow="http://127.0.0.1:9")
    with pytest.raises(UsageError, match="name it with --mlflow sqlite"):
        mlflow_database(behind, None)
    (world.home / "mlflow.db").touch()
    assert mlflow_database(behind, None) == world.home / "mlflow.db"
    assert mlflow_database(behind, "sqlite:////elsewhere.db") == Path("/elsewhere.db")
    assert mlflow_database(behind, "none") is None


def test_the_files_of_an_object_store_are_copied_whole(tmp_path: Path) -> None:
    store = ArtifactStore("memory://copied-lake/artifacts")
    ref = store.write("tea/leaves.json", b"[1]")
    assert copy_lake("memory://copied-lake", tmp_path / "lake") == 1
    assert ArtifactStore(str(tmp_path / "lake/artifacts")).read(ref) == b"[1]"


def test_the_commands_say_what_they_did_and_what_comes_next(
    seasoned: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(seasoned.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    assert main(["backup", "--to", str(tmp_path / "b"), "--mlflow", "none"]) == 0
    assert "it brings back" in capsys.readouterr().out
    assert main(["restore", "--from", str(tmp_path / "b"), "--to", str(tmp_path / "new")]) == 0
    said = capsys.readouterr().out
    assert "MLflow is not in this backup" in said
    assert f"LAMPLIGHTER_HOME={tmp_path / 'new'} lamplighter doctor" in said
    assert main(["restore", "--from", str(tmp_path), "--to", str(tmp_path / "x")]) == 1
    assert "it is no backup" in capsys.readouterr().err


def name_a_file(folder: Path, name: str) -> None:
    document = json.loads((folder / NAME).read_text())
    payload = b"planted"
    digest = hashlib.sha256(payload).hexdigest()
    document["files"][name] = {"size_bytes": len(payload), "digest": digest}
    (folder / NAME).write_text(json.dumps(document))
    (folder / name).write_bytes(payload)


def climb(folder: Path) -> None:
    name_a_file(folder, "../planted.txt")


def climb_later(folder: Path) -> None:
    name_a_file(folder, "lake/../../planted.txt")


def be_absolute(folder: Path) -> None:
    name_a_file(folder, str(folder.parent / "planted.txt"))


def link_a_file(folder: Path) -> None:
    file = next(folder.rglob("leaves-*.json"))
    file.rename(folder.parent / "outside.json")
    file.symlink_to(folder.parent / "outside.json")


def link_a_folder(folder: Path) -> None:
    (folder / "lake").rename(folder.parent / "outside")
    (folder / "lake").symlink_to(folder.parent / "outside")


def drop_the_ledger(folder: Path) -> None:
    document = json.loads((folder / NAME).read_text())
    del document["files"]["ledger.db"]
    (folder / NAME).write_text(json.dumps(document))


def promise_mlflow(folder: Path) -> None:
    document = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps(document | {"mlflow_root": "file:///gone"}))


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (climb, r"names the file '\.\./planted\.txt', expected a path inside"),
        (climb_later, r"names the file 'lake/\.\./\.\./planted\.txt', expected a path inside"),
        (be_absolute, r"names the file '/.*planted\.txt', expected a path inside"),
        (link_a_file, r"holds links instead of files, such as lake/artifacts/tea/leaves"),
        (link_a_folder, r"holds links instead of files, such as lake;"),
        (drop_the_ledger, r"lists no 'ledger\.db'"),
        (promise_mlflow, r"lists no 'mlflow\.db'"),
    ],
)
def test_a_manifest_that_reaches_outside_is_refused_before_anything_is_written(
    backup: Path, tmp_path: Path, tamper: Callable[[Path], None], said: str
) -> None:
    tamper(backup)
    before = left_in(tmp_path)
    with pytest.raises(BackupError, match=said):
        restore(backup, tmp_path / "homes" / "new")
    assert left_in(tmp_path) == before


def test_neither_a_backup_nor_a_restore_lies_in_what_it_copies(
    seasoned: World, backup: Path, tmp_path: Path
) -> None:
    inside = seasoned.home / "mlartifacts" / "backup"
    (tmp_path / "link").symlink_to(seasoned.home / "mlartifacts")
    for target in (inside, tmp_path / "link" / "backup"):
        with pytest.raises(UsageError, match="lies inside MLflow's files"):
            back_up(seasoned.paths, target)
    in_url = replace(seasoned.paths, lake=f"file://{seasoned.home}/lake")
    with pytest.raises(UsageError, match="lies inside the lake"):
        back_up(in_url, seasoned.home / "lake" / "backup")
    with pytest.raises(UsageError, match="lies inside the backup"):
        restore(backup, backup / "new")
    assert not inside.exists()
    assert not (backup / "new").exists()


def test_a_backup_that_failed_leaves_nothing_in_the_way_of_the_next(
    seasoned: World, tmp_path: Path
) -> None:
    def fail(said: str) -> None:
        if "database copied" in said:
            raise OSError("no space left")

    target = tmp_path / "backup"
    with pytest.raises(UsageError, match=r"no database of MLflow at /gone\.db; name it"):
        back_up(seasoned.paths, target, mlflow="sqlite:////gone.db")
    with pytest.raises(OSError, match="no space left"):
        back_up(seasoned.paths, target, say=fail)
    assert left_in(tmp_path) == {"world"}
    back_up(seasoned.paths, target)
    assert left_in(tmp_path) == {"world", "backup"}


def test_files_named_like_the_manifest_are_part_of_a_backup(
    world: World, paths: StorePaths, tmp_path: Path
) -> None:
    (world.home / "lake" / "tea").mkdir(parents=True)
    (world.home / "lake" / "tea" / NAME).write_text("{}")
    assert world.stores.ledger.models() == []
    assert f"lake/tea/{NAME}" in back_up(paths, tmp_path / "backup", mlflow="none").files


def test_a_target_below_a_file_is_a_wrong_use_of_the_commands(
    backup: Path,
    paths: StorePaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HOME", paths.home)
    (tmp_path / "file.csv").write_text("a,b")
    for below in ("file.csv/x", "file.csv/x/y", "file.csv"):
        target = str(tmp_path / below)
        for words in (["backup", "--mlflow", "none"], ["restore", "--from", str(backup)]):
            assert main([*words, "--to", target]) == 2
            said = capsys.readouterr().err
            assert "file.csv is a file, expected a folder; name a new folder" in said
            assert len(said.splitlines()) == 1


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


_NIGHTS = """
import sys; sys.path[:0] = [{tests!r}]
from pathlib import Path
from world import World, day
world = World(Path({folder!r}))
for number in range(50, 53):
    world.run(day(number), gate_mode="off")
"""


@pytest.mark.long
def test_backups_taken_at_any_moment_of_running_nights_are_sound(
    world: World, paths: StorePaths, tmp_path: Path
) -> None:
    code = _NIGHTS.format(tests=str(ROOT / "tests"), folder=str(world.folder))
    nights = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
    taken = []
    try:
        while nights.poll() is None:
            if (world.home / "ledger.db").exists() and (world.home / "lake").exists():
                target = tmp_path / f"backup{len(taken)}"
                back_up(paths, target, mlflow=None if _has_mlflow(world) else "none")
                taken.append(target)
            time.sleep(2)
    finally:
        nights.kill()
        assert nights.wait() == 0
    assert len(taken) > 1
    for number, target in enumerate(taken):
        restored = restore(target, tmp_path / f"new{number}")
        # A registration may have been under way; everything else agrees.
        assert [
            said for said in wrong(restored.paths) if "begun and not finished" not in said
        ] == []


def _has_mlflow(world: World) -> bool:
    return (world.home / "mlartifacts").exists()
