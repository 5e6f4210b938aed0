"""Files that go away under an open store, or are not there when it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from robson_domain import Batch, HeadMismatch, StoreError
from robson_domain.testing import store_samples as samples
from tests.store.harnesses import SqliteHarness, copy_files


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("lost", [("",), ("-wal",), ("", "-wal")])
async def test_nothing_is_saved_into_a_file_that_was_removed(
    sqlite: SqliteHarness, lost: tuple[str, ...]
) -> None:
    """It would be acknowledged, and gone with the process."""
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 1)))
    assert store.problem == ""
    path = sqlite.path_of(store)
    files = [path.with_name(path.name + end) for end in lost]
    for file in files:
        file.unlink()
    with pytest.raises(StoreError, match="removed or replaced while it was open"):
        await store.submit(Batch(events=samples.a_log(2, 1)))
    assert str(path) in store.problem
    assert (await store.head()).sequence == 1
    # What was saved can still be read, and nobody made a new file.
    assert len([row async for row in store.events.read()]) == 1
    assert not names(path.parent) & {file.name for file in files}


async def test_nothing_is_saved_into_a_file_that_was_replaced(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    path = sqlite.path_of(store)
    copy_files(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)
    with pytest.raises(StoreError, match="removed or replaced"):
        await store.submit(Batch(events=samples.a_log(1, 1)))


async def test_a_file_that_is_moved_back_is_used_again(sqlite: SqliteHarness) -> None:
    store = await sqlite.make()
    path = sqlite.path_of(store)
    away = path.rename(path.with_name("away.db"))
    with pytest.raises(StoreError, match="move it back"):
        await store.submit(Batch(events=samples.a_log(1, 1)))
    away.rename(path)
    await store.submit(Batch(events=samples.a_log(1, 1)))
    assert (await (await sqlite.crash(store)).head()).sequence == 1


@pytest.mark.parametrize("left", [None, b""])
async def test_a_lost_database_is_not_replaced_by_an_empty_one(
    sqlite: SqliteHarness, tmp_path: Path, left: bytes | None
) -> None:
    sqlite.head_path = tmp_path / "head.json"
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 3)))
    path = sqlite.path_of(store)
    await store.close()
    kept = path.read_bytes()
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    before = names(tmp_path)
    with pytest.raises(HeadMismatch, match="is gone or empty"):
        await sqlite.open(sqlite.url_of(store))
    assert names(tmp_path) == before
    assert left is None or path.read_bytes() == left
    path.write_bytes(kept)
    assert (await (await sqlite.open(sqlite.url_of(store))).head()).sequence == 3


async def test_a_database_that_is_in_its_side_file_alone_is_not_lost(
    sqlite: SqliteHarness, tmp_path: Path
) -> None:
    sqlite.head_path = tmp_path / "head.json"
    store = await sqlite.make()
    await store.submit(Batch(events=samples.a_log(1, 3)))
    assert (await (await sqlite.crash(store)).head()).sequence == 3
