"""Whatever is done to the stored log, somebody notices and the row is named."""

from __future__ import annotations

import sqlite3
from typing import Final, cast

import attrs
import psycopg
import pytest

from robson_domain import Batch, ChainBroken, Head, HeadMismatch, Store, StoreError, UnknownSchema
from robson_domain.chain import empty_head, link
from robson_domain.chain import verify as verify_in_memory
from robson_domain.testing import store_samples as samples
from robson_store import verify
from robson_store.sql import SqlStore
from robson_store.verification import extended
from tests.store.harnesses import MemoryHarness, PostgresHarness, SqliteHarness

Harness = SqliteHarness | PostgresHarness
LENGTH: Final = 8
MIDDLE: Final = 5


async def tamper(harness: Harness, store: Store, *statements: str) -> Store:
    """Close ``store``, change its database behind its back and open it again."""
    await store.close()
    url = harness.url_of(store)
    if isinstance(harness, SqliteHarness):
        path = harness.path_of(store)
        with sqlite3.connect(path) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        return await harness.open(url)
    with psycopg.connect(url, autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())
    return await harness.open(url)


async def a_log(harness: Harness) -> tuple[Store, Head]:
    store = await harness.make()
    durable = await store.submit(Batch(events=samples.a_log(1, LENGTH)))
    return store, durable.head


async def found(store: Store, exported: Head | None) -> str:
    """Return what verification says, and check the domain's own verification says the same."""
    rows = [(row.sequence, row.body, row.hash) async for row in store.events.rows()]
    with pytest.raises(StoreError) as other:
        verify_in_memory(store.epoch, rows, exported)
    with pytest.raises(StoreError) as caught:
        await verify(store, exported)
    assert (type(caught.value), str(caught.value)) == (type(other.value), str(other.value))
    return str(caught.value)


async def test_untouched_log_is_verified(database: Harness) -> None:
    store, head = await a_log(database)
    assert await verify(store, head) == head
    assert await verify(store, None) == head
    assert await verify(store, empty_head(store.epoch)) == head
    earlier = samples.head_after(store.epoch, samples.a_log(1, 3))
    assert await verify(store, earlier) == head


@pytest.mark.parametrize("row", [1, MIDDLE, LENGTH])
async def test_altered_content_is_named(database: Harness, row: int) -> None:
    store, head = await a_log(database)
    change = (
        f"UPDATE events SET body = replace(body, 'problem ', 'Problem ') WHERE sequence = {row}"
    )
    store = await tamper(database, store, change)
    assert await found(store, head) == (f"event {row}: its content or its predecessor was altered")


async def test_altered_hash_is_named(database: Harness) -> None:
    store, head = await a_log(database)
    store = await tamper(database, store, "UPDATE events SET hash = 'ab' WHERE sequence = 5")
    assert (await found(store, head)).startswith("event 5:")


@pytest.mark.parametrize("row", [1, MIDDLE])
async def test_deleted_row_is_named(database: Harness, row: int) -> None:
    store, head = await a_log(database)
    store = await tamper(database, store, f"DELETE FROM events WHERE sequence = {row}")
    assert await found(store, head) == f"event {row}: expected here, found event {row + 1}"


async def test_swapped_rows_are_named(database: Harness) -> None:
    store, head = await a_log(database)
    store = await tamper(
        database,
        store,
        "UPDATE events SET sequence = 99 WHERE sequence = 3",
        "UPDATE events SET sequence = 3 WHERE sequence = 4",
        "UPDATE events SET sequence = 4 WHERE sequence = 99",
    )
    assert (await found(store, head)).startswith("event 3:")


async def test_cut_tail_is_named(database: Harness) -> None:
    """The chain alone cannot see it; the exported head does."""
    store, head = await a_log(database)
    store = await tamper(database, store, "DELETE FROM events WHERE sequence > 6")
    assert await verify(store, None) == samples.head_after(store.epoch, samples.a_log(1, 6))
    assert await found(store, head) == "events 7 to 8 are missing from the end of the log"


async def test_rewritten_chain_is_named(database: Harness) -> None:
    """Every hash fits again; only the head outside the database knows better."""
    store, head = await a_log(database)
    rows = [row async for row in store.events.rows()]
    digest, changes = rows[3].hash, []
    for row in rows[4:]:
        body = row.body.replace("problem 5", "nothing")
        digest = link(digest, body)
        changes.append(
            f"UPDATE events SET body = '{body}', hash = '{digest}' WHERE sequence = {row.sequence}"
        )
    store = await tamper(database, store, *changes)
    assert (await verify(store, None)).sequence == LENGTH
    assert "event 8 is not the one whose hash was exported" in await found(store, head)


async def test_head_of_another_database_is_named(database: Harness) -> None:
    store, head = await a_log(database)
    foreign = attrs.evolve(head, epoch="elsewhere")
    assert "another database (elsewhere)" in await found(store, foreign)


@pytest.mark.parametrize(
    ("column", "named"), [("position_id", "position_id"), ("event_type", "type")]
)
async def test_column_that_disagrees_with_its_row_is_named(
    database: Harness, column: str, named: str
) -> None:
    """The hash covers the text alone, but queries go by the columns."""
    store, head = await a_log(database)
    change = f"UPDATE events SET {column} = 'position-7' WHERE sequence = 5"
    store = await tamper(database, store, change)
    with pytest.raises(ChainBroken, match=f"event 5: its column for {named} disagrees"):
        await verify(store, head)
    with pytest.raises(ChainBroken, match="event 5"):
        await store.recover()


@pytest.mark.parametrize("body", ['{"sequence":9}', "[1]", "null", "{", '{"sequence":8.0}'])
async def test_text_that_is_no_event_of_its_place_is_named(database: Harness, body: str) -> None:
    """Even with a hash that fits."""
    store, _ = await a_log(database)
    rows = [row async for row in store.events.rows()]
    digest = link(rows[-2].hash, body)
    change = f"UPDATE events SET body = '{body}', hash = '{digest}' WHERE sequence = 8"
    store = await tamper(database, store, change)
    with pytest.raises(ChainBroken, match="event 8: its co"):
        await verify(store, None)


async def test_recovery_refuses_a_broken_chain(database: Harness) -> None:
    store, _ = await a_log(database)
    store = await tamper(database, store, "UPDATE events SET hash = 'ab' WHERE sequence = 5")
    with pytest.raises(ChainBroken, match="event 5") as caught:
        await store.recover()
    assert caught.value.sequence == MIDDLE


async def _with_snapshot(harness: Harness) -> Store:
    store = await harness.make()
    await store.submit(Batch(events=samples.a_log(1, 4), states=(samples.a_snapshot_at(4),)))
    await store.submit(Batch(events=samples.a_log(5, 3)))
    return store


async def test_recovery_verifies_from_the_snapshot_on(database: Harness) -> None:
    """What lies before it is covered by the snapshot's own hash and by ``verify``."""
    store = await _with_snapshot(database)
    store = await tamper(database, store, "UPDATE events SET hash = 'ab' WHERE sequence = 2")
    assert len((await store.recover()).events) == 3
    with pytest.raises(ChainBroken, match="event 2"):
        await verify(store, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE snapshots SET body = replace(body, '10000', '90000')", "event 4: the snapshot"),
        ("UPDATE snapshots SET hash = 'ab'", "event 4: the snapshot taken here was altered"),
        ("UPDATE snapshots SET seal = 'ab'", "event 4: the snapshot taken here was altered"),
        ("UPDATE snapshots SET sequence = 5", "event 5: its snapshot was taken at 4"),
        ("UPDATE events SET hash = 'ab' WHERE sequence = 4", "not the event at which the snap"),
        ("DELETE FROM events WHERE sequence >= 4", "event 4: a snapshot was taken here, but"),
    ],
)
async def test_recovery_refuses_a_snapshot_that_does_not_fit(
    database: Harness, change: str, said: str
) -> None:
    store = await _with_snapshot(database)
    store = await tamper(database, store, change)
    with pytest.raises(ChainBroken, match=said):
        await store.recover()


async def test_snapshot_of_the_beginning_is_trusted(database: Harness) -> None:
    store = await database.make()
    await store.submit(Batch(states=(samples.a_snapshot_at(0),)))
    await store.submit(Batch(events=samples.a_log(1, 2)))
    recovered = await store.recover()
    assert recovered.snapshot == samples.a_snapshot_at(0)
    assert recovered.events == samples.a_log(1, 2)


async def test_event_of_an_unknown_version_stops_recovery(database: Harness) -> None:
    """The chain is whole, but nobody here knows what the event means."""
    store, _ = await a_log(database)
    rows = [row async for row in store.events.rows()]
    body = rows[-1].body.replace('"v":1', '"v":99')
    digest = link(rows[-2].hash, body)
    change = f"UPDATE events SET body = '{body}', hash = '{digest}' WHERE sequence = 8"
    store = await tamper(database, store, change)
    assert (await verify(store, None)).sequence == LENGTH
    with pytest.raises(UnknownSchema, match=r"event 8: .* 99 is not known"):
        await store.recover()
    with pytest.raises(UnknownSchema, match="event 8"):
        await store.events.find_by_position(samples.position_id(LENGTH % 3 + 1))


async def test_missing_epoch_is_refused(database: Harness) -> None:
    """A new epoch over an old log would give old decisions new ids."""
    store, _ = await a_log(database)
    with pytest.raises(StoreError, match="the row with its epoch is missing"):
        await tamper(database, store, "DELETE FROM meta")


async def test_memory_is_verified_too() -> None:
    store = await MemoryHarness().make()
    durable = await store.submit(Batch(events=samples.a_log(1, 3)))
    assert await verify(store, durable.head) == durable.head
    with pytest.raises(HeadMismatch):
        await verify(store, attrs.evolve(durable.head, sequence=9))


def _with_another(text: str, place: int) -> str:
    return text[:place] + ("#" if text[place] != "#" else "+") + text[place + 1 :]


async def test_any_changed_character_is_found() -> None:
    """Each character of a row in turn, text and hash."""
    store = await MemoryHarness().make()
    await store.submit(Batch(events=samples.a_log(1, MIDDLE)))
    row = [row async for row in store.events.rows()][-1]
    before = samples.head_after(store.epoch, samples.a_log(1, MIDDLE - 1))
    altered = [
        *(attrs.evolve(row, body=_with_another(row.body, n)) for n in range(len(row.body))),
        *(attrs.evolve(row, hash=_with_another(row.hash, n)) for n in range(len(row.hash))),
    ]
    for other in altered:
        with pytest.raises(ChainBroken, match="event 5: its content or its predecessor"):
            extended(before, other)
    assert extended(before, row).sequence == MIDDLE


async def test_three_snapshots_are_kept(database: Harness) -> None:
    """The last is used; the two before are for a person who doubts it."""
    store = await database.make()
    for place in range(1, 6):
        snapshot = samples.a_snapshot_at(place)
        await store.submit(Batch(events=samples.a_log(place, 1), states=(snapshot,)))
    kept = await cast(SqlStore, store)._database.fetch("SELECT sequence FROM snapshots")
    assert sorted(kept) == [(3,), (4,), (5,)]
