"""What the registry answers about versions and aliases, and what it says when it cannot."""

from __future__ import annotations

import hashlib
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mlflow import MlflowClient

from lamplighter.errors import RegistryError, RegistryUnavailableError, UsageError
from lamplighter.registry.mlflow_registry import Registry

MODEL = "flights"
Arguments = Callable[..., dict[str, Any]]


@pytest.fixture
def stored(registry: Registry, judged: Path, registration: Arguments) -> Registry:
    registry.register(**registration("night-1", judged))
    return registry


def test_an_alias_names_the_version_it_was_set_to_last(
    stored: Registry, judged: Path, registration: Arguments
):
    assert stored.alias(MODEL, "champion") is None
    stored.set_alias(MODEL, "champion", "1")
    stored.register(**registration("night-2", judged))
    stored.set_alias(MODEL, "champion", "2")
    assert stored.alias(MODEL, "champion") == "2"


def test_a_model_that_was_never_registered_has_no_alias_and_no_version(registry: Registry):
    assert registry.alias("unknown", "champion") is None
    assert registry.versions("unknown") == []


def test_an_alias_cannot_name_a_version_that_is_not_there(stored: Registry):
    with pytest.raises(RegistryError, match="version 9 of flights is not in the model registry"):
        stored.set_alias(MODEL, "champion", "9")


def test_a_version_says_its_key_digest_run_and_tags(stored: Registry, judged: Path):
    version = stored.version(MODEL, "1")
    assert version.key == "night-1"
    assert version.digest == hashlib.sha256(judged.read_bytes()).hexdigest()
    assert version.tags["lamplighter.as_of"] == "2013-07-01T00:00:00+00:00"
    assert version.created_at.tzinfo is not None
    assert stored.versions(MODEL) == [version]


def test_a_deleted_version_is_said_to_be_deleted(stored: Registry):
    stored.discard_version(MODEL, "1")
    stored.discard_version(MODEL, "1")
    with pytest.raises(RegistryError, match=r"version 1 of flights is not in .*deleted there"):
        stored.model_digest(MODEL, "1")


def test_the_judged_bytes_come_back(stored: Registry, judged: Path):
    assert stored.read_model(MODEL, "1") == judged.read_bytes()


def test_a_file_changed_after_it_was_judged_is_not_loaded(stored: Registry, tmp_path: Path):
    (held,) = tmp_path.rglob("predictor.bin")
    held.write_bytes(b"something else")
    with pytest.raises(RegistryError, match=r"changed after it was judged, so it is not loaded"):
        stored.read_model(MODEL, "1")


def test_a_version_without_a_digest_is_not_loaded(stored: Registry, address: str):
    client = MlflowClient(address, address)
    client.delete_model_version_tag(MODEL, "1", "lamplighter.artifact_digest")
    with pytest.raises(RegistryError, match=r"has no tag lamplighter\.artifact_digest"):
        stored.read_model(MODEL, "1")


def test_the_digest_of_the_ledger_counts_more_than_the_tag(stored: Registry):
    with pytest.raises(RegistryError, match="expected 000000000000"):
        stored.read_model(MODEL, "1", digest="0" * 64)


def test_a_deleted_file_is_an_error_that_names_the_registry(stored: Registry, tmp_path: Path):
    (held,) = tmp_path.rglob("predictor.bin")
    held.unlink()
    with pytest.raises(RegistryError, match="holds no file for version 1 of flights"):
        stored.model_digest(MODEL, "1")


@pytest.mark.parametrize("question", ["ping", "register", "alias"])
def test_a_server_that_is_down_is_said_to_be_down_within_seconds(
    question: str, judged: Path, registration: Arguments
):
    registry = Registry(f"http://ann:secret@127.0.0.1:{_free_port()}")
    ask: dict[str, Callable[[], object]] = {
        "ping": registry.ping,
        "register": lambda: registry.register(**registration("night-1", judged)),
        "alias": lambda: registry.alias(MODEL, "champion"),
    }
    begin = time.monotonic()
    with pytest.raises(RegistryUnavailableError, match="start the MLflow server") as caught:
        ask[question]()
    assert time.monotonic() - begin < 20
    assert "secret" not in f"{caught.value} {registry!r} {registry.address}"


def test_a_server_that_never_answers_is_given_up(judged: Path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        registry = Registry(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(RegistryUnavailableError, match=r"does not answer .*timed out"):
            registry.ping(timeout_s=0.5)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path):
    (tmp_path / "mlflow.db").write_text("not a database, but long enough to be looked at " * 50)
    with pytest.raises(RegistryUnavailableError, match="file is not a database"):
        Registry(f"sqlite:///{tmp_path / 'mlflow.db'}").ping()


def test_a_locked_database_is_a_registry_that_does_not_answer(address: str, tmp_path: Path):
    with sqlite3.connect(tmp_path / "mlflow.db") as other:
        other.execute("begin exclusive")
        with pytest.raises(RegistryUnavailableError, match="database is locked"):
            Registry(address).ping(timeout_s=0.2)


@pytest.mark.parametrize("address", ["./mlruns", "databricks", "postgresql://u:secret@h/db"])
def test_an_address_of_another_kind_is_refused(address: str):
    with pytest.raises(UsageError, match="expected sqlite or http") as caught:
        Registry(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("password", ["sec/ret", "sec@ret", "sec ret", "sec#ret", "sec?ret"])
def test_a_password_that_is_not_quoted_is_refused_and_not_shown(password: str):
    with pytest.raises(UsageError, match="not quoted for a URL") as caught:
        Registry(f"http://ann:{password}@host:5000")
    assert "sec" not in str(caught.value)
    quoted = quote(password, safe="")
    assert Registry(f"http://ann:{quoted}@host:5000").address == "http://host:5000"


def test_files_behind_a_server_cannot_be_reached_through_its_database(
    registry: Registry, address: str, judged: Path, registration: Arguments
):
    client = MlflowClient(address, address)
    client.create_experiment(MODEL, artifact_location="mlflow-artifacts:/1")
    client.create_registered_model(MODEL)
    client.create_model_version(MODEL, source="mlflow-artifacts:/1/models/m-1/artifacts")
    for act in (
        lambda: registry.register(**registration("night-1", judged)),
        lambda: registry.model_digest(MODEL, "1"),
    ):
        with pytest.raises(RegistryError, match="set MLFLOW_TRACKING_URI to the server's"):
            act()


def test_an_experiment_that_was_deleted_is_restored(
    stored: Registry, address: str, judged: Path, registration: Arguments
):
    client = MlflowClient(address, address)
    client.delete_experiment(client.get_experiment_by_name(MODEL).experiment_id)
    assert stored.register(**registration("night-2", judged)).version == "2"


def test_a_run_has_an_address_only_where_there_is_a_server(stored: Registry):
    assert stored.run_url(stored.version(MODEL, "1").run_id) == ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
