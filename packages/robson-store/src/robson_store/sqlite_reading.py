"""A SQLite file to look at, for proofs without a daemon: nothing is written, nothing migrated.

Invariants:
    1. No statement can change the file, whatever its mode or that of its folder.
    2. A file that another process has open is refused, even when that one opened it later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from robson_domain import ConfigurationError, StoreError
from robson_store.database import InUse, Params, Row, Unreadable, Write
from robson_store.heads import HeadFile
from robson_store.migrating import needs_upgrade
from robson_store.records import EPOCH_KEY
from robson_store.sql import SqlStore
from robson_store.sqlite import inventory, wrapped
from robson_store.starting import stored_head
from robson_store.statements import sqlite_statements

_CANNOT_OPEN: Final = "SQLITE_CANTOPEN"


class SqliteReader:
    """One file, opened to be read.

    Without a write-ahead file the database file holds everything and nobody has it open: it is
    read as it stands, which needs no right to write anywhere. Otherwise SQLite needs its index
    of that file beside it, and whoever has the database open holds the lock.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ConfigurationError(f"there is no database {path}")
        self._path = path
        self._side = Path(f"{path}-wal")
        self._is_still = not self._side.exists()
        self._connection = self._connected()

    def _connected(self) -> sqlite3.Connection:
        mode = "immutable=1" if self._is_still else "mode=ro"
        connection = None
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None
            )
            connection.execute("PRAGMA busy_timeout=500").fetchall()
            connection.execute("PRAGMA query_only=ON").fetchall()
            connection.execute("PRAGMA trusted_schema=OFF").fetchall()
            # The first statement that looks into the file.
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise self._why(error) from None
        return connection

    def _why(self, error: sqlite3.Error) -> StoreError:
        if getattr(error, "sqlite_errorname", "").startswith(_CANNOT_OPEN):
            return Unreadable(
                f"{self._path} cannot be read: it was not closed in order and the folder cannot "
                "be written to: copy the folder to a place of your own and read it there"
                if not self._is_still
                else f"{self._path} cannot be opened: look at who may read it"
            )
        return wrapped(error)

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection."""
        return self._connection

    @property
    def is_inline(self) -> bool:
        """Always."""
        return True

    @property
    def problem(self) -> str:
        """Always empty: nothing is to be saved."""
        return ""

    async def fetch(self, statement: str, params: Params = ()) -> list[Row]:
        """Return every row.

        Raises:
            InUse: When a daemon was started on the file meanwhile.
            StoreError: When the file cannot be read.
        """
        try:
            found = self._connection.execute(statement, params).fetchall()
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            self._require_still()
            raise wrapped(error) from None
        self._require_still()
        return found

    def _require_still(self) -> None:
        # Whoever opens it to write makes the write-ahead file first.
        if self._is_still and self._side.exists():
            raise InUse("a daemon was started on this data folder meanwhile; ask that one")

    async def write(self, writes: Sequence[Write]) -> None:
        """Refuse.

        Raises:
            StoreError: Always.
        """
        raise StoreError("the database was opened to be read")

    async def idle(self) -> None:
        """Nothing is written, so nothing waits to be."""

    async def close(self) -> None:
        """Release the file; idempotent."""
        self._connection.close()


async def open_sqlite_read_only(path: Path) -> SqlStore:
    """Open the database file at ``path`` to look at it.

    Raises:
        ConfigurationError: When it is not there, or holds no log.
        InUse: When another process has it open.
        Unreadable: When its files or their folder do not let us.
        StoreError: When what it holds cannot be read.
        UnknownSchema: When another version wrote it, or something else.
    """
    database = SqliteReader(path)
    try:
        _require_tables(database, path)
        statements = sqlite_statements()
        rows = await database.fetch(statements.get_meta, (EPOCH_KEY,))
        if not rows:
            raise StoreError(f"{path} does not say which database it is: its epoch is missing")
        head = await stored_head(database, statements, str(rows[0][0]))
    except BaseException:
        await database.close()
        raise
    return SqlStore(database, statements, head, HeadFile(None))


def _require_tables(database: SqliteReader, path: Path) -> None:
    try:
        is_old = needs_upgrade(*inventory(database.connection))
    except sqlite3.Error as error:
        raise wrapped(error) from None
    if is_old:
        raise ConfigurationError(f"{path} holds no log: it is empty, or of an older version")
