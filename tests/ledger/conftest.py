"""Ledgers on real databases, and real processes that race for them."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from lamplighter.contracts import Actor, ArtifactRef, RunRef
from lamplighter.ledger import Ledger, ReleaseRequest

A_RACE = """
import json, multiprocessing, os, sys
from datetime import UTC, datetime, timedelta
import alembic.command
import sqlalchemy.dialects.postgresql.psycopg
from lamplighter.contracts import Actor, ArtifactRef, RunRef
from lamplighter.errors import LamplighterError
from lamplighter.ledger import Ledger, ReleaseRequest
{code}
each = json.loads(sys.argv[1])
fork = multiprocessing.get_context("fork")
start = fork.Barrier(len(each))
def run(*arguments):
    start.wait(60)  # each process takes one, since none gets past here alone
    return act(*arguments)
with fork.Pool(len(each)) as pool:
    print(json.dumps(pool.starmap(run, each, chunksize=1)))
"""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A Postgres of our own on a Unix socket; gives the URL of its database `postgres`."""
    pytest.importorskip("psycopg", reason="no driver of Postgres here; install psycopg[binary]")
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip("no Postgres server here; install the package postgresql to run this test")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    owner = _someone_else_than_root()
    os.chown(folder, pwd.getpwnam(owner).pw_uid, -1)
    as_owner = {"user": owner} if os.getuid() == 0 else {}
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"],
        check=True, capture_output=True, cwd=folder, **as_owner,
    )  # fmt: skip
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=50"
    start = [binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", settings, "start"]
    subprocess.run(start, check=True, capture_output=True, cwd=folder, **as_owner)
    yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    stop = [binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
    subprocess.run(stop, check=True, capture_output=True, cwd=folder, **as_owner)
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    server = sa.make_url(request.getfixturevalue("postgres_server"))
    name = f"ledger_{uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger.open(url)


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def race() -> Callable[..., list[Any]]:
    """Let processes run `act(*arguments)` of the given code, all from the same moment on."""

    def run(code: str, *each: list[Any]) -> list[Any]:
        done = subprocess.run(
            [sys.executable, "-c", A_RACE.format(code=code), json.dumps(each)],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        results: list[Any] = json.loads(done.stdout)
        return results

    return run


@pytest.fixture
def day() -> Callable[[float], datetime]:
    """Days of July 2013, counted from its first."""
    return lambda number: datetime(2013, 7, 1, tzinfo=UTC) + timedelta(days=number - 1)


@pytest.fixture
def actor() -> Actor:
    return Actor(name="ada", kind="os_user")


@pytest.fixture
def artifact() -> ArtifactRef:
    return ArtifactRef(key="candidate/1", digest="d" * 64, size_bytes=10)


@pytest.fixture
def wish(
    day: Callable[[float], datetime], actor: Actor, artifact: ArtifactRef
) -> Callable[..., ReleaseRequest]:
    """Requests to release; what is not said is the same in all of them."""

    def build(key: str, *, after: int = 0, on: float = 1, **others: Any) -> ReleaseRequest:
        values: dict[str, Any] = {
            "model": "flights",
            "version": key,
            "artifact": artifact,
            "actor": actor,
            "reason": "better by .01",
            "as_of": day(on),
            "valid_from": day(on),
        }
        return ReleaseRequest(key=key, predecessor=after, **{**values, **others})

    return build


@pytest.fixture
def night(day: Callable[[float], datetime], actor: Actor) -> Callable[..., RunRef]:
    """Runs; what is not said is the same in all of them."""

    def build(key: str = "run", *, on: float = 1, **others: Any) -> RunRef:
        values: dict[str, Any] = {
            "model": "flights",
            "spec_digest": "5" * 16,
            "as_of": day(on),
            "knowledge_time": day(on),
            "timeline": "live",
            "force_retrain": False,
            "gate_mode": "enforce",
            "budget_s": None,
            "trials": 10,
            "dry_run": False,
            "reason": "",
            "actor": actor,
        }
        return RunRef(run_key=key, **{**values, **others})

    return build


def _postgres_binaries() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _someone_else_than_root() -> str:
    """Postgres refuses to run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    known = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
