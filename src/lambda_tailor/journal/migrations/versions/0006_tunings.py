"""Tunes: the copy that each made, and what it found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tunings",
        sa.Column("tune_id", sa.String(64), primary_key=True),
        sa.Column("function", sa.String(256), nullable=False),
        sa.Column("copy", sa.String(64), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("role_arn", sa.String(256)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("shown", sa.Text),
        sa.Column("begun_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
    )
