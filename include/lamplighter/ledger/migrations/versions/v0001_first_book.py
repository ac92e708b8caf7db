"""The first book: specs, runs, searches, decisions, versions and releases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from lamplighter.ledger.append_only import forbid_changes

revision = "0001"
down_revision = None

KEPT_FOR_EVER = (
    "ledger_specs",
    "ledger_runs",
    "ledger_decisions",
    "ledger_version_intents",
    "ledger_versions",
    "ledger_releases",
)
KEPT_WHILE_NEEDED = (
    "ledger_searches",
    "ledger_claims",
    "ledger_trials",
    "ledger_search_results",
)


def upgrade() -> None:
    """Create the tables and the triggers."""
    _runs()
    _searches()
    _decisions()
    _versions()
    _releases()
    forbid_changes(op.get_bind(), updates=KEPT_FOR_EVER + KEPT_WHILE_NEEDED, deletes=KEPT_FOR_EVER)


def _runs() -> None:
    op.create_table(
        "ledger_specs",
        _text("digest"),
        _text("model"),
        _json("document"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_ledger_specs"),
    )
    op.create_table(
        "ledger_runs",
        _row_number(),
        _text("run_id"),
        _text("run_key"),
        _text("model"),
        _text("spec_digest"),
        _text("timeline"),
        _instant("as_of"),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        _json("run"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_runs"),
        sa.UniqueConstraint("run_id", name="uq_ledger_runs_run_id"),
        sa.ForeignKeyConstraint(
            ["spec_digest"], ["ledger_specs.digest"], name="fk_ledger_runs_spec_digest"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_runs_model_id", "ledger_runs", ["model", "id"])
    op.create_index("ix_ledger_runs_run_key", "ledger_runs", ["run_key"])


def _searches() -> None:
    op.create_table(
        "ledger_searches",
        _text("key"),
        _text("model"),
        _text("timeline"),
        _instant("as_of"),
        _json("settings"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("key", name="pk_ledger_searches"),
    )
    op.create_table(
        "ledger_claims",
        _text("search_key"),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("worker", sa.Integer, nullable=False),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("search_key", "index", name="pk_ledger_claims"),
        sa.ForeignKeyConstraint(
            ["search_key"], ["ledger_searches.key"], name="fk_ledger_claims_search_key"
        ),
    )
    op.create_table(
        "ledger_trials",
        _text("search_key"),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("worker", sa.Integer, nullable=False),
        _text("algorithm"),
        _json("params"),
        sa.Column("loss", sa.Float),
        sa.Column("seconds", sa.Float, nullable=False),
        _text("status"),
        _text("error"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("search_key", "index", name="pk_ledger_trials"),
        sa.ForeignKeyConstraint(
            ["search_key", "index"],
            ["ledger_claims.search_key", "ledger_claims.index"],
            name="fk_ledger_trials_search_key_index",
        ),
    )
    op.create_table(
        "ledger_search_results",
        _text("search_key"),
        _json("result"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("search_key", name="pk_ledger_search_results"),
        sa.ForeignKeyConstraint(
            ["search_key"], ["ledger_searches.key"], name="fk_ledger_search_results_search_key"
        ),
    )


def _decisions() -> None:
    op.create_table(
        "ledger_decisions",
        _row_number(),
        _text("key"),
        _text("run_key"),
        _text("model"),
        _text("timeline"),
        _text("kind"),
        _text("verdict"),
        _text("reason"),
        _json("evidence"),
        _instant("as_of"),
        sa.Column("champion_version", sa.Text),
        sa.Column("candidate_version", sa.Text),
        _text("actor"),
        _text("actor_kind"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_decisions"),
        sa.UniqueConstraint("key", name="uq_ledger_decisions_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_decisions_model_id", "ledger_decisions", ["model", "id"])
    op.create_index("ix_ledger_decisions_run_key", "ledger_decisions", ["run_key"])


def _versions() -> None:
    op.create_table(
        "ledger_version_intents",
        _text("key"),
        _text("model"),
        _text("run_key"),
        _text("timeline"),
        _instant("as_of"),
        _json("artifact"),
        _json("details"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("key", name="pk_ledger_version_intents"),
    )
    op.create_table(
        "ledger_versions",
        _text("key"),
        _text("model"),
        _text("version"),
        _text("mlflow_run_id"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("key", name="pk_ledger_versions"),
        sa.UniqueConstraint("model", "version", name="uq_ledger_versions_model_version"),
        sa.ForeignKeyConstraint(
            ["key"], ["ledger_version_intents.key"], name="fk_ledger_versions_key"
        ),
    )


def _releases() -> None:
    op.create_table(
        "ledger_releases",
        _row_number(),
        _text("key"),
        _text("model"),
        _text("timeline"),
        sa.Column("predecessor", sa.BigInteger, nullable=False),
        _text("kind"),
        _text("version"),
        _json("artifact"),
        _instant("as_of"),
        _instant("valid_from"),
        _text("actor"),
        _text("actor_kind"),
        _text("reason"),
        sa.Column("decision_key", sa.Text),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_releases"),
        sa.UniqueConstraint("key", name="uq_ledger_releases_key"),
        sa.UniqueConstraint(
            "model", "timeline", "predecessor", name="uq_ledger_releases_model_timeline_predecessor"
        ),
        sa.ForeignKeyConstraint(
            ["decision_key"], ["ledger_decisions.key"], name="fk_ledger_releases_decision_key"
        ),
        sa.CheckConstraint("predecessor >= 0", name=op.f("ck_ledger_releases_predecessor")),
        sa.CheckConstraint(
            "timeline = 'live' OR timeline LIKE 'simulated:%'",
            name=op.f("ck_ledger_releases_timeline"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_ledger_releases_model_timeline_valid_from",
        "ledger_releases",
        ["model", "timeline", "valid_from"],
    )


def _row_number() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)
