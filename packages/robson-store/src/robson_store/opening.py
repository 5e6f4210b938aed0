"""From a URL to a store. Each kind is imported only when it is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol

from robson_domain import ConfigurationError, Ids, Ledger, Store
from robson_store.heads import HeadFile
from robson_store.memory import MemoryStore

MEMORY: Final = "memory://"
SQLITE: Final = "sqlite:///"
POSTGRES: Final = ("postgres://", "postgresql://")


class OpenedStore(Store, Protocol):
    """What :func:`open` returns: the port, and what only the composition root needs."""

    @property
    def problem(self) -> str:
        """Why nothing can be saved any more although it is open; empty while it can."""
        ...

    @property
    def head_problem(self) -> str:
        """Why the head is not exported; empty while it is."""
        ...

    async def ledger(self) -> Ledger | None:
        """Return the last stored ledger."""
        ...


async def open(
    url: str, *, ids: Ids, head_path: str | os.PathLike[str] | None = None
) -> OpenedStore:
    """Open the store at ``url``, making or migrating its tables as needed.

    Args:
        url: ``memory://``, ``sqlite:///relative/path``, ``sqlite:////absolute/path``,
            ``postgres://…`` or ``postgresql://…``.
        ids: Names a new database (its epoch).
        head_path: File the end of the log is exported to after every batch.

    Raises:
        ConfigurationError: When the URL names no store; the message does not repeat it.
        HeadMismatch: When a SQLite file is gone that the exported head speaks of; none is made.
        StoreError: When it cannot be opened, or another process has it open.
        UnknownSchema: When a newer version wrote it, or something else.
    """
    head_file = HeadFile(Path(head_path) if head_path is not None else None)
    if url == MEMORY:
        return MemoryStore(ids.new_id("epoch"), head_file)
    if url.startswith(SQLITE):
        from robson_store.sqlite import open_sqlite

        return await open_sqlite(sqlite_path(url), ids, head_file)
    if url.startswith(POSTGRES):
        from robson_store.postgres_store import open_postgres

        return await open_postgres(url, ids, head_file)
    raise unknown_url()


async def open_read_only(url: str, *, ids: Ids) -> OpenedStore:
    """Open the store at ``url`` to look at it; of a SQLite file nothing is written or locked.

    Args:
        ids: Names a database that has no name yet, which one to look at never is.

    Raises:
        ConfigurationError: When the URL names no store, or the store holds no log yet.
        InUse: When another process has it open.
        StoreError: When it cannot be read.
        UnknownSchema: When another version wrote it, or something else.
    """
    if not url.startswith(SQLITE):
        return await open(url, ids=ids)
    from robson_store.sqlite_reading import open_sqlite_read_only

    return await open_sqlite_read_only(sqlite_path(url))


async def migrate(url: str) -> None:
    """Make or migrate the tables at ``url`` and let go of it again.

    Raises:
        ConfigurationError, StoreError, UnknownSchema: As :func:`open`.
    """
    if url == MEMORY:
        return
    if url.startswith(SQLITE):
        from robson_store.sqlite import migrate_sqlite

        await migrate_sqlite(sqlite_path(url))
    elif url.startswith(POSTGRES):
        from robson_store.postgres_store import migrate_postgres

        await migrate_postgres(url)
    else:
        raise unknown_url()


def unknown_url() -> ConfigurationError:
    """Return the error for a URL that names no store; it does not repeat the URL."""
    kinds = ", ".join((MEMORY, SQLITE, *POSTGRES))
    return ConfigurationError(f"DATABASE_URL names no store; it begins with one of {kinds}")


def sqlite_path(url: str) -> Path:
    """Return the file that a SQLite URL names.

    Raises:
        ConfigurationError: When it names none.
    """
    path = url.removeprefix(SQLITE)
    if not path or path.startswith(":") or "?" in path:
        raise ConfigurationError("a SQLite URL is sqlite:/// followed by the path of a file")
    return Path(path)
