"""The book's newer pages: challengers, evaluations, defects, incidents and approvals."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from lamplighter.ledger.append_only import forbid_changes_too

revision = "0004"
down_revision = "0003"

_TABLES = (
    "ledger_challenges",
    "ledger_evaluations",
    "ledger_defects",
    "ledger_incidents",
    "ledger_approvals",
)


def upgrade() -> None:
    """Create the tables. Their rows are never changed nor deleted."""
    _create(
        "ledger_challenges",
        _text("model"),
        _text("timeline"),
        _text("act"),
        _text("version"),
        _instant("as_of"),
        _text("reason"),
        _json("details"),
        *_actor(),
        sa.CheckConstraint("act IN ('enter', 'leave')", name=op.f("ck_ledger_challenges_act")),
    )
    op.create_index(
        "ix_ledger_challenges_model_timeline_id", "ledger_challenges", ["model", "timeline", "id"]
    )
    _create(
        "ledger_evaluations",
        _text("model"),
        _text("version"),
        _text("chosen_by"),
        _instant("interval_start"),
        _instant("interval_end"),
        _instant("knowledge_time"),
        sa.Column("hindsight", sa.Boolean, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("labelled_rows", sa.Integer, nullable=False),
        _json("metrics"),
        _json("slices"),
        _json("details"),
        _instant("recorded_at"),
    )
    op.create_index(
        "ix_ledger_evaluations_model_interval_start",
        "ledger_evaluations",
        ["model", "interval_start"],
    )
    _create(
        "ledger_defects",
        _text("defect"),
        _text("model"),
        _text("version"),
        _text("act"),
        _text("description"),
        *_actor(),
        sa.CheckConstraint("act IN ('found', 'mended')", name=op.f("ck_ledger_defects_act")),
    )
    op.create_index("ix_ledger_defects_model_version", "ledger_defects", ["model", "version"])
    _create(
        "ledger_incidents",
        _text("incident"),
        _text("model"),
        _text("act"),
        _text("kind"),
        _text("message"),
        _json("details"),
        *_actor(),
        sa.CheckConstraint("act IN ('open', 'close')", name=op.f("ck_ledger_incidents_act")),
    )
    op.create_index("ix_ledger_incidents_model_id", "ledger_incidents", ["model", "id"])
    _create(
        "ledger_approvals",
        _text("model"),
        _text("timeline"),
        _text("version"),
        _text("decision_key"),
        _text("answer"),
        _text("reason"),
        _instant("as_of"),
        _instant("asked_at"),
        _instant("answered_at"),
        *_actor(),
        sa.ForeignKeyConstraint(
            ["decision_key"],
            ["ledger_decisions.key"],
            name="fk_ledger_approvals_decision_key_ledger_decisions",
        ),
        sa.CheckConstraint(
            "answer IN ('approve', 'reject', 'expired')", name=op.f("ck_ledger_approvals_answer")
        ),
    )
    op.create_index("ix_ledger_approvals_model_id", "ledger_approvals", ["model", "id"])
    forbid_changes_too(op.get_bind(), updates=_TABLES, deletes=_TABLES)


def _create(table: str, *columns: Any) -> None:
    number = sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False)
    op.create_table(
        table,
        number,
        _text("key"),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("key", name=f"uq_{table}_key"),
        sqlite_autoincrement=True,
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _actor() -> tuple[sa.Column[Any], ...]:
    return _text("actor"), _text("actor_kind"), _instant("recorded_at")
