"""The journal's tables, as the newest migration leaves them."""

from __future__ import annotations

import sqlalchemy as sa

# The newest file of migrations/versions: a journal at this revision is opened without more ado.
HEAD = "0009"

metadata = sa.MetaData()

RUNS = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("plan_id", sa.String(64), nullable=False),
    sa.Column("of_run", sa.String(64)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("started_at", sa.String(32), nullable=False),
    sa.Column("finished_at", sa.String(32)),
    sa.Column("user", sa.String(256), nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("api_calls", sa.Text, nullable=False),
    # Empty while the run goes on, and where it was cut short.
    sa.Column("summary", sa.Text),
    # The journal's own order of runs, which no clock can upset.
    sa.Column("seq", sa.Integer),
    # How often the run was taken up: who took it up earlier may no longer say how it stands.
    sa.Column("epoch", sa.Integer),
    # The team's key vouches for what decides about a rollback; empty in what older versions wrote.
    sa.Column("signature", sa.String(128)),
    # The process that took it up last: see processes.py.
    sa.Column("worker", sa.String(512)),
    # The key vouches for the status too, which changes; the row's own signature is written once.
    sa.Column("standing", sa.String(128)),
    # Without it, every plan would be read to know the numbers.
    sa.Index("runs_by_number", "seq"),
)

STEPS = sa.Table(
    "steps",
    metadata,
    sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=True),
    sa.Column("operation_id", sa.String(64), primary_key=True),
    sa.Column("call", sa.String(128), nullable=False),
    sa.Column("was", sa.Text, nullable=False),
    sa.Column("wrote", sa.Text, nullable=False),
    sa.Column("result", sa.String(16)),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("intended_at", sa.String(32), nullable=False),
    sa.Column("settled_at", sa.String(32)),
    # Intended, sent or confirmed; empty in steps of older versions, which may have been any of them.
    sa.Column("state", sa.String(16)),
    sa.Column("sent_at", sa.String(32)),
    # By what the resource is known again, as it was before the write and as the write left it.
    sa.Column("seen", sa.Text),
    sa.Column("made", sa.Text),
    # The fields that were not written, each with the reason.
    sa.Column("left", sa.Text),
    # The fencing token under which it was sent or settled.
    sa.Column("token", sa.Integer),
    sa.Column("signature", sa.String(128)),
)

# How many steps of a run were sent, vouched for: so that one whose row was deleted is missed. Apart from the run,
# whose row is large and would be written anew each time.
TALLIES = sa.Table(
    "tallies",
    metadata,
    sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=True),
    sa.Column("sent", sa.Integer, nullable=False),
    sa.Column("signature", sa.String(128)),
)

# Who works on a function now. Times are seconds since 1970 by the database's clock.
LEASES = sa.Table(
    "leases",
    metadata,
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

# Rollouts, one a function of a run: ``shown`` is the document, ``state`` what the next look needs.
ROLLOUTS = sa.Table(
    "rollouts",
    metadata,
    sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=True),
    sa.Column("function", sa.String(256), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("updated_at", sa.String(32), nullable=False),
    sa.Column("signature", sa.String(128)),
)

# The keys that the journal is written with; ``wrapped`` is what KMS made of one, else empty.
JOURNAL_KEYS = sa.Table(
    "journal_keys",
    metadata,
    sa.Column("fingerprint", sa.String(32), primary_key=True),
    sa.Column("wrapped", sa.Text, nullable=False),
    sa.Column("made_at", sa.String(32), nullable=False),
)

# Tunes: the copy that each made, and what it found; both of one function at most.
TUNINGS = sa.Table(
    "tunings",
    metadata,
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
    sa.Column("signature", sa.String(128)),
)

COUNTERS = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
    # Of the counter of runs: so that the last one, too, is missed where it was deleted.
    sa.Column("signature", sa.String(128)),
)

VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
