"""Copies of the ledger, on SQLite and on Postgres: every row, and still nothing can be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from lamplighter.contracts import Actor, ArtifactRef
from lamplighter.errors import LedgerError, LedgerUnavailableError, UsageError
from lamplighter.ledger import Ledger, ReleaseRequest
from lamplighter.ledger.copying import copy_ledger, ledger_alone, restore_ledger

Wish = Callable[..., ReleaseRequest]


@pytest.fixture
def elsewhere(url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of the same kind, which the restored ledger gets."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        yield f"sqlite:///{tmp_path}/copy/ledger.db"
        return
    name = f"restored_{uuid4().hex}"
    engine = sa.create_engine(parsed, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield parsed.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def restored(url: str, elsewhere: str, folder: Path) -> Ledger:
    folder.mkdir(exist_ok=True)
    copy = copy_ledger(url, folder)
    if copy.suffix == ".dump":
        restore_ledger(copy, elsewhere)
    return Ledger.open(elsewhere)


def test_a_restored_ledger_holds_every_row_and_goes_on_from_there(
    url: str, elsewhere: str, ledger: Ledger, wish: Wish, tmp_path: Path
) -> None:
    first = ledger.release(wish("1"))
    second = ledger.release(wish("2", after=first.id, on=2))
    copy = restored(url, elsewhere, tmp_path / "copy")
    assert copy.releases("flights") == ledger.releases("flights")
    assert copy.release(wish("3", after=second.id, on=3)).id == 3
    assert len(ledger.releases("flights")) == 2


def test_a_restored_ledger_still_refuses_to_be_changed(
    url: str, elsewhere: str, ledger: Ledger, wish: Wish, tmp_path: Path
) -> None:
    ledger.release(wish("1"))
    restored(url, elsewhere, tmp_path / "copy")
    engine = sa.create_engine(elsewhere, poolclass=sa.NullPool)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never changed"):
        connection.exec_driver_sql("UPDATE ledger_releases SET reason = 'forged'")


def test_a_database_that_holds_a_ledger_is_not_written_over(
    url: str, ledger: Ledger, tmp_path: Path
) -> None:
    if url.startswith("sqlite"):
        pytest.skip("a ledger of SQLite is a file of the home, which is refused as a whole")
    copy = copy_ledger(url, tmp_path)
    with pytest.raises(UsageError, match="holds a ledger already; name an empty one"):
        restore_ledger(copy, url)


def test_two_do_not_delete_or_copy_at_the_same_time(url: str, ledger: Ledger) -> None:
    with ledger_alone(url, "back up"):
        with (
            pytest.raises(LedgerUnavailableError, match="cannot tidy: a backup or another upkeep"),
            ledger.alone("tidy"),
        ):
            pass
        ledger.data_clock  # noqa: B018 (reading goes on)
    with ledger.alone("tidy"):
        pass


def test_what_a_search_came_to_outlives_its_trials(
    ledger: Ledger, day: Callable[[float], object]
) -> None:
    for key in ("finished", "never ended"):
        ledger.open_search(key, model="m", as_of=day(1), timeline="live", settings={})
        ledger.claim_trial(key, worker=0, limit=None)
        ledger.add_trial(
            key, index=0, worker=0, algorithm="linear", params={}, loss=1.0, seconds=1, status="ok"
        )
    ledger.finish_search("finished", {"best": 1})
    assert [ledger.forget_trials(key) for key in ("finished", "never ended")] == [1, 1]
    assert ledger.finished_search("finished") == {"best": 1}
    assert ledger.trials("finished") == []
    with pytest.raises(LedgerError, match="holds no search never ended"):
        ledger.claim_trial("never ended", worker=0, limit=None)


def test_there_is_nothing_to_copy_where_no_ledger_is(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger at"):
        copy_ledger(f"sqlite:///{tmp_path}/none.db", tmp_path)


def test_a_ledger_of_postgres_wants_a_database_of_postgres(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name an empty database for it with --ledger postgresql"):
        restore_ledger(tmp_path / "ledger.dump", f"sqlite:///{tmp_path}/ledger.db")


def test_the_champions_of_every_timeline_are_named(ledger: Ledger, wish: Wish) -> None:
    artifact = ArtifactRef(key="candidate/2", digest="e" * 64, size_bytes=1)
    ledger.release(wish("1"))
    ledger.release(
        wish("2", after=0, timeline="simulated:x", artifact=artifact, actor=Actor(
            name="ada", kind="os_user"
        ))
    )  # fmt: skip
    assert {c.artifact.digest[0] for c in ledger.releases_anywhere("flights")} == {"d", "e"}
