"""Looking at a database: a cut log is found without a head, and nothing is written or locked."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

import robson_store
from robson_domain import (
    Batch,
    ConfigurationError,
    HeadMismatch,
    Ledger,
    Money,
    PositionStatus,
    StoreError,
)
from robson_domain.testing import store_samples as samples
from robson_store import InUse
from robson_store.database import Write
from tests.store.harnesses import Harness, Numbered


async def written(path: Path, events: int = 8) -> None:
    store = await robson_store.open(f"sqlite:///{path}", ids=Numbered())
    ledger = attrs.evolve(Ledger.opening(Money(100)), sequence=events)
    await store.submit(Batch(events=samples.a_log(1, events), states=(ledger,)))
    await store.close()


def cut(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM events WHERE sequence = 8")
        connection.execute("DELETE FROM snapshots")
    connection.close()


async def test_a_cut_end_is_found_by_the_states_when_the_head_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await written(path)
    store = await robson_store.open_read_only(f"sqlite:///{path}", ids=Numbered())
    assert (await robson_store.verify(store, None)).sequence == 8
    await store.close()
    cut(path)
    store = await robson_store.open_read_only(f"sqlite:///{path}", ids=Numbered())
    with pytest.raises(HeadMismatch, match=r"events 8 to 8 are missing .* the ledger is stored"):
        await robson_store.verify(store, None)
    await store.close()


async def test_a_position_ahead_of_the_log_is_found_too(harness: Harness) -> None:
    store = await harness.make()
    await store.submit(Batch(events=samples.a_log(1, 2)))
    position = attrs.evolve(samples.a_position_in(1, PositionStatus.ACTIVE), sequence=5)
    await store.positions.save(position)
    with pytest.raises(HeadMismatch, match=f"position {position.position_id} is stored"):
        await robson_store.verify(store, None)


def seen_in(folder: Path) -> dict[str, int]:
    return {one.name: one.stat().st_mtime_ns for one in folder.iterdir()}


async def test_reading_leaves_the_folder_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await written(path)
    before = seen_in(tmp_path)
    store = await robson_store.open_read_only(f"sqlite:///{path}", ids=Numbered())
    assert len([event async for event in store.events.read()]) == 8
    with pytest.raises(StoreError, match="opened to be read"):
        await store.submit(Batch(events=samples.a_log(9, 1)))
    with pytest.raises(StoreError):
        await store._database.fetch("DELETE FROM events")  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="opened to be read"):
        await store._database.write([Write("DELETE FROM events")])  # type: ignore[attr-defined]
    await store.idle()
    await store.close()
    assert seen_in(tmp_path) == before


async def test_two_may_look_at_once(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await written(path)
    url = f"sqlite:///{path}"
    first = await robson_store.open_read_only(url, ids=Numbered())
    second = await robson_store.open_read_only(url, ids=Numbered())
    assert await first.head() == await second.head()
    await first.close()
    await second.close()


_HOLDER = """
import asyncio, sys, time
import robson_store
from robson_domain import Batch
from robson_domain.testing import store_samples as samples
from tests.store.harnesses import Numbered
async def main():
    store = await robson_store.open(sys.argv[1], ids=Numbered())
    await store.submit(Batch(events=samples.a_log(9, 1)))
    print("open", flush=True)
    time.sleep(60)
asyncio.run(main())
"""


@contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process has the database open, until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, f"sqlite:///{path}"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


async def test_a_database_that_is_open_elsewhere_is_in_use_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await written(path)
    url = f"sqlite:///{path}"
    early = await robson_store.open_read_only(url, ids=Numbered())
    with held(path):
        with pytest.raises(InUse, match="in use"):
            await robson_store.open_read_only(url, ids=Numbered())
        with pytest.raises(InUse, match="was started"):
            await early.ledger()
    await early.close()


async def test_after_a_kill_it_is_read_with_its_write_ahead_file(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await written(path)
    with held(path):
        pass
    assert (tmp_path / "robson.db-wal").stat().st_size
    store = await robson_store.open_read_only(f"sqlite:///{path}", ids=Numbered())
    assert (await robson_store.verify(store, None)).sequence == 9
    await store.close()


@contextmanager
def as_somebody() -> Iterator[None]:
    """Whoever runs the tests as root loses its rights for a while."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that everybody may look into and nobody may write to."""
    folder = Path(tempfile.mkdtemp(prefix="robson-read-"))
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def lock(folder: Path) -> None:
    for index in folder.glob("*-shm"):
        index.unlink()
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)


async def test_a_folder_without_the_right_to_write_is_read(locked: Path) -> None:
    await written(locked / "robson.db")
    lock(locked)
    with as_somebody():
        store = await robson_store.open_read_only(f"sqlite:///{locked}/robson.db", ids=Numbered())
        assert (await robson_store.verify(store, None)).sequence == 8
        await store.close()


async def test_what_cannot_be_read_says_what_to_do(locked: Path) -> None:
    path = locked / "robson.db"
    await written(path)
    with held(path):
        pass
    lock(locked)
    with as_somebody(), pytest.raises(StoreError, match="copy the folder to a place of your own"):
        await robson_store.open_read_only(f"sqlite:///{path}", ids=Numbered())


async def test_what_is_no_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no database .*robson\.db"):
        await robson_store.open_read_only(f"sqlite:///{tmp_path}/robson.db", ids=Numbered())
    (tmp_path / "robson.db").touch()
    with pytest.raises(ConfigurationError, match=r"robson\.db holds no log: it is empty"):
        await robson_store.open_read_only(f"sqlite:///{tmp_path}/robson.db", ids=Numbered())
    (tmp_path / "robson.db").write_bytes(b"no database at all " * 100)
    with pytest.raises(StoreError, match="not a SQLite database"):
        await robson_store.open_read_only(f"sqlite:///{tmp_path}/robson.db", ids=Numbered())
    store = await robson_store.open_read_only("memory://", ids=Numbered())
    assert (await store.head()).sequence == 0
