"""How Alembic runs the migrations: over the connection that whoever opens the journal has."""

from __future__ import annotations

from alembic import context

from lambda_tailor.journal.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
