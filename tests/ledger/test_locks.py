"""Locks of the whole ledger: each shuts out its own kind, and nobody else."""

from __future__ import annotations

import sqlalchemy as sa

from lamplighter.ledger import Ledger
from lamplighter.ledger.database import Lock


def test_no_two_kinds_of_lock_are_the_same():
    assert len({lock.value for lock in Lock}) == len(Lock.__members__)


def test_a_release_and_a_freeze_need_not_wait_for_upkeep(url, ledger, wish, actor):
    if ledger.name.startswith("postgresql"):
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            name = connection.scalar(sa.text("SELECT current_database()"))
            connection.execute(sa.text(f'ALTER DATABASE "{name}" SET lock_timeout = 2000'))
    with ledger.alone("back up"):
        other = Ledger.open(url)
        assert other.release(wish("first")).version == "first"
        assert other.freeze("flights", reason="a test", actor=actor).kind == "freeze"
