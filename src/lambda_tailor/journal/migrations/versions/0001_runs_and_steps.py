"""Runs and their steps: the journal of version 0.1."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(64), primary_key=True),
        sa.Column("plan_id", sa.String(64), nullable=False),
        sa.Column("of_run", sa.String(64)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("user", sa.String(256), nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("api_calls", sa.Text, nullable=False),
    )
    op.create_table(
        "steps",
        sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=True),
        sa.Column("operation_id", sa.String(64), primary_key=True),
        sa.Column("call", sa.String(128), nullable=False),
        sa.Column("was", sa.Text, nullable=False),
        sa.Column("wrote", sa.Text, nullable=False),
        sa.Column("result", sa.String(16)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("intended_at", sa.String(32), nullable=False),
        sa.Column("settled_at", sa.String(32)),
    )
