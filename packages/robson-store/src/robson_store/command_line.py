"""A connection for the ``alembic`` command, locked like that of a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from robson_store.database import InUse
from robson_store.opening import POSTGRES, SQLITE, sqlite_path, unknown_url
from robson_store.postgres import complete_address, lock_key
from robson_store.postgres_store import postgres_engine
from robson_store.sqlite import SqliteDatabase, engine_over


@contextmanager
def connection_to(url: str) -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed at the end.

    Raises:
        ConfigurationError: When the URL names no database.
        StoreError: When it cannot be opened, or a daemon has it open.
    """
    if url.startswith(SQLITE):
        database = SqliteDatabase(sqlite_path(url))
        try:
            with engine_over(database.connection).begin() as connection:
                yield connection
        finally:
            database.connection.close()
    elif url.startswith(POSTGRES):
        with _postgres(complete_address(url)) as connection:
            yield connection
    else:
        raise unknown_url()


@contextmanager
def _postgres(address: str) -> Iterator[Connection]:
    with postgres_engine(address).begin() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        lock = connection.exec_driver_sql(
            "SELECT pg_try_advisory_lock(%s)", (lock_key(str(schema)),)
        )
        if not lock.scalar_one():
            raise InUse("the database is in use by a daemon; stop that one first")
        yield connection
