"""Signatures of what changes of a run, of how many runs there are, and of tunes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns; what is there already has no such signature."""
    op.add_column("runs", sa.Column("standing", sa.String(128)))
    op.create_index("runs_by_number", "runs", ["seq"])
    op.add_column("counters", sa.Column("signature", sa.String(128)))
    op.add_column("tunings", sa.Column("signature", sa.String(128)))
