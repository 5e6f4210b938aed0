"""The three stores as the cards and the other tests get at them."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

import attrs

import robson_store
from robson_domain import Store
from robson_store.postgres_store import PostgresStore


class Numbered:
    """Ids that count: the first epoch is ``epoch-1``."""

    def __init__(self) -> None:
        self.count = 0

    def new_id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"


@attrs.define
class MemoryHarness:
    """Nothing outlives the object."""

    ids: Numbered = attrs.field(factory=Numbered)
    survives: bool = False
    head_path: Path | None = None

    async def make(self) -> robson_store.OpenedStore:
        return await robson_store.open("memory://", ids=self.ids, head_path=self.head_path)

    async def reopen(self, store: Store) -> Store:
        raise AssertionError("a memory store cannot be opened again")

    async def crash(self, store: Store) -> Store:
        raise AssertionError("a memory store cannot be opened again")

    async def stop(self) -> None:
        """Release what the test left open."""


@attrs.define
class SqliteHarness:
    """Files in one folder. A crash is a copy of them as they are, while the store is open."""

    folder: Path
    ids: Numbered = attrs.field(factory=Numbered)
    survives: bool = True
    head_path: Path | None = None
    _places: list[tuple[Store, str]] = attrs.field(factory=list)

    async def make(self) -> robson_store.OpenedStore:
        return await self.open_file(self.folder / f"robson-{len(self._places)}.db")

    async def open_file(self, path: Path) -> robson_store.OpenedStore:
        return await self.open(f"sqlite:///{path}")

    async def open(self, url: str) -> robson_store.OpenedStore:
        store = await robson_store.open(url, ids=self.ids, head_path=self.head_path)
        self._places.append((store, url))
        return store

    def url_of(self, store: Store) -> str:
        return next(url for kept, url in self._places if kept is store)

    def path_of(self, store: Store) -> Path:
        return Path(self.url_of(store).removeprefix("sqlite:///"))

    async def reopen(self, store: Store) -> robson_store.OpenedStore:
        await store.close()
        return await self.open(self.url_of(store))

    async def crash(self, store: Store) -> robson_store.OpenedStore:
        path = self.path_of(store)
        copy = self.folder / f"robson-{len(self._places)}.db"
        copy_files(path, copy)
        return await self.open_file(copy)

    async def stop(self) -> None:
        for store, _ in self._places:
            await store.close()


@attrs.define
class PostgresHarness:
    """Schemas in one server. A crash is a socket that breaks without a word."""

    fresh_url: Callable[[], str]
    ids: Numbered = attrs.field(factory=Numbered)
    survives: bool = True
    head_path: Path | None = None
    _places: list[tuple[Store, str]] = attrs.field(factory=list)

    async def make(self) -> robson_store.OpenedStore:
        return await self.open(self.fresh_url())

    async def open(self, url: str) -> robson_store.OpenedStore:
        store = await robson_store.open(url, ids=self.ids, head_path=self.head_path)
        self._places.append((store, url))
        return store

    def url_of(self, store: Store) -> str:
        return next(url for kept, url in self._places if kept is store)

    async def reopen(self, store: Store) -> robson_store.OpenedStore:
        await store.close()
        return await self.open(self.url_of(store))

    async def crash(self, store: Store) -> robson_store.OpenedStore:
        break_connection(store)
        return await self.open(self.url_of(store))

    async def stop(self) -> None:
        for store, _ in self._places:
            await store.close()


def copy_files(path: Path, copy: Path) -> None:
    """Copy a database file and what stands beside it, as they are now."""
    for suffix in ("", "-wal"):
        if Path(f"{path}{suffix}").exists():
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")


def break_connection(store: Store) -> None:
    """Cut the socket under a PostgreSQL store."""
    connection = cast(PostgresStore, store)._postgres._connection
    assert connection is not None
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


Harness = MemoryHarness | SqliteHarness | PostgresHarness
