"""What is special to SQLite: the disk, the lock, the side file, and errors nobody wants to see."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

import robson_store
from robson_domain import Batch, StoreError, UnknownSchema
from robson_domain.testing import store_samples as samples
from robson_store import sqlite as module
from robson_store.database import Write
from robson_store.sql import SqlStore
from robson_store.sqlite import SqliteDatabase
from tests.store.harnesses import Numbered, SqliteHarness, copy_files


def database_of(store: object) -> SqliteDatabase:
    return cast(SqliteDatabase, cast(SqlStore, store)._database)


def pragma(store: object, statement: str) -> object:
    return database_of(store).connection.execute(statement).fetchone()[0]


def side_size(path: Path) -> int:
    """Return the length of the write-ahead file beside ``path``."""
    return Path(f"{path}-wal").stat().st_size


def make_folder(path: Path) -> None:
    path.mkdir()


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_settings_are_those_of_a_journal(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    assert pragma(store, "PRAGMA journal_mode") == "wal"
    assert pragma(store, "PRAGMA synchronous") == 2  # FULL
    assert pragma(store, "PRAGMA wal_autocheckpoint") == 0
    assert pragma(store, "PRAGMA foreign_keys") == 1
    assert pragma(store, "PRAGMA locking_mode") == "exclusive"
    assert pragma(store, "PRAGMA busy_timeout") == 500


async def test_files_are_for_their_owner_alone(sqlite: SqliteHarness, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        sqlite.head_path = tmp_path / "head.json"
        store = await sqlite.make()
        await store.submit(Batch(events=samples.a_log(1, 1)))
    finally:
        os.umask(old)
    assert modes(tmp_path) == {"robson-0.db": 0o600, "robson-0.db-wal": 0o600, "head.json": 0o600}


async def test_wider_rights_are_taken_back(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    path = sqlite.path_of(store)
    path.chmod(0o644)
    await sqlite.reopen(store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


_OTHER_PROCESS = """
import asyncio, sys
import robson_store
from robson_domain import StoreError
class Ids:
    def new_id(self, kind): return kind
async def main():
    try:
        await robson_store.open(sys.argv[1], ids=Ids())
    except StoreError as error:
        print(type(error).__name__, error)
    else:
        print("opened")
asyncio.run(main())
"""


def other_process(url: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", _OTHER_PROCESS, url], capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


async def test_second_process_is_refused(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    url = sqlite.url_of(store)
    said = "InUse the data folder is in use by another process; stop that one first"
    assert other_process(url) == said
    await store.submit(Batch(events=samples.a_log(1, 1)))
    await store.close()
    assert other_process(url) == "opened"


async def test_second_opening_is_refused_even_before_the_first_batch(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    await sqlite.reopen(store)
    with pytest.raises(StoreError, match="in use"):
        await robson_store.open(sqlite.url_of(store), ids=Numbered())
    with pytest.raises(StoreError, match="in use"):
        await robson_store.migrate(sqlite.url_of(store))


async def test_refused_opening_leaves_the_lock_alone(sqlite: SqliteHarness) -> None:
    """A file closed once in a process loses all locks that the process has on it."""
    store = await sqlite.make()
    url = sqlite.url_of(store)
    with pytest.raises(StoreError, match="in use"):
        await robson_store.open(url, ids=Numbered())
    assert "in use" in other_process(url)


async def test_missing_folder_is_named(tmp_path: Path) -> None:
    """Made by nobody: it may be a disk that is not mounted, and the journal belongs on it."""
    with pytest.raises(StoreError, match="absent does not exist; make it first"):
        await robson_store.open(f"sqlite:///{tmp_path}/absent/robson.db", ids=Numbered())


async def test_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    before = modes(tmp_path.parent)
    with pytest.raises(StoreError, match="is not a file"):
        await robson_store.open(f"sqlite:///{tmp_path}", ids=Numbered())
    assert modes(tmp_path.parent) == before


async def test_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: File name too long"):
        await robson_store.open(f"sqlite:///{tmp_path}/{'n' * 300}", ids=Numbered())


async def test_path_that_sqlite_does_not_take_is_refused(tmp_path: Path) -> None:
    """Its own limit is shorter than that of the system."""
    folder = tmp_path
    for _ in range(8):
        folder = folder / ("n" * 200)
        make_folder(folder)
    with pytest.raises(StoreError, match="unable to open database file"):
        await robson_store.open(f"sqlite:///{folder}/robson.db", ids=Numbered())


async def test_table_of_revisions_that_is_none_is_refused(sqlite: SqliteHarness) -> None:
    path = sqlite.folder / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (other TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="no such column"):
        await sqlite.open_file(path)


async def test_other_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be taken for one" * 100)
    before = path.read_bytes()
    with pytest.raises(UnknownSchema, match="not a SQLite database"):
        await robson_store.open(f"sqlite:///{path}", ids=Numbered())
    assert path.read_bytes() == before


async def test_side_file_is_emptied_only_in_idle_moments(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    path = sqlite.path_of(store)
    before = path.read_bytes()
    for first in range(1, 2001, 100):
        await store.submit(Batch(events=samples.a_log(first, 100)))
    assert path.read_bytes() == before
    assert side_size(path) > 1_000_000
    await store.idle()
    assert b"problem 2000" in path.read_bytes()


async def test_idle_moment_gives_the_side_file_room(
    sqlite: SqliteHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Growing it costs as much as the commit itself; and a crash must not mind the room."""
    monkeypatch.setattr(module, "_ROOM", 1_000_000)
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 3)))
    await store.idle()
    size = side_size(sqlite.path_of(store))
    assert size == 1_000_000
    await store.submit(Batch(events=samples.a_log(4, 50)))
    await store.idle()
    await store.submit(Batch(events=samples.a_log(54, 50)))
    assert side_size(sqlite.path_of(store)) == size
    again = await sqlite.crash(store)
    assert (await robson_store.verify(again, await store.head())).sequence == 103


async def test_side_file_with_room_is_left_alone(
    sqlite: SqliteHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ROOM", 1000)
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 3)))
    before = side_size(sqlite.path_of(store))
    await store.idle()
    await store.idle()
    assert side_size(sqlite.path_of(store)) == before


async def test_idle_moment_without_room_on_the_disk(
    sqlite: SqliteHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(side: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_make_room", fail)
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 3)))
    await store.idle()
    assert (await store.submit(Batch(events=samples.a_log(4, 1)))).head.sequence == 4


async def test_side_file_does_not_grow_for_ever(
    sqlite: SqliteHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ROWS_BETWEEN_CHECKPOINTS", 100)
    store = await sqlite.make()
    for first in range(1, 2001, 50):
        await store.submit(Batch(events=samples.a_log(first, 50)))
    assert side_size(sqlite.path_of(store)) < 500_000


async def test_failed_write_leaves_nothing_and_the_store_usable(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    database = database_of(store)
    insert = cast(SqlStore, store)._statements.put_meta
    good, bad = Write(insert, [("a", "1")]), Write("INSERT INTO absent VALUES (1)")
    with pytest.raises(StoreError, match="no such table"):
        await database.write([good, bad])
    assert await database.fetch("SELECT value FROM meta WHERE key = 'a'") == []
    for unstorable in (("a", 2**70), ("a", "\ud800")):
        with pytest.raises(StoreError, match="the database failed"):
            await database.write([good, Write(insert, [unstorable])])
    assert await database.fetch("SELECT value FROM meta WHERE key = 'a'") == []
    await database.write([good])
    assert await database.fetch("SELECT value FROM meta WHERE key = 'a'") == [("1",)]


async def test_full_disk_is_an_error_and_the_next_batch_works(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 1)))
    before = await store.head()
    # The smallest limit there is: the file as it is now.
    pragma(store, "PRAGMA max_page_count=1")
    with pytest.raises(StoreError, match="full"):
        await store.submit(Batch(events=samples.a_log(2, 500)))
    assert await store.head() == before
    pragma(store, "PRAGMA max_page_count=1000000")
    await store.submit(Batch(events=samples.a_log(2, 500)))
    assert (await robson_store.verify(store, before)).sequence == 501


async def test_torn_side_file_loses_only_what_was_not_acknowledged(
    sqlite: SqliteHarness, tmp_path: Path
) -> None:
    """A power cut while a batch is on its way: its frames end anywhere."""
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 20)))
    durable = side_size(sqlite.path_of(store))
    await store.submit(Batch(events=samples.a_log(21, 20)))
    whole = side_size(sqlite.path_of(store))
    assert whole > durable
    for number, size in enumerate(range(durable, whole, (whole - durable) // 7)):
        copy = tmp_path / f"torn-{number}.db"
        copy_files(sqlite.path_of(store), copy)
        os.truncate(f"{copy}-wal", size)
        torn = await sqlite.open_file(copy)
        assert (await robson_store.verify(torn, None)).sequence == 20


async def test_reading_after_closing_is_refused(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 1)))
    await store.close()
    with pytest.raises(StoreError):
        await store.positions.find_active()
    with pytest.raises(StoreError):
        await store.idle()


async def test_checkpoint_that_fails_does_not_undo_a_batch(
    sqlite: SqliteHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await sqlite.make()
    monkeypatch.setattr(module, "_ROWS_BETWEEN_CHECKPOINTS", 1)

    def fail(self: SqliteDatabase) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(SqliteDatabase, "_checkpoint", fail)
    durable = await store.submit(Batch(events=samples.a_log(1, 2)))
    assert durable.head == await store.head()


async def test_reader_sees_what_a_person_can_read(sqlite: SqliteHarness) -> None:
    """The file is an ordinary database once it is closed: text, no floats."""
    store = await sqlite.make()
    await store.submit(
        Batch(events=samples.one_of_each(), states=(samples.an_armed(1), samples.a_detector_of(1)))
    )
    await store.close()
    with sqlite3.connect(sqlite.path_of(store)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall()
        for (name,) in names:
            everything = f'SELECT * FROM "{name}"'
            content = connection.execute(everything)
            columns = [column[0] for column in content.description]
            for row in content:
                kinds = {name: type(value) for name, value in zip(columns, row, strict=True)}
                # Unknown is null, so that it takes no room in the index of what is known.
                assert kinds.pop("venue_position_ref", type(None)) is type(None)
                assert set(kinds.values()) <= {str, int}, name
    connection.close()
