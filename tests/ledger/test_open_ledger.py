"""Opening a ledger: first use, schemas of another age, and addresses that cannot be one."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from lamplighter.errors import FrozenError, LedgerError, LedgerUnavailableError
from lamplighter.ledger import Ledger, schema, tables
from lamplighter.ledger.database import Database

OPEN = """
def act(url):
    ledger = Ledger.open(url)
    ledger.put_spec("s", model="flights", document={"by": "any"})
    return ledger.spec("s")
"""


def test_opening_twice_finds_what_was_written_before(url):
    Ledger.open(url).put_spec("s", model="flights", document={"a": 1})
    assert Ledger.open(url).spec("s") == {"a": 1}


def test_several_processes_may_be_the_first_to_use_a_ledger(url, race):
    assert race(OPEN, *([url] for _ in range(6))) == [{"by": "any"}] * 6


def test_first_use_waits_for_a_process_that_holds_the_file(tmp_path):
    # SQLite answers at once, without waiting, when a file is to change its journal mode while
    # another process is about to write to it.
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, other.close)
    release.start()
    Ledger.open(f"sqlite:///{tmp_path}/ledger.db").put_spec("s", model="flights", document={})
    release.join()


def test_the_migrations_give_exactly_the_tables_that_the_code_uses(url, ledger):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "version_table": schema.VERSION_TABLE,
            },
        )
        assert compare_metadata(context, tables.metadata) == []
        for table in (tables.releases, tables.freezes):
            checks = sa.inspect(connection).get_check_constraints(table.name)
            wanted = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
            assert {check["name"] for check in checks} == wanted
    engine.dispose()


def test_a_model_opens_with_the_revision_that_the_migrations_end_in():
    assert ScriptDirectory.from_config(schema.alembic_config()).get_heads() == [schema.NEWEST]


def test_the_ledger_may_share_a_database_with_others(url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE runs (id INTEGER)")
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    Ledger.open(url).put_spec("s", model="flights", document={})
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM runs").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("stamp", "message"),
    [
        ("0000", r"has schema 0000, expected 0004; back it up, then upgrade it with 'lam"),
        ("9999", r"has schema 9999, newer than 0004, which this lamplighter knows; use the"),
    ],
)
def test_a_schema_of_another_age_is_refused_with_what_to_do(url, ledger, stamp, message):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{stamp}'")
    engine.dispose()
    with pytest.raises(LedgerError, match=message):
        Ledger.open(url)


def test_an_older_ledger_is_upgraded_when_asked_and_keeps_its_rows(
    url, ledger, wish, tmp_path, monkeypatch
):
    ledger.release(wish("first"))
    newer = tmp_path / "100% newer" / "migrations"
    shutil.copytree(schema.MIGRATIONS, newer)
    (newer / "versions" / "v0005_tomorrow.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        "revision, down_revision = '0005', '0004'\n"
        "def upgrade():\n"
        "    op.create_table('ledger_tomorrow', sa.Column('id', sa.Integer, primary_key=True))\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    monkeypatch.setattr(schema, "NEWEST", "0005")

    with pytest.raises(LedgerError, match="has schema 0004, expected 0005"):
        Ledger.open(url)
    Ledger.upgrade(url)
    Ledger.upgrade(url)
    assert Ledger.open(url).champion("flights").version == "first"


@pytest.fixture
def a_ledger_of_schema_0001(url, wish, monkeypatch):
    """A ledger as the first version wrote it, with a champion in it."""
    database = Database(url)
    if database.is_sqlite:
        database.write_ahead()
    with database.writing() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "NEWEST", "0001")
        patch.setattr("lamplighter.ledger.releases.refuse_if_frozen", lambda *_: None)
        Ledger.open(url).release(wish("first"))


@pytest.mark.usefixtures("a_ledger_of_schema_0001")
def test_a_ledger_of_the_first_schema_is_upgraded_in_place(url, wish, actor):
    with pytest.raises(LedgerError, match="has schema 0001, expected 0004; back it up, then"):
        Ledger.open(url)
    Ledger.upgrade(url)
    ledger = Ledger.open(url)
    first = ledger.champion("flights")
    assert first.version == "first"
    ledger.freeze("flights", reason="stocktaking", actor=actor)
    with pytest.raises(FrozenError, match="stocktaking"):
        ledger.release(wish("second", after=first.id, on=5))
    engine = sa.create_engine(url)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never changed"):
        connection.exec_driver_sql("UPDATE ledger_freezes SET kind = 'unfreeze'")
    engine.dispose()


def test_the_first_version_refuses_a_ledger_of_this_one(url, ledger, monkeypatch):
    monkeypatch.setattr(schema, "NEWEST", "0001")
    with pytest.raises(LedgerError, match="has schema 0004, newer than 0001, which this lampl"):
        Ledger.open(url)


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(
    url, ledger, wish, tmp_path, monkeypatch
):
    ledger.release(wish("first"))
    newer = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, newer)
    (newer / "versions" / "v0005_broken.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        "revision, down_revision = '0005', '0004'\n"
        "def upgrade():\n"
        "    op.create_table('ledger_tomorrow', sa.Column('id', sa.Integer, primary_key=True))\n"
        "    op.execute('SELECT * FROM nowhere')\n"
    )
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", newer)
        patch.setattr(schema, "NEWEST", "0005")
        with pytest.raises((LedgerError, LedgerUnavailableError), match="nowhere"):
            Ledger.upgrade(url)
    engine = sa.create_engine(url)
    assert not sa.inspect(engine).has_table("ledger_tomorrow")
    engine.dispose()
    assert Ledger.open(url).champion("flights").version == "first"


def test_a_sqlite_ledger_lets_readers_and_a_writer_work_at_once(sqlite_ledger, tmp_path):
    connection = sqlite3.connect(tmp_path / "ledger.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.execute("BEGIN")
    assert connection.execute("SELECT count(*) FROM ledger_specs").fetchone() == (0,)
    sqlite_ledger.put_spec("s", model="flights", document={})
    assert connection.execute("SELECT count(*) FROM ledger_specs").fetchone() == (0,)
    connection.close()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(LedgerError, match=rf"has no folder {tmp_path}/none; create it, or name"):
        Ledger.open(f"sqlite:///{tmp_path}/none/ledger.db")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "ledger.db").write_text("decisions,reasons\n" * 100)
    with pytest.raises(LedgerError, match=r"ledger\.db refused: file is not a database"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.mark.parametrize("read_only", ["folder", "file"])
def test_a_place_that_is_read_only_is_named(read_only):
    # Root may write anywhere, so the process that tries is somebody else.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Ledger.open(f"sqlite:///{folder}/ledger.db")
        (folder / "ledger.db").chmod(0o444 if read_only == "file" else 0o666)
        folder.chmod(0o777 if read_only == "file" else 0o555)
        tried = subprocess.run(
            [sys.executable, "-c", OPEN_AS_NOBODY, f"sqlite:///{folder}/ledger.db"],
            capture_output=True,
            text=True,
        )
        folder.chmod(0o777)
        place = folder if read_only == "folder" else folder / "ledger.db"
    assert tried.stdout == (
        f"the ledger sqlite:///{folder}/ledger.db cannot be written, since {place} is read-only "
        "for this user; give the right to write, or name another file\n"
    )


OPEN_AS_NOBODY = f"""
import os, sys
from lamplighter.errors import LedgerError
from lamplighter.ledger import Ledger
if os.getuid() == 0:
    Ledger.open(sys.argv[1])  # loads what nobody may not read
    os.setuid({pwd.getpwnam("nobody").pw_uid})
try:
    Ledger.open(sys.argv[1])
except LedgerError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ledger.db", "not a database URL; expected for example sqlite:///var/ledger.db"),
        ("mysql://host/name", "is of the kind mysql; expected sqlite or postgresql"),
        ("sqlite://", "would be gone with its process; name a file"),
        ("sqlite:///:memory:", "would be gone with its process; name a file"),
        ("sqlite+aiosqlite:///ledger.db", "names the asynchronous driver aiosqlite; use"),
        ("postgresql+pg8000://host/name", "needs the driver pg8000, which is not installed"),
    ],
)
def test_an_address_that_cannot_be_a_ledger_is_explained(address, message):
    with pytest.raises(LedgerError, match=message):
        Ledger.open(address)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://ada:hunter2@127.0.0.1:1/ledger",
        "postgresql://ada:hunter2@127.0.0.1:1/ledger",
        "postgresql+psycopg://ada@127.0.0.1:1/ledger?password=hunter2",
    ],
)
def test_a_database_that_does_not_answer_may_be_tried_again_and_keeps_its_password(address):
    with pytest.raises(
        LedgerUnavailableError, match=r"did not answer: .*; check that it"
    ) as caught:
        Ledger.open(address)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1:1/ledger" in str(caught.value)


def test_a_ledger_that_stays_locked_is_unavailable_and_not_broken(
    sqlite_ledger, tmp_path, monkeypatch
):
    monkeypatch.setattr("lamplighter.ledger.database.BUSY_TIMEOUT_S", 0.2)
    impatient = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailableError, match="did not answer: database is locked"):
        impatient.put_spec("s", model="flights", document={})
    other.close()
    impatient.put_spec("s", model="flights", document={})


def test_a_ledger_works_on_after_a_fork(url, ledger, wish):
    ledger.release(wish("first"))
    child = os.fork()
    if child == 0:
        head = ledger.champion("flights")
        ledger.release(wish("second", after=head.id, on=5))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [row.version for row in ledger.releases("flights")] == ["first", "second"]


def test_opening_a_ledger_that_exists_loads_no_migration_tool(url, ledger):
    probe = (
        "import sys; from lamplighter.ledger import Ledger; Ledger.open(sys.argv[1]);"
        "print(sorted({'alembic', 'mako', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, url], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
