"""Fencing tokens, the order of runs, and whether a step was intended, sent or confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; what is in the journal already gets its order from the time at which it began."""
    op.create_table(
        "counters",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.Integer, nullable=False),
    )
    # A lease of an older version says too little about its holder: it is taken again.
    op.drop_table("leases")
    op.create_table(
        "leases",
        sa.Column("function", sa.String(256), primary_key=True),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("who", sa.String(256), nullable=False),
        sa.Column("host", sa.String(256), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("machine", sa.String(256), nullable=False),
        sa.Column("started", sa.String(32), nullable=False),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("taken_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.add_column("runs", sa.Column("seq", sa.Integer))
    op.add_column("runs", sa.Column("epoch", sa.Integer))
    for name, kind in (
        ("state", sa.String(16)),
        ("sent_at", sa.String(32)),
        ("seen", sa.Text),
        ("made", sa.Text),
        ("left", sa.Text),
        ("token", sa.Integer),
    ):
        op.add_column("steps", sa.Column(name, kind))
    _number_the_runs()


def _number_the_runs() -> None:
    runs = sa.table("runs", sa.column("run_id"), sa.column("started_at"), sa.column("seq"))
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    connection = op.get_bind()
    known = connection.execute(sa.select(runs.c.run_id).order_by(runs.c.started_at, runs.c.run_id)).scalars().all()
    for seq, run_id in enumerate(known, start=1):
        connection.execute(runs.update().where(runs.c.run_id == run_id).values(seq=seq))
    connection.execute(counters.insert(), {"name": "run", "value": len(known)})
