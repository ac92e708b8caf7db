"""Whether a backup holds what its ledger names."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lamplighter.data.artifacts import ArtifactStore
from lamplighter.errors import BackupError
from lamplighter.steps.backup.back_up import back_up
from lamplighter.steps.backup.completeness import Named, check_lake
from lamplighter.steps.backup.manifest import NAME
from lamplighter.steps.store_paths import StorePaths
from world import World


@pytest.fixture
def paths(world: World) -> StorePaths:
    return replace(world.paths, home=str(world.home))


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_backup_without_the_lake_that_the_ledger_names_is_refused(
    seasoned: World, tmp_path: Path
) -> None:
    elsewhere = replace(seasoned.paths, lake=str(tmp_path / "elsewhere"))
    with pytest.raises(BackupError, match=r"there is no lake at .*elsewhere.*set LAMPLIGHTER_LAKE"):
        back_up(elsewhere, tmp_path / "backup", mlflow="none")
    (tmp_path / "elsewhere").mkdir()
    said = r"lacks what the ledger names as champion: returns version 2 \(.*set LAMPLIGHTER_LAKE"
    with pytest.raises(BackupError, match=said):
        back_up(elsewhere, tmp_path / "backup", mlflow="none")
    assert left_in(tmp_path) == {"elsewhere", "world"}


def test_a_file_that_upkeep_purged_is_not_missed(seasoned: World, tmp_path: Path) -> None:
    stores = seasoned.stores
    first = stores.ledger.releases("returns")[0]
    later = datetime.now(UTC) + timedelta(days=1)
    place = stores.artifacts.place(first.artifact)
    assert stores.artifacts.purge(place, why="was old", written_before=later)
    back_up(seasoned.paths, tmp_path / "backup", mlflow="none")


def test_a_ledger_that_knows_no_model_is_backed_up_without_a_lake(
    world: World, paths: StorePaths, tmp_path: Path
) -> None:
    assert world.stores.ledger.models() == []
    back_up(replace(paths, lake=str(tmp_path / "none")), tmp_path / "backup", mlflow="none")
    assert left_in(tmp_path / "backup") == {"ledger.db", NAME}


def test_mlflow_without_the_files_of_known_versions_is_refused(
    seasoned: World, tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    other = shutil.copy(seasoned.home / "mlflow.db", tmp_path / "x" / "x.db")
    with pytest.raises(BackupError, match=r"knows 3 registered versions, but .*name the right"):
        back_up(seasoned.paths, tmp_path / "backup", mlflow=f"sqlite:///{other}")
    assert left_in(tmp_path) == {"x", "world"}


def test_files_of_mlflow_are_said_to_be_copied_only_where_there_are_any(
    world: World, paths: StorePaths, tmp_path: Path
) -> None:
    assert world.stores.ledger.models() == []
    with closing(sqlite3.connect(world.home / "mlflow.db")) as connection:
        connection.execute("CREATE TABLE runs (id INTEGER)")
    said: list[str] = []
    back_up(paths, tmp_path / "backup", say=said.append)
    assert "MLflow's files copied" not in said
    assert any(line.startswith("MLflow has no files at") for line in said)


def test_a_former_champion_that_is_lost_hinders_no_backup_and_is_named(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    store = ArtifactStore(str(lake / "artifacts"))
    champion = store.write("churn/2/candidate.predictor", b"the champion")
    lost = champion.model_copy(update={"key": "churn/1/candidate.predictor"})
    named = Named(
        models=frozenset({"churn"}),
        champions={"churn version 2": champion},
        former={"churn version 1": lost, "churn version 2": champion},
        versions=2,
    )
    said = check_lake(named, str(lake), lake)
    assert "former champions: churn version 1 (churn/1/" in said
