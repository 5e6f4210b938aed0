"""The store over PostgreSQL: what to do when nobody knows whether a commit took place.

A connection that is lost during a commit leaves two possibilities, and the log tells them apart:
the chain hash of its end covers everything before it. So the next attempt opens a new connection
and compares heads; a batch that is there is taken as durable, one that is not is written again,
once. Never two rows, never a lost batch.
"""

from __future__ import annotations

import asyncio

import attrs
import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from robson_domain import Batch, Durable, Head, Ids, StoreError
from robson_store.database import ConnectionLost
from robson_store.heads import HeadFile
from robson_store.migrating import REVISION_TABLE, needs_upgrade, upgrade
from robson_store.postgres import PostgresDatabase, complete_address, unreachable
from robson_store.preparing import Prepared, chained
from robson_store.sql import SqlStore
from robson_store.starting import epoch_of, stored_head
from robson_store.statements import Statements, postgres_statements


@attrs.frozen(kw_only=True)
class _Doubt:
    """A batch that may or may not be in the log: its head before and with it."""

    before: Head
    after: Head


class PostgresStore(SqlStore):
    """One PostgreSQL database that this process has to itself."""

    def __init__(
        self, database: PostgresDatabase, statements: Statements, head: Head, head_file: HeadFile
    ) -> None:
        super().__init__(database, statements, head, head_file)
        self._postgres = database
        self._doubt: _Doubt | None = None

    async def submit(self, batch: Batch) -> Durable:
        """Write ``batch`` in one transaction and return once it is durable.

        Raises:
            StoreError: Nothing was written; or (ConnectionLost) it is not known, then the same
                batch may be submitted again and is in the log once.
        """
        try:
            return await self._attempt(batch)
        except ConnectionLost:
            return await self._attempt(batch)

    async def head(self) -> Head:
        """Return the end of the log, also after a commit nobody knew the outcome of."""
        if not self._postgres.is_settled():
            await self._settle()
        return await super().head()

    async def _attempt(self, batch: Batch) -> Durable:
        if not self._postgres.is_settled():
            await self._settle()
        if self._is_in_log(batch):
            # Its events are there; everything else of it changes nothing the second time.
            batch = attrs.evolve(batch, events=())
        durable = await super().submit(batch)
        self._doubt = None
        return durable

    async def _write(self, prepared: Prepared) -> None:
        if not self._postgres.is_settled():
            raise ConnectionLost("the connection to the database was lost; nothing was sent")
        try:
            await super()._write(prepared)
        except BaseException:
            # Also when the caller was canceled: the commit may have been on its way.
            if prepared.events and not self._postgres.is_settled():
                self._doubt = _Doubt(before=self._head, after=prepared.head)
            raise

    async def _settle(self) -> None:
        stored = await stored_head(self._postgres, self._statements, self.epoch)
        if self._doubt is not None and stored == self._doubt.after:
            self._head = stored
            self._head_file.write(stored)
        elif stored != self._head:
            raise StoreError(
                f"the log ends at event {stored.sequence} where it should end at"
                f" {self._head.sequence}: another process wrote to it; restart to recover"
            )
        self._postgres.settle()

    def _is_in_log(self, batch: Batch) -> bool:
        doubt = self._doubt
        if doubt is None or not batch.events or self._head != doubt.after:
            return False
        if batch.events[0].sequence != doubt.before.sequence + 1:
            return False
        return chained(doubt.before, batch.events)[0] == doubt.after


async def _bring_up_to_date(database: PostgresDatabase, address: str) -> None:
    rows = await database.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    tables = {str(row[0]) for row in rows}
    revisions: list[str] = []
    if REVISION_TABLE in tables:
        rows = await database.fetch("SELECT version_num FROM alembic_version")
        revisions = [str(row[0]) for row in rows]
    if needs_upgrade(tables, revisions):
        # Alembic knows no asyncio, and the loop may have other things to do.
        await asyncio.to_thread(_upgrade, address)


def postgres_engine(address: str) -> Engine:
    """Return SQLAlchemy's view of the database at a completed address."""

    def connect() -> psycopg.Connection:
        try:
            return psycopg.connect(address)
        except psycopg.Error as error:
            raise unreachable(error) from None

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)


def _upgrade(address: str) -> None:
    try:
        with postgres_engine(address).begin() as connection:
            upgrade(connection)
    except SQLAlchemyError as error:
        raise StoreError(f"the database could not be migrated: {type(error).__name__}") from None


async def migrate_postgres(url: str) -> None:
    """Make or migrate the tables of the database at ``url``.

    Raises:
        ConfigurationError: When it is no PostgreSQL URL.
        StoreError: When another daemon has it open, or it cannot be reached.
        UnknownSchema: When a newer version wrote it, or something else.
    """
    await (await _current(url)).close()


async def _current(url: str) -> PostgresDatabase:
    address = complete_address(url)
    database = PostgresDatabase(address)
    try:
        # The first question takes the lock; nothing is migrated under another daemon.
        await _bring_up_to_date(database, address)
    except BaseException:
        await database.close()
        raise
    return database


async def open_postgres(url: str, ids: Ids, head_file: HeadFile) -> PostgresStore:
    """Open the database at ``url``, making or migrating its tables as needed.

    Raises:
        ConfigurationError: When it is no PostgreSQL URL.
        StoreError: When another daemon has it open, or it cannot be reached.
        UnknownSchema: When a newer version wrote it, or something else.
    """
    database = await _current(url)
    try:
        statements = postgres_statements()
        epoch = await epoch_of(database, statements, ids)
        head = await stored_head(database, statements, epoch)
    except BaseException:
        await database.close()
        raise
    return PostgresStore(database, statements, head, head_file)
