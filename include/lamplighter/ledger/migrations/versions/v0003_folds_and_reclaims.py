"""What a trial scored on each fold, and trials that were taken over from a dead worker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lamplighter.ledger.append_only import forbid_changes_too

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and the table. Trials of an older ledger have neither folds nor fidelity."""
    op.add_column("ledger_trials", sa.Column("folds", sa.JSON(), nullable=True))
    op.add_column("ledger_trials", sa.Column("fidelity", sa.Float(), nullable=True))
    op.create_table(
        "ledger_reclaims",
        sa.Column("search_key", sa.Text, nullable=False),
        sa.Column("index", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("turn", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("worker", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("search_key", "index", "turn", name="pk_ledger_reclaims"),
        sa.ForeignKeyConstraint(
            ["search_key", "index"],
            ["ledger_claims.search_key", "ledger_claims.index"],
            name="fk_ledger_reclaims_search_key",
        ),
    )
    forbid_changes_too(op.get_bind(), updates=("ledger_reclaims",), deletes=())
