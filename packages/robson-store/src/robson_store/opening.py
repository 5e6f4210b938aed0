"""From a URL to a store. Each kind is imported only when it is asked for."""

from __future__ import annotations

import os
from pathlib import Path

from robson_domain import ConfigurationError, Ids, Store
from robson_store.heads import HeadFile
from robson_store.memory import MemoryStore

SQLITE = "sqlite:///"
POSTGRES = ("postgres://", "postgresql://")


async def open(url: str, *, ids: Ids, head_path: str | os.PathLike[str] | None = None) -> Store:
    """Open the store at ``url``, making or migrating its tables as needed.

    Args:
        url: ``memory://``, ``sqlite:///relative/path``, ``sqlite:////absolute/path``,
            ``postgres://…`` or ``postgresql://…``.
        ids: Names a new database (its epoch).
        head_path: File the end of the log is exported to after every batch.

    Raises:
        ConfigurationError: When the URL names no store.
        StoreError: When it cannot be opened, or another process has it open.
        UnknownSchema: When a newer version wrote it, or something else.
    """
    head_file = HeadFile(Path(head_path) if head_path is not None else None)
    if url == "memory://":
        return MemoryStore(ids.new_id("epoch"), head_file)
    if url.startswith(SQLITE):
        from robson_store.sqlite import open_sqlite

        return await open_sqlite(sqlite_path(url), ids, head_file)
    raise ConfigurationError(_UNKNOWN)


_UNKNOWN = "DATABASE_URL must begin with memory://, sqlite:///, postgres:// or postgresql://"


def sqlite_path(url: str) -> Path:
    """Return the file that a SQLite URL names.

    Raises:
        ConfigurationError: When it names none.
    """
    path = url.removeprefix(SQLITE)
    if not path or path.startswith(":") or "?" in path:
        raise ConfigurationError("a SQLite URL is sqlite:/// and the path of a file")
    return Path(path)
