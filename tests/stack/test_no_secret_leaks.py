"""Nights whose sources and stores have passwords: none is ever written down or said."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
import sqlalchemy as sa
from database_servers import Postgres, free_port, lacking
from secret_scan import forms, leaks

from lamplighter.cli.main import main
from world import World, day

PASSWORDS = {
    "reader": "Wr+1ght/ & s@ns:Brück€ 42",
    "lamplighter": "Oil?&W1ck=never/2 s@y",
    "ann": "ann's %25 s3cret/registry",
}
"""Of the source, the ledger and the model registry; each is written differently in a URL."""
FORMS = [form for user, secret in PASSWORDS.items() for form in forms(secret, user=user)]

needs_postgres = pytest.mark.skipif(
    "postgresql" in lacking(), reason="no Postgres here; install postgresql to run these tests"
)


@dataclass(frozen=True)
class Place:
    """A world whose visits lie in a database, a ledger with a password, and a log of everything."""

    world: World
    postgres: Postgres
    patch: pytest.MonkeyPatch

    def url(self, user: str, database: str, **changed: str | int) -> str:
        values = {"host": "127.0.0.1", "port": self.postgres.port, "password": PASSWORDS[user]}
        values |= changed
        password = quote(str(values["password"]), safe="")
        where = f"{values['host']}:{values['port']}/{database}"
        return f"postgresql+psycopg://{user}:{password}@{where}"

    def run(self, as_of: datetime) -> int:
        return main(["-v", "run", str(self.world.spec_path), "--as-of", as_of.isoformat()])

    def leaks(self) -> list[str]:
        """Look at all files, and at all rows of the ledger's database."""
        dump = self.world.home / "ledger.json"
        engine = sa.create_engine(self.url("lamplighter", "lamplighter"), poolclass=sa.NullPool)
        with engine.connect() as connection:
            tables = sa.inspect(connection).get_table_names()
            read = (connection.execute(sa.text(f"SELECT * FROM {name}")) for name in tables)
            rows = [[str(value) for value in row] for result in read for row in result]
        dump.write_text(json.dumps(rows, ensure_ascii=False))
        return leaks(self.world.folder, FORMS)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    given = dict.fromkeys(("POSTGRES", "AIRFLOW_DB", "MLFLOW_DB"), "x")
    given["LAMPLIGHTER_DB"] = PASSWORDS["lamplighter"]
    server = Postgres({f"{name}_PASSWORD": value for name, value in given.items()})
    role = PASSWORDS["reader"].replace("'", "''")
    server.ask("-c", f"CREATE ROLE reader LOGIN PASSWORD '{role}'")
    server.ask("-c", "CREATE DATABASE warehouse OWNER reader")
    yield server
    server.remove()


@pytest.fixture
def place(postgres: Postgres, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    place = Place(world, postgres, monkeypatch)
    for name, value in {
        "LAMPLIGHTER_HOME": str(world.home),
        "LAMPLIGHTER_LEDGER": place.url("lamplighter", "lamplighter"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{world.home / 'mlflow.db'}",
        "WAREHOUSE": place.url("reader", "warehouse"),
    }.items():
        monkeypatch.setenv(name, value)
    visits = world.visits.drop(columns=["returned"])
    engine = sa.create_engine(place.url("reader", "warehouse"), poolclass=sa.NullPool)
    visits.to_sql("visits", engine, if_exists="replace", index=False)
    tables = world.document["data"]["tables"]
    tables["visits"]["source"] = {"sql": "WAREHOUSE", "table": "visits"}
    world.write()
    everything = logging.FileHandler(world.home / "everything.log")
    root = logging.getLogger()
    level = root.level
    root.addHandler(everything)
    root.setLevel(logging.DEBUG)
    yield place
    root.setLevel(level)
    root.removeHandler(everything)
    everything.close()


@needs_postgres
def test_a_night_from_a_database_with_a_password_writes_it_nowhere(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    assert place.run(day(50)) == 0
    assert place.world.folder.joinpath("home", "everything.log").stat().st_size > 0
    assert place.leaks() == []
    assert not said_a_secret(capfd)


def wrong_password(place: Place) -> None:
    place.patch.setenv("WAREHOUSE", place.url("reader", "warehouse", password=PASSWORDS["ann"]))


def unreachable_host(place: Place) -> None:
    place.patch.setenv("WAREHOUSE", place.url("reader", "warehouse", port=free_port()))


def unknown_host(place: Place) -> None:
    place.patch.setenv("WAREHOUSE", place.url("reader", "warehouse", host="nowhere.invalid"))


def missing_table(place: Place) -> None:
    place.world.document["data"]["tables"]["visits"]["source"]["table"] = "visitors"
    place.world.write()


def no_url_at_all(place: Place) -> None:
    place.patch.setenv("WAREHOUSE", f"postgresql:/reader:{PASSWORDS['reader']}@127.0.0.1")


def unquoted_url(place: Place) -> None:
    place.patch.setenv("WAREHOUSE", f"postgresql://reader:{PASSWORDS['reader']}@127.0.0.1:1/w")


def unknown_driver(place: Place) -> None:
    url = place.url("reader", "warehouse").replace("postgresql+psycopg", "postgresql+nosuch")
    place.patch.setenv("WAREHOUSE", url)


def connection_of_airflow(place: Place) -> None:
    place.patch.delenv("WAREHOUSE")
    fields = {
        "conn_type": "postgres",
        "login": "reader",
        "password": PASSWORDS["reader"],
        "host": "127.0.0.1",
        "port": free_port(),
        "schema": "warehouse",
    }
    place.patch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(fields))


def broken_connection_of_airflow(place: Place) -> None:
    place.patch.delenv("WAREHOUSE")
    place.patch.setenv("AIRFLOW_CONN_WAREHOUSE", f'{{"password": "{PASSWORDS["reader"]}"')


def registry_that_is_away(place: Place) -> None:
    secret = quote(PASSWORDS["ann"], safe="")
    place.patch.setenv("MLFLOW_TRACKING_URI", f"http://ann:{secret}@127.0.0.1:{free_port()}")


def registry_of_no_kind(place: Place) -> None:
    place.patch.setenv("MLFLOW_TRACKING_URI", f"postgresql://ann:{PASSWORDS['ann']}@127.0.0.1/m")


def ledger_that_is_away(place: Place) -> None:
    url = place.url("lamplighter", "lamplighter", port=free_port())
    place.patch.setenv("LAMPLIGHTER_LEDGER", url)


def ledger_that_refuses(place: Place) -> None:
    url = place.url("lamplighter", "lamplighter", password=PASSWORDS["ann"])
    place.patch.setenv("LAMPLIGHTER_LEDGER", url)


def ledger_of_no_kind(place: Place) -> None:
    secret = quote(PASSWORDS["lamplighter"], safe="")
    place.patch.setenv("LAMPLIGHTER_LEDGER", f"mysql://lamplighter:{secret}@127.0.0.1/ledger")


def ledger_that_is_no_url(place: Place) -> None:
    secret = PASSWORDS["lamplighter"]
    place.patch.setenv("LAMPLIGHTER_LEDGER", f"postgresql:/lamplighter:{secret}@127.0.0.1")


FAILURES = [
    wrong_password, unreachable_host, unknown_host, missing_table, no_url_at_all, unquoted_url,
    unknown_driver, connection_of_airflow, broken_connection_of_airflow, registry_that_is_away,
    registry_of_no_kind, ledger_that_is_away, ledger_that_refuses, ledger_of_no_kind,
    ledger_that_is_no_url,
]  # fmt: skip


@needs_postgres
@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
def test_a_night_that_fails_says_why_without_the_password(
    place: Place, fail: Callable[[Place], None], capfd: pytest.CaptureFixture[str]
) -> None:
    fail(place)
    number = 60 + FAILURES.index(fail)
    assert place.run(day(number)) in (1, 2)
    shown = capfd.readouterr()
    assert "Traceback" not in shown.err
    assert shown.err.strip()
    assert not [form for form in FORMS if form in (shown.out + shown.err).encode()]
    assert place.leaks() == []


def said_a_secret(capfd: pytest.CaptureFixture[str]) -> bool:
    shown = capfd.readouterr()
    return any(form in (shown.out + shown.err).encode() for form in FORMS)


def test_the_scan_finds_a_secret_in_every_disguise(tmp_path: Path) -> None:
    secret, user = PASSWORDS["reader"], "reader"
    basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
    longer = base64.b64encode(f"any {user}:{secret} other".encode()).decode()
    disguises = {
        "plain.log": f"url: {secret}\n",
        "quoted.txt": f"postgresql://reader:{quote(secret, safe='')}@host",
        "escaped.json": json.dumps({"password": secret}),
        "header.log": f"Authorization: Basic {basic}",
        "token.log": longer,
    }
    for name, text in disguises.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(secret.encode()))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", secret)
    pd.DataFrame({"a": [secret]}).to_parquet(tmp_path / "rows.parquet", compression="zstd")
    (tmp_path / "clean.txt").write_text("reader, 127.0.0.1, ***")
    found = leaks(tmp_path, forms(secret, user=user))
    assert set(found) == {*disguises, "packed.gz", "packed.zip", "rows.parquet"}
