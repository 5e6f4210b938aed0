"""A commit whose answer never comes: no row twice, no batch lost, whatever the wire does."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

import robson_store
from robson_domain import Batch, Durable, IntentStatus, PositionStatus, StoreError
from robson_domain.testing import store_samples as samples
from robson_store import read_head, verify
from robson_store.postgres_store import PostgresStore
from tests.store.harnesses import Numbered, PostgresHarness, break_connection
from tests.store.proxy import CuttingProxy, a_proxy

SEED = 20241004


@pytest.fixture
async def wire(fresh_url: Callable[[], str]) -> AsyncIterator[tuple[CuttingProxy, PostgresStore]]:
    """A store that speaks to its server through a proxy."""
    async with a_proxy(fresh_url()) as (proxy, url):
        store = await robson_store.open(url, ids=Numbered())
        yield proxy, cast(PostgresStore, store)
        await store.close()


def a_batch(first: int, count: int = 2, number: int = 1) -> Batch:
    return Batch(
        intents=(samples.an_intent_of(number),),
        events=samples.a_log(first, count),
        states=(samples.a_position_in(number, PositionStatus.ENTERING),),
    )


@pytest.mark.parametrize("count", [2, samples.BULK])
@pytest.mark.parametrize("cut", ["cut_after", "cut_before"])
async def test_batch_is_there_once(
    wire: tuple[CuttingProxy, PostgresStore], cut: str, count: int
) -> None:
    proxy, store = wire
    await store.submit(a_batch(1))
    setattr(proxy, cut, True)
    durable = await store.submit(a_batch(3, count, number=2))
    assert not getattr(proxy, cut)
    log = samples.a_log(1, 2 + count)
    assert durable.head == samples.head_after(store.epoch, log)
    assert tuple([event async for event in store.events.read()]) == log
    assert await verify(store, durable.head) == durable.head
    assert await store.intents.find_unresolved() == (
        samples.an_intent_of(1),
        samples.an_intent_of(2),
    )
    assert proxy.connections == 2 + 1  # the store, its migration, the store again


async def test_batch_without_events_is_written_again(
    wire: tuple[CuttingProxy, PostgresStore],
) -> None:
    """Its head says nothing, but writing it twice changes nothing."""
    proxy, store = wire
    await store.submit(a_batch(1))
    for number, cut in enumerate(("cut_after", "cut_before"), start=2):
        setattr(proxy, cut, True)
        await store.submit(
            Batch(intents=(samples.an_intent_of(number),), states=(samples.an_armed(number),))
        )
    assert len(await store.intents.find_unresolved()) == 3
    assert len(await store.positions.find_active()) == 3


@pytest.mark.parametrize("cut", ["cut_after", "cut_before"])
async def test_server_that_is_gone_for_longer(
    wire: tuple[CuttingProxy, PostgresStore], cut: str
) -> None:
    """The caller hears that it is not known, and submits the same batch again."""
    proxy, store = wire
    await store.submit(a_batch(1))
    setattr(proxy, cut, True)
    proxy.refuse = 1
    with pytest.raises(StoreError):
        await store.submit(a_batch(3, number=2))
    durable = await store.submit(a_batch(3, number=2))
    assert durable.head == samples.head_after(store.epoch, samples.a_log(1, 4))
    assert await verify(store, durable.head) == durable.head
    assert (await store.submit(a_batch(5, number=3))).head.sequence == 6


@pytest.mark.parametrize(("cut", "landed"), [("cut_after", True), ("cut_before", False)])
async def test_caller_that_asks_for_the_head_instead(
    wire: tuple[CuttingProxy, PostgresStore], cut: str, landed: bool
) -> None:
    """The port allows it: reopen, compare heads, go on from there."""
    proxy, store = wire
    setattr(proxy, cut, True)
    proxy.refuse = 1
    with pytest.raises(StoreError):
        await store.submit(a_batch(1))
    head = await store.head()
    assert head.sequence == (2 if landed else 0)
    following = a_batch(head.sequence + 1, number=2)
    assert (await store.submit(following)).head.sequence == head.sequence + 2


async def test_lost_again_while_making_sure(wire: tuple[CuttingProxy, PostgresStore]) -> None:
    """The rest of a batch that had landed is cut as well."""
    proxy, store = wire
    proxy.cut_after, proxy.refuse = True, 1
    with pytest.raises(StoreError):
        await store.submit(a_batch(1))
    proxy.cut_after = True
    durable = await store.submit(a_batch(1))
    assert durable.head == samples.head_after(store.epoch, samples.a_log(1, 2))
    assert (await store.submit(a_batch(3, number=2))).head.sequence == 4


async def test_another_batch_after_one_that_landed_unheard(
    wire: tuple[CuttingProxy, PostgresStore],
) -> None:
    proxy, store = wire
    proxy.cut_after, proxy.refuse = True, 1
    with pytest.raises(StoreError):
        await store.submit(a_batch(1))
    # Not the same batch, although it has the same place: it may not pass for written.
    with pytest.raises(StoreError, match="does not continue the log, which ends at 2"):
        await store.submit(Batch(events=samples.a_log(1, 1)))
    assert (await store.submit(a_batch(3, number=2))).head.sequence == 4


async def test_exported_head_follows(fresh_url: Callable[[], str], tmp_path: object) -> None:
    async with a_proxy(fresh_url()) as (proxy, url):
        path = f"{tmp_path}/head.json"
        store = await robson_store.open(url, ids=Numbered(), head_path=path)
        proxy.cut_after = True
        durable = await store.submit(a_batch(1))
        assert read_head(path) == durable.head
        proxy.cut_after, proxy.refuse = True, 1
        with pytest.raises(StoreError):
            await store.submit(a_batch(3, number=2))
        assert read_head(path) == durable.head
        assert read_head(path) != await store.head()
        assert read_head(path) == await store.head()
        await store.close()


async def test_reading_survives_a_cut(wire: tuple[CuttingProxy, PostgresStore]) -> None:
    _, store = wire
    await store.submit(a_batch(1))
    break_connection(store)
    assert len(await store.intents.find_unresolved()) == 1
    assert (await store.submit(a_batch(3, number=2))).head.sequence == 4


async def test_canceled_submit_leaves_no_riddle(wire: tuple[CuttingProxy, PostgresStore]) -> None:
    """Whoever cancels it can submit it again; it is in the log once."""
    _, store = wire
    chance = random.Random(SEED)
    for round_ in range(12):
        first = 2 * round_ + 1
        task = asyncio.create_task(store.submit(a_batch(first, number=round_)))
        await asyncio.sleep(chance.random() * 0.003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        durable = None if task.cancelled() else task.result()
        if durable is None:
            durable = await store.submit(a_batch(first, number=round_))
        assert durable.head.sequence == first + 1
    assert await verify(store, None) == await store.head()
    assert len(await store.intents.find_unresolved()) == 12


async def test_another_writer_is_noticed(postgres: PostgresHarness) -> None:
    """While we were away somebody else took the lock, wrote, and left."""
    store = cast(PostgresStore, await postgres.make())
    await store.submit(a_batch(1))
    break_connection(store)
    other = await postgres.open(postgres.url_of(store))
    await other.submit(Batch(events=samples.a_log(3, 1)))
    await other.close()
    for _ in range(2):
        with pytest.raises(StoreError, match="another process wrote to it; restart to recover"):
            await store.submit(a_batch(3, number=3))
    assert (await store.intents.get_intent(samples.an_intent_of(3).intent_id)) is None


async def insist(store: PostgresStore, batch: Batch) -> Durable:
    """Submit until it is known to be durable, as the daemon's committer does."""
    while True:
        with contextlib.suppress(StoreError):
            return await store.submit(batch)


async def test_many_cuts_at_random_moments(wire: tuple[CuttingProxy, PostgresStore]) -> None:
    """Nothing twice, nothing lost, over a hundred batches and as many kinds of luck."""
    proxy, store = wire
    chance = random.Random(SEED)
    acknowledged = 0
    while acknowledged < 100:
        proxy.cut_after, proxy.cut_before = (chance.random() < 0.3 for _ in range(2))
        proxy.refuse = chance.choice((0, 0, 0, 1))
        count = chance.choice((1, 3, 60))
        batch = a_batch(acknowledged + 1, count, number=acknowledged)
        acknowledged += count
        assert (await insist(store, batch)).head.sequence == acknowledged
    log = samples.a_log(1, acknowledged)
    assert await verify(store, None) == samples.head_after(store.epoch, log)
    recorded = await store.intents.find_unresolved()
    assert len(recorded) == len({intent.intent_id for intent in recorded})
    assert all(intent.status is IntentStatus.RECORDED for intent in recorded)
