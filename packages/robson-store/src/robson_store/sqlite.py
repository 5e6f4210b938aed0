"""SQLite, the embedded default: one file, one process, every batch on the disk before it returns.

Invariants:
    1. ``synchronous=FULL``: a commit that returned survives a power cut.
    2. The file is locked exclusively for as long as it is open; a second process is refused.
    3. Nothing here yields to the event loop.
    4. Nothing is written into a file that its name no longer leads to: whoever reads the folder
       later would not find it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from robson_domain import HeadMismatch, Ids, StoreError, UnknownSchema
from robson_store.database import InUse, Params, Row, Write
from robson_store.heads import HeadFile, read_head
from robson_store.migrating import REVISION_TABLE, needs_upgrade, upgrade
from robson_store.sql import SqlStore
from robson_store.starting import epoch_of, stored_head
from robson_store.statements import sqlite_statements

_PRAGMAS: Final = (
    "PRAGMA busy_timeout=500",
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # A checkpoint costs several syncs: it waits for an idle moment instead of delaying a batch.
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA trusted_schema=OFF",
)
_ROOM: Final = 4 * 1024 * 1024
"""Bytes of the write-ahead file made in advance: a thousand commits between idle moments."""
_ROWS_BETWEEN_CHECKPOINTS: Final = 50_000
"""Without any idle moment the write-ahead file still must not grow for ever."""


class SqliteDatabase:
    """One open file, locked for this process."""

    def __init__(self, path: Path) -> None:
        self._side = Path(f"{path}-wal")
        self._is_roomy = False
        self._rows_since_checkpoint = 0
        self.connection = _connected(path)
        files = (path.absolute(), self._side.absolute())
        self._opened = {file: found for file in files if (found := identity(file)) is not None}

    @property
    def problem(self) -> str:
        """Which file is gone from its place, and what to do; empty while all are there."""
        for file, opened in self._opened.items():
            if identity(file) != opened:
                return (
                    f"{file} was removed or replaced while it was open: nothing is saved any "
                    "more. If it was moved, move it back; otherwise stop Robson and put the "
                    "folder back from a backup"
                )
        return ""

    @property
    def is_inline(self) -> bool:
        """Always: the caller goes on when the disk has it."""
        return True

    async def fetch(self, statement: str, params: Params = ()) -> list[Row]:
        """Return every row.

        Raises:
            StoreError: When the file cannot be read.
        """
        try:
            return self.connection.execute(statement, params).fetchall()
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            raise wrapped(error) from None

    async def write(self, writes: Sequence[Write]) -> None:
        """Send all of ``writes`` in one transaction and return once it is on the disk.

        Raises:
            StoreError: When nothing was written.
        """
        if problem := self.problem:
            raise StoreError(problem)
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            for write in writes:
                self.connection.executemany(write.statement, write.rows)
            self.connection.execute("COMMIT")
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            self._roll_back()
            raise wrapped(error) from None
        self._rows_since_checkpoint += sum(len(write.rows) for write in writes)
        if self._rows_since_checkpoint >= _ROWS_BETWEEN_CHECKPOINTS:
            # The batch is durable whatever becomes of this; the next one tries again.
            with contextlib.suppress(StoreError):
                self._checkpoint()

    def _roll_back(self) -> None:
        # SQLite ends the transaction by itself after some errors, a full disk for one.
        with contextlib.suppress(sqlite3.Error):
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    async def idle(self) -> None:
        """Move what the write-ahead file holds into the database file, and give it room.

        Raises:
            StoreError: When the disk refuses; nothing is lost.
        """
        if self._rows_since_checkpoint:
            self._checkpoint()
        if not self._is_roomy:
            self._is_roomy = True
            # Only speed: without room the file grows with every commit.
            with contextlib.suppress(OSError):
                _make_room(self._side)

    def _checkpoint(self) -> None:
        try:
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            raise wrapped(error) from None
        self._rows_since_checkpoint = 0

    async def close(self) -> None:
        """Release the file; idempotent."""
        self.connection.close()


def identity(file: Path) -> tuple[int, int] | None:
    """Return which file of this machine is at a path, None when none is; about 1 us."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connected(path: Path) -> sqlite3.Connection:
    _make_private(path)
    connection = None
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            connection.execute(pragma).fetchall()
        # Takes the lock that locking_mode then keeps.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise wrapped(error) from None
    return connection


def _make_private(path: Path) -> None:
    # Made before SQLite sees it, because its side files take over the mode of this one.
    if not path.parent.is_dir():
        raise StoreError(f"the folder {path.parent} does not exist; make it first")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        # Not opened again: closing it would drop the locks that another store of this process
        # has on it.
        if not path.is_file():
            raise StoreError(f"{path} is not a file") from None
        with contextlib.suppress(OSError):
            os.chmod(path, 0o600)
    except OSError as error:
        raise StoreError(f"the database file {path} cannot be opened: {error.strerror}") from None


def _make_room(side: Path) -> None:
    # Overwriting costs one sync of data; growing costs one of the file system's journal too,
    # about as much again. SQLite takes whatever stands behind its last frame for nothing.
    handle = os.open(side, os.O_WRONLY)
    try:
        size = os.fstat(handle).st_size
        if size < _ROOM:
            os.pwrite(handle, bytes(_ROOM - size), size)
            os.fsync(handle)
    finally:
        os.close(handle)


def wrapped(error: Exception) -> StoreError:
    """Return ``error`` as one of ours."""
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return InUse("the data folder is in use by another process; stop that one first")
    if code == "SQLITE_NOTADB":
        return UnknownSchema("the database file is not a SQLite database")
    return StoreError(f"the database failed: {error}")


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make or migrate the tables.

    Raises:
        StoreError: When a statement fails; the file is then as it was.
        UnknownSchema: When a newer version wrote it, or something else.
    """
    try:
        if needs_upgrade(*inventory(connection)):
            _upgrade(connection)
    except sqlite3.Error as error:
        raise wrapped(error) from None


def inventory(connection: sqlite3.Connection) -> tuple[set[str], list[str]]:
    """Return the names of the tables that are there and the revisions they are at."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    tables = {str(row[0]) for row in names}
    if REVISION_TABLE not in tables:
        return tables, []
    rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return tables, [str(row[0]) for row in rows]


def engine_over(connection: sqlite3.Connection) -> Engine:
    """Return SQLAlchemy's view of a connection that is ours and stays open."""
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    # The driver was told to leave transactions alone, so SQLAlchemy has to begin them.
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _upgrade(connection: sqlite3.Connection) -> None:
    try:
        with engine_over(connection).begin() as shared:
            upgrade(shared)
    except SQLAlchemyError as error:
        raise StoreError(f"the database could not be migrated: {type(error).__name__}") from None


async def migrate_sqlite(path: Path) -> None:
    """Make or migrate the tables of the file at ``path``.

    Raises:
        StoreError: When another process has it open, or it cannot be opened.
        UnknownSchema: When a newer version wrote it, or something else.
    """
    await _current(path).close()


def _current(path: Path) -> SqliteDatabase:
    database = SqliteDatabase(path)
    try:
        bring_up_to_date(database.connection)
    except BaseException:
        database.connection.close()
        raise
    return database


def _require_database(path: Path, head_file: HeadFile) -> None:
    """Refuse to make a new database where an exported head speaks of one, before it is made."""
    try:
        # Until the first checkpoint everything may be in the write-ahead file alone.
        if os.stat(path).st_size or os.stat(f"{path}-wal").st_size:
            return
    except FileNotFoundError:
        pass
    except OSError:
        return  # opening it says what is wrong
    exported = read_head(head_file.path) if head_file.path is not None else None
    if exported is not None:
        raise HeadMismatch(
            f"{path} is gone or empty, but {head_file.path} says that its log ends at event "
            f"{exported.sequence}: put the database back from a backup together with its "
            "-wal file, or begin anew in another folder"
        )


async def open_sqlite(path: Path, ids: Ids, head_file: HeadFile) -> SqlStore:
    """Open the database file at ``path``, making or migrating it as needed.

    Raises:
        HeadMismatch: When it is not there although a head of it was exported; nothing is made.
        StoreError: When another process has it open, or it cannot be opened.
        UnknownSchema: When a newer version wrote it, or something else.
    """
    _require_database(path, head_file)
    database = _current(path)
    try:
        statements = sqlite_statements()
        epoch = await epoch_of(database, statements, ids)
        head = await stored_head(database, statements, epoch)
    except BaseException:
        await database.close()
        raise
    return SqlStore(database, statements, head, head_file)
