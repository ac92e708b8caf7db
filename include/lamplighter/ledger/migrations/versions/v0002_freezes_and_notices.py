"""Freezes, and what the owners were told."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from lamplighter.ledger.append_only import forbid_changes_too

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables and the triggers. No row of an older ledger is touched."""
    op.create_table(
        "ledger_freezes",
        _row_number(),
        _text("key"),
        _text("model"),
        _text("kind"),
        _text("reason"),
        _text("actor"),
        _text("actor_kind"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_freezes"),
        sa.UniqueConstraint("key", name="uq_ledger_freezes_key"),
        sa.CheckConstraint("kind IN ('freeze', 'unfreeze')", name=op.f("ck_ledger_freezes_kind")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_freezes_model_id", "ledger_freezes", ["model", "id"])
    op.create_table(
        "ledger_notices",
        _row_number(),
        _text("key"),
        _text("model"),
        _text("event"),
        _text("level"),
        _text("message"),
        _text("via"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_notices"),
        sa.UniqueConstraint("key", name="uq_ledger_notices_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_notices_model_id", "ledger_notices", ["model", "id"])
    forbid_changes_too(
        op.get_bind(), updates=("ledger_freezes", "ledger_notices"), deletes=("ledger_freezes",)
    )


def _row_number() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _instant(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
