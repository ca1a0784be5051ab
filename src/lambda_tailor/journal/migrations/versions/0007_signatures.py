"""Signatures of runs, steps and rollouts, and which keys the journal is written with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns and the table; what is there already is not signed."""
    for table in ("runs", "steps", "rollouts"):
        op.add_column(table, sa.Column("signature", sa.String(128)))
    op.create_table(
        "journal_keys",
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("wrapped", sa.Text, nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
    )
