"""The process that works on a run, and how many of its steps were sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column and the table; what is there already has neither."""
    op.add_column("runs", sa.Column("worker", sa.String(512)))
    op.create_table(
        "tallies",
        sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=True),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("signature", sa.String(128)),
    )
