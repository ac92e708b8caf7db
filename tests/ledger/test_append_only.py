"""What was written stays: the databases themselves refuse to change it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from lamplighter.ledger import tables
from lamplighter.ledger.records import Judged

NEVER_CHANGED = [table.name for table in tables.metadata.sorted_tables]
NEVER_DELETED = [table.name for table in tables.KEPT_FOR_EVER]


@pytest.fixture
def written(ledger, wish, night, day, actor, artifact):
    """A ledger with a row in every table."""
    run = night()
    ledger.put_spec(run.spec_digest, model="flights", document={})
    ledger.start_run(run, run_id="r")
    ledger.open_search("s", model="flights", as_of=day(1), timeline="live", settings={})
    ledger.claim_trial("s", worker=0, limit=1)
    ledger.claim_trial("s", worker=1, limit=1, abandoned_after=timedelta(0))
    ledger.add_trial(
        "s", index=0, worker=0, algorithm="linear", params={}, loss=1, seconds=1, status="ok"
    )
    ledger.finish_search("s", {})
    ledger.record_decision(
        "d", run_key="run", model="flights", timeline="live", kind="approval", verdict="ask",
        reason="", evidence={}, as_of=day(1), actor=actor,
    )  # fmt: skip
    ledger.intend_version(
        "v", model="flights", artifact=artifact, run_key="run", timeline="live", as_of=day(1)
    )
    ledger.record_version("v", version="1", mlflow_run_id="m")
    ledger.release(wish("first"))
    ledger.freeze("flights", reason="stocktaking", actor=actor)
    ledger.record_notice(
        "n", model="flights", event="promotion", level="info", message="better", via="log"
    )
    ledger.report_defect("flights", "1", "late at night", actor=actor)
    ledger.open_incident("flights", kind="alias", about="2", message="", details={}, actor=actor)
    ledger.record_approval(
        "d", decision_key="d", version="1", answer="approve", reason="", actor=actor
    )
    ledger.record_evaluations([judged(day(1))])
    ledger.enter_challenger("flights", "1", timeline="live", as_of=day(1), reason="", actor=actor)
    return ledger


def judged(when):
    return Judged(
        key="e", model="flights", version="1", chosen_by="champion", interval_start=when,
        interval_end=when, knowledge_time=when, hindsight=False, rows=1, labelled_rows=1,
        metrics={}, slices=(), details={},
    )  # fmt: skip


@pytest.fixture
def stranger(url, written):
    """Someone who goes past Lamplighter, straight to the database."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_no_row_can_be_updated(stranger):
    for table in NEVER_CHANGED:
        assert stranger.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1, table
        with pytest.raises(sa.exc.DBAPIError, match="rows of the ledger are never changed"):
            stranger.exec_driver_sql(f"UPDATE {table} SET recorded_at = recorded_at")


def test_no_row_that_an_auditor_needs_can_be_deleted(stranger):
    for table in NEVER_DELETED:
        with pytest.raises(sa.exc.DBAPIError, match="rows of the ledger are never changed"):
            stranger.exec_driver_sql(f"DELETE FROM {table}")
        assert stranger.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1


def test_trials_and_notices_may_be_deleted_once_nobody_needs_them(stranger):
    passing = [
        "ledger_trials",
        "ledger_reclaims",
        "ledger_claims",
        "ledger_search_results",
        "ledger_searches",
    ]
    passing += ["ledger_notices"]
    assert set(passing) | set(NEVER_DELETED) == set(NEVER_CHANGED)
    for table in passing:
        stranger.exec_driver_sql(f"DELETE FROM {table}")


def test_no_table_that_an_auditor_needs_can_be_emptied(stranger):
    if stranger.dialect.name == "sqlite":
        return  # SQLite empties a table by DELETE, which the test above tries
    for table in NEVER_DELETED:
        with pytest.raises(sa.exc.DBAPIError, match="rows of the ledger are never changed"):
            stranger.exec_driver_sql(f"TRUNCATE {table} CASCADE")


def test_a_second_successor_of_one_release_cannot_be_written_by_hand(stranger):
    columns = [c.name for c in tables.releases.columns if c.name not in ("id", "key")]
    quoted = ", ".join(f'"{name}"' for name in columns)
    with pytest.raises(sa.exc.IntegrityError, match="predecessor"):
        stranger.exec_driver_sql(
            f'INSERT INTO ledger_releases ("key", {quoted}) '
            f"SELECT 'forged', {quoted} FROM ledger_releases"
        )
