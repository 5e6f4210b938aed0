"""PostgreSQL: one connection that writes and reads, and holds the lock that keeps others out.

Invariants:
    1. The advisory lock belongs to the connection's own server process. Whoever holds it knows
       that nothing of an earlier connection is still under way, a commit least of all.
    2. A connection that broke is not trusted again before the heads were compared
       (:meth:`settle`).

A pooler that hands one server connection to several clients breaks the lock: connect directly.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, Final

import attrs
import psycopg
from psycopg import AsyncConnection, conninfo

from robson_domain import ConfigurationError, StoreError
from robson_store.database import ConnectionLost, InUse, Params, Row, Write

_DEFAULTS: Final[dict[str, str]] = {
    "application_name": "robson",
    "client_encoding": "UTF8",
    "connect_timeout": "10",
    # A silent network must not hold up a batch for ever.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""Of the connection, where the URL does not say otherwise."""

_BULK_ROWS: Final = 50
"""From here on a bulk load is quicker, although it cannot share a round trip with the rest."""

LOCK_WAIT: Final = "3s"
"""How long a predecessor may take to let go of the database."""

_REASONS: Final = (
    ("password authentication failed", "the server refused the user or the password"),
    ("no password supplied", "the server asks for a password"),
    ("does not exist", "the server has no such user or database"),
    ("refused", "nothing listens at that address"),
    ("timeout", "the server did not answer in time"),
    ("too many", "the server has no connection left"),
)
"""Known reasons in our words: the driver's text may repeat parts of a mistyped URL."""

Connection = AsyncConnection[tuple[Any, ...]]


@attrs.frozen
class _Backend:
    """The server's process behind a connection; its start tells it from a later namesake."""

    pid: int
    started: Any


class PostgresDatabase:
    """One database (and schema) that this process has to itself."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._backend: _Backend | None = None
        self._closed = False
        self._is_settled = True

    @property
    def is_inline(self) -> bool:
        """Never: the answer comes over a socket."""
        return False

    @property
    def problem(self) -> str:
        """Always empty: a server that is not reached says so at the write itself."""
        return ""

    def is_settled(self) -> bool:
        """Return whether the heads agree as far as anybody knows."""
        return self._is_settled

    def settle(self) -> None:
        """Trust the connection again: the heads were compared."""
        self._is_settled = True

    async def fetch(self, statement: str, params: Params = ()) -> list[Row]:
        """Return every row; after a lost connection ask once more on a new one.

        Raises:
            StoreError: When the database cannot answer.
        """
        async with self._turn:
            try:
                return await self._fetched(statement, params)
            except ConnectionLost:
                return await self._fetched(statement, params)

    async def _fetched(self, statement: str, params: Params) -> list[Row]:
        connection = await self._connected()
        try:
            cursor = await connection.execute(_as_query(statement), params)
            return await cursor.fetchall()
        except (psycopg.Error, UnicodeError) as error:
            raise await self._failed(connection, error) from None
        except asyncio.CancelledError:
            await self._drop(connection)
            raise

    async def write(self, writes: Sequence[Write]) -> None:
        """Send all of ``writes`` in one transaction and return once it is durable.

        Raises:
            ConnectionLost: When it is not known whether the transaction took place, or what the
                connection before this one left behind.
            StoreError: When nothing was written.
        """
        async with self._turn:
            connection = await self._connected()
            if not self._is_settled:
                raise ConnectionLost("the connection to the database was lost")
            try:
                await _transact(connection, writes)
            except (psycopg.Error, UnicodeError) as error:
                raise await self._failed(connection, error) from None
            except asyncio.CancelledError:
                await self._drop(connection)
                raise

    async def idle(self) -> None:
        """Use a quiet moment; the server looks after itself."""

    async def close(self) -> None:
        """Let go of the database; idempotent."""
        self._closed = True
        async with self._turn:
            if self._connection is not None:
                await self._connection.close()

    async def _connected(self) -> Connection:
        if self._closed:
            raise StoreError("the store is closed")
        if self._connection is None:
            self._connection = await self._opened()
        return self._connection

    async def _opened(self) -> Connection:
        connection = await _connect(self._address)
        try:
            await _end(connection, self._backend)
            await _lock(connection)
            self._backend = await _backend_of(connection)
        except psycopg.Error as error:
            await connection.close()
            raise wrapped(error) from None
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _failed(self, connection: Connection, error: Exception) -> StoreError:
        if connection.closed:
            await self._drop(connection)
            return ConnectionLost("the connection to the database was lost")
        try:
            await connection.rollback()
        except psycopg.Error:
            await self._drop(connection)
        return wrapped(error)

    async def _drop(self, connection: Connection) -> None:
        self._connection = None
        self._is_settled = False
        await connection.close()


def _as_query(statement: str) -> Any:
    # The driver asks for literal text, to keep glued statements out; ours is compiled.
    return statement


async def _transact(connection: Connection, writes: Sequence[Write]) -> None:
    bulky = [write for write in writes if write.bulk and len(write.rows) > _BULK_ROWS]
    if not bulky:
        # Everything in one round trip.
        async with connection.pipeline():
            await connection.execute("BEGIN")
            await _send(connection, writes)
            await connection.execute("COMMIT")
        return
    await connection.execute("BEGIN")
    for write in bulky:
        await _load(connection, write)
    await _send(connection, [write for write in writes if write not in bulky])
    await connection.execute("COMMIT")


async def _send(connection: Connection, writes: Sequence[Write]) -> None:
    for write in writes:
        for row in write.rows:
            await connection.execute(_as_query(write.statement), row)


async def _load(connection: Connection, write: Write) -> None:
    async with connection.cursor() as cursor, cursor.copy(_as_query(write.bulk)) as copy:
        for row in write.rows:
            await copy.write_row(row)


def complete_address(url: str) -> str:
    """Return ``url`` as the driver's connection text, with our defaults.

    Raises:
        ConfigurationError: When it is no PostgreSQL URL; the message does not repeat it.
    """
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            "DATABASE_URL is no PostgreSQL URL; it looks like postgresql://user@host/name, and"
            " special characters of a password are written as %40 and so on"
        ) from None
    return conninfo.make_conninfo("", **{**_DEFAULTS, **given})


async def _connect(address: str) -> Connection:
    try:
        return await AsyncConnection.connect(address, autocommit=True)
    except psycopg.Error as error:
        raise unreachable(error) from None


def unreachable(error: psycopg.Error) -> StoreError:
    """Return the error to raise when no connection could be made."""
    told = str(error)
    reasons = [reason for words, reason in _REASONS if words in told]
    because = reasons[0] if reasons else type(error).__name__
    return StoreError(f"the database server cannot be reached: {because}; check DATABASE_URL")


def wrapped(error: Exception) -> StoreError:
    """Return ``error`` as one of ours; what the server says names no URL and no secret."""
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return InUse("the database is in use by another daemon; stop that one first")
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or type(error).__name__
    return StoreError(f"the database failed: {said}")


def lock_key(schema: str) -> int:
    """Return the number of the advisory lock for one schema of a database."""
    digest = hashlib.sha256(f"robson store\n{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


async def _lock(connection: Connection) -> None:
    cursor = await connection.execute("SELECT current_schema()")
    row = await cursor.fetchone()
    schema = row[0] if row else None
    if schema is None:
        raise StoreError("the schema named in the search path does not exist; make it first")
    await connection.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_WAIT,))
    await connection.execute("SELECT pg_advisory_lock(%s)", (lock_key(schema),))
    await connection.execute("SET lock_timeout = DEFAULT")


async def _backend_of(connection: Connection) -> _Backend | None:
    cursor = await connection.execute(
        "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    )
    row = await cursor.fetchone()
    return _Backend(*row) if row else None


async def _end(connection: Connection, backend: _Backend | None) -> None:
    # What the broken connection left at the server may still commit and holds the lock. The
    # server would notice by itself, but only after a while when the network is to blame.
    if backend is not None:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid = %s AND backend_start = %s",
            (backend.pid, backend.started),
        )
