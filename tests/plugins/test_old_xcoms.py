"""XComs are deleted only where this machine's own configuration names Airflow's database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lamplighter.contracts import Actor
from lamplighter.steps.upkeep.round import Round
from lamplighter_airflow.old_xcoms import delete_old_xcoms, has_database
from world import World


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ("", False),
        ("[core]\nx = 1\n", False),
        ("[database]\n# sql_alchemy_conn = sqlite:////somewhere.db\n", False),
        ("[database]\nsql_alchemy_conn = sqlite:///{home}/gone.db\n", False),
        ("[database]\nsql_alchemy_conn = sqlite:///{home}/airflow.db?timeout=60\n", True),
        ("[database]\nsql_alchemy_conn = postgresql+psycopg2://u:50%%25@db/airflow\n", True),
    ],
)
def test_a_database_counts_if_the_configuration_names_it_and_a_file_is_there(
    home: Path, config: str, found: bool
) -> None:
    sqlite3.connect(home / "airflow.db").close()
    (home / "airflow.cfg").write_text(config.replace("{home}", str(home)))
    assert has_database() is found


def test_without_a_database_the_duty_says_which_command_to_run_elsewhere(
    home: Path, world: World
) -> None:
    scheduler = Actor(name="scheduler", kind="airflow")
    report = delete_old_xcoms(Round(stores=world.stores, actor=scheduler))
    assert report.done == ()
    assert "airflow db clean --tables xcom --dag-ids" in report.found[0]
