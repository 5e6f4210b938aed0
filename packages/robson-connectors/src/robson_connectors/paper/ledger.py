"""The paper venue's own memory: one small SQLite file, never derived from Robson's log.

It plays the part of the exchange's database, so that a crash of ours is not one of theirs:
what was acknowledged or reported is on disk first.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final

import attrs

from robson_domain import codec
from robson_domain.errors import ConfigurationError, StoreError
from robson_engine.simulated_venue import VenueDelta

_LAYOUT: Final = "1"
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, body TEXT NOT NULL)",
)
_PUT_FACT: Final = "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"
_PUT_ORDER: Final = "INSERT OR REPLACE INTO orders (number, body) VALUES (?, ?)"
_SHOWN_MAX: Final = 24
"""Characters of a value in a message; the rules of every pair would fill the screen."""
_GET_FACT: Final = "SELECT value FROM facts WHERE name = ?"
_GET_ORDERS: Final = "SELECT body FROM orders ORDER BY number"


@attrs.frozen(kw_only=True)
class Kept:
    """What a ledger file holds of the venue."""

    head: str
    orders: tuple[str, ...]


class PaperLedger:
    """One ledger file, open for one process at a time, readable by its owner alone.

    Args:
        path: File to open or create; its folder exists.
        identity: The market it belongs to (``PaperMarket.identity``).

    Raises:
        ConfigurationError: When the file belongs to another market.
        StoreError: When it cannot be opened, is in use, or is no ledger of this version.
    """

    def __init__(self, path: str, identity: str) -> None:
        self._path = path
        try:
            self._database = _opened(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(_explained(path, error)) from None
        try:
            self._check("layout", _LAYOUT)
            self._check("identity", identity)
        except BaseException:
            self._database.close()
            raise

    def read(self) -> Kept | None:
        """Return what was kept, None for a new file."""
        head = self._fact("head")
        if head is None:
            return None
        rows = self._database.execute(_GET_ORDERS).fetchall()
        return Kept(head=head, orders=tuple(str(body) for (body,) in rows))

    def write(self, delta: VenueDelta) -> None:
        """Keep ``delta``; it is on disk when this returns, and nothing of it when it raises.

        Raises:
            sqlite3.Error: When it could not be written.
        """
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute(_PUT_FACT, ("head", delta.head))
            self._database.executemany(_PUT_ORDER, delta.orders)

    def close(self) -> None:
        """Release the file; idempotent."""
        self._database.close()

    def _fact(self, name: str) -> str | None:
        row = self._database.execute(_GET_FACT, (name,)).fetchone()
        return None if row is None else str(row[0])

    def _check(self, name: str, value: str) -> None:
        try:
            found = self._fact(name)
            if found is None:
                self._database.execute(_PUT_FACT, (name, value))
        except sqlite3.Error as error:
            raise StoreError(_explained(self._path, error)) from None
        if found is None or found == value:
            return
        if name == "layout":
            raise StoreError(f"{self._path}: ledger layout {found}, this build knows {value}")
        raise ConfigurationError(
            f"{self._path}: this paper account belongs to another market "
            f"({_difference(found, value)}). Use the same market as before, or another data "
            "directory for the new one."
        )


def stored_identity(path: str) -> str | None:
    """Return the identity of the market that the ledger at ``path`` belongs to.

    None when there is no such file, or nothing in it yet.

    Raises:
        StoreError: When it cannot be read.
    """
    if not os.path.exists(path):
        return None
    try:
        database = _opened(path)
        try:
            row = database.execute(_GET_FACT, ("identity",)).fetchone()
        finally:
            database.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(_explained(path, error)) from None
    return None if row is None else str(row[0])


def _opened(path: str) -> sqlite3.Connection:
    # Created with its mode, not changed afterwards: there is no moment in which others can read.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        # One owner at a time; released by the system when the process dies, however it dies.
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        # WAL with FULL syncs every commit, and unlike a rollback journal needs no second sync
        # of the folder to survive a power cut.
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        for statement in _SCHEMA:
            database.execute(statement)
    except BaseException:
        database.close()
        raise
    return database


def _explained(path: str, error: Exception) -> str:
    if "locked" in str(error):
        return f"{path}: in use by another process; stop that one first"
    return f"{path}: no usable paper ledger ({error})"


def _difference(found: str, wanted: str) -> str:
    old, new = codec.loads(found), codec.loads(wanted)
    if not isinstance(old, dict) or not isinstance(new, dict):
        return "unreadable"
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return "; ".join(
        f"{name}: {_short(old.get(name))} there, {_short(new.get(name))} now" for name in names
    )


def _short(value: codec.JsonValue) -> str:
    text = codec.canonical(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
