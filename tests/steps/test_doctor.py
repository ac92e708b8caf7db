"""The doctor: what is wrong is found and said with its remedy, and what is right is not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lamplighter.steps.doctor.airflow import AirflowAnswers, AirflowQuestion, examine_airflow
from lamplighter.steps.doctor.connections import examine_connections
from lamplighter.steps.doctor.disk import Growth, examine_disk, growth
from lamplighter.steps.doctor.finding import Finding
from lamplighter.steps.doctor.nights import examine_nights
from lamplighter.steps.doctor.specs import Specs, examine_specs, read_specs
from lamplighter.steps.doctor.visit import visit
from world import World, day

NOT_ASKED = AirflowAnswers("AIRFLOW_HOME is not set")


@pytest.fixture(autouse=True)
def no_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_HOME", raising=False)


def with_spec(world: World, **changes: Any) -> Specs:
    world.document |= changes
    world.write()
    return read_specs(world.folder)


def wrong(findings: Iterable[Finding]) -> list[str]:
    return [finding.message for finding in findings if finding.level == "wrong"]


def notes(findings: Iterable[Finding]) -> list[str]:
    return [finding.message for finding in findings if finding.level == "note"]


def test_a_sound_world_has_nothing_wrong(seasoned: World) -> None:
    findings = visit(seasoned.stores, seasoned.paths, specs=None)
    assert wrong(findings) == []
    assert {f.check for f in findings} >= {
        "ledger", "registry", "champion", "alias", "specs", "disk", "airflow"
    }  # fmt: skip


def test_a_spec_that_does_not_load_is_wrong_and_the_others_are_read(world: World) -> None:
    (world.folder / "broken.yaml").write_text("model: [")
    (world.folder / "twice.yaml").write_text(world.spec_path.read_text())
    specs = read_specs(world.folder)
    assert list(specs.sound) == ["returns"]
    messages = wrong(examine_specs(specs, world.stores.ledger))
    assert len(messages) == 2
    assert "broken.yaml is not a valid spec" in messages[0]
    assert "declares the model 'returns', as another file does already" in messages[1]


def test_a_model_without_a_spec_and_a_spec_without_a_night_are_notes(seasoned: World) -> None:
    path = seasoned.folder / "returns.yaml"
    path.write_text(path.read_text().replace("model: returns", "model: renamed"))
    findings = list(examine_specs(read_specs(seasoned.folder), seasoned.stores.ledger))
    assert wrong(findings) == []
    assert [finding.model for finding in findings if finding.level == "note"] == [
        "returns",
        "renamed",
    ]


def test_a_night_that_never_began_is_wrong(seasoned: World) -> None:
    specs = read_specs(seasoned.folder)  # daily at 3:00; the newest night is as of day 52
    said = wrong(examine_nights(specs, seasoned.stores.ledger, now=day(53, 12)))
    assert "due at 2024-02-23 03:00 UTC never began" in said[0]
    assert wrong(examine_nights(specs, seasoned.stores.ledger, now=day(52, 8))) == []


@pytest.fixture
def database(tmp_path: Path) -> str:
    sqlite3.connect(tmp_path / "shop.db").close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def from_sql(world: World, name: str) -> Specs:
    data = world.document["data"]
    data["tables"]["visits"]["source"] = {"sql": name, "table": "visits"}
    return with_spec(world, data=data)


def test_a_connection_that_answers_is_right(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", database)
    (finding,) = examine_connections(from_sql(world, "SHOP"), NOT_ASKED)
    assert (finding.level, finding.model) == ("ok", "returns")


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://ann:hush@127.0.0.1:9/shop", "sqlite:////nowhere/shop.db"]
)
def test_a_database_that_does_not_answer_is_wrong_and_its_password_is_not_said(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SHOP", url)
    (message,) = wrong(examine_connections(from_sql(world, "SHOP"), NOT_ASKED))
    assert "hush" not in message
    assert "does not answer" in message or "no database file" in message


def test_a_connection_that_only_airflow_may_have_is_a_note_until_airflow_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP", raising=False)
    specs = from_sql(world, "SHOP")
    assert "was not asked" in notes(examine_connections(specs, NOT_ASKED))[0]
    without = AirflowAnswers(pools=frozenset(), connections={})
    assert "or add an Airflow connection" in wrong(examine_connections(specs, without))[0]
    dead = AirflowAnswers(pools=frozenset(), connections={"SHOP": "postgresql://h/ is away"})
    assert wrong(examine_connections(specs, dead)) == ["postgresql://h/ is away"]
    alive = AirflowAnswers(pools=frozenset(), connections={"SHOP": ""})
    assert wrong(examine_connections(specs, alive)) == []


def test_a_variable_that_a_path_names_has_to_be_set(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LANDING", raising=False)
    data = world.document["data"]
    data["tables"]["visits"]["source"] = {"parquet": "${LANDING}/visits.parquet"}
    specs = with_spec(world, data=data)
    assert "variable LANDING, which is not set" in wrong(examine_connections(specs, NOT_ASKED))[0]
    monkeypatch.setenv("LANDING", "/data")
    assert list(examine_connections(specs, NOT_ASKED)) == []


def test_what_only_airflow_knows_is_found(world: World) -> None:
    specs = with_spec(
        world,
        schedule={"cron": "0 3 * * *", "pool": "night", "steps": {"tune_model": {"pool": "gpu"}}},
        owner={"team": "shop", "notify": [{"via": "webhook", "connection": "pager"}]},
    )
    airflow = AirflowAnswers(
        pools=frozenset({"default_pool", "night"}),
        connections={},
        import_errors={"dags/ours.py": "NameError: x"},
        paused=frozenset({"returns__train"}),
    )
    findings = list(examine_airflow(specs, airflow))
    assert wrong(findings) == [
        "dags/ours.py does not load: NameError: x",
        "pool 'gpu' of schedule.steps.tune_model is not in Airflow, so its tasks would never "
        "start; add it with 'airflow pools set gpu SLOTS DESCRIPTION'",
    ]
    assert notes(findings) == ["returns__train is paused: the scheduler starts no nights"]
    assert "connection 'pager' of owner.notify" in wrong(examine_connections(specs, airflow))[0]


def test_without_an_airflow_the_doctor_says_what_it_did_not_look_at(world: World) -> None:
    answers = AirflowQuestion([], []).answers()
    assert answers.pools is None
    (note,) = notes(examine_airflow(read_specs(world.folder), answers))
    assert note.endswith("not looked at: AIRFLOW_HOME is not set")


def test_disk_counts_what_the_last_week_wrote(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for name, days in (("old", 8), ("new", 1)):
        (tmp_path / name).write_bytes(b"x" * 700)
        then = (now - timedelta(days=days)).timestamp()
        os.utime(tmp_path / name, (then, then))
    found = growth([tmp_path], now=now)
    assert found.written_bytes == 700
    assert Growth(700, 7, free_bytes=1_000).days_left == 10
    assert Growth(0, 7, free_bytes=1_000).days_left == float("inf")


def test_a_disk_that_is_nearly_full_is_wrong(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.home / "lake").mkdir()
    (world.home / "lake" / "rows").write_bytes(b"x" * 7_000)
    usage = type("Usage", (), {"free": 3_000})
    monkeypatch.setattr("lamplighter.steps.doctor.disk.shutil.disk_usage", lambda _: usage)
    (message,) = wrong(examine_disk(world.paths, now=datetime.now(UTC)))
    assert "full in" in message
    assert "lamplighter maintain" in message
