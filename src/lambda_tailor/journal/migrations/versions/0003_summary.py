"""How many changes of a run ended how, so that listing runs reads no plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; empty, it is found out from the run's plan and steps."""
    op.add_column("runs", sa.Column("summary", sa.Text))
