"""The environment of the ``alembic`` command: the database that DATABASE_URL names.

The revisions live in ``robson_store/migrations`` and travel in its wheel. No ``__init__.py`` here:
it would hide the library of this name.
"""

from __future__ import annotations

import os

from alembic import context

from robson_store.command_line import connection_to
from robson_store.schema import metadata

url = os.environ.get("DATABASE_URL", "")
if context.is_offline_mode():
    context.configure(
        dialect_name="sqlite" if url.startswith("sqlite") else "postgresql",
        target_metadata=metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    with connection_to(url) as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
