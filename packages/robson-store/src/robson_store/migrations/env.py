"""Run by alembic around the revisions: on the connection it was given."""

from __future__ import annotations

from alembic import context

from robson_store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
