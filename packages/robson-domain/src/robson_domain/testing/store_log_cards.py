"""The store cards about the log and about batches; ``store_cards`` lists them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import attrs

from robson_domain.batch import Batch, Durable
from robson_domain.chain import empty_head, link
from robson_domain.codec import dumps
from robson_domain.identity import NO_POSITION
from robson_domain.ports.storage import Recovered
from robson_domain.testing import store_samples as samples
from robson_domain.testing.conformance import CardFailed
from robson_domain.testing.store_harness import (
    StoreHarness,
    events_in,
    everything_in,
    expect,
    refused,
)
from robson_domain.values import Quantity

T = TypeVar("T")


# ---------------------------------------------------------------- the log


async def st_010_a_new_store_is_empty(harness: StoreHarness) -> None:
    """A new store is empty: its head is the hash of its epoch, and recovery finds nothing."""
    store = await harness.make()
    head = empty_head(store.epoch)
    expect(await store.head(), head, "head of a new store")
    nothing = Recovered(head=head, snapshot=None, events=(), detectors=(), unresolved=())
    expect(await store.recover(), nothing, "recovered from a new store")
    expect(await store.events.get_latest_seq(), 0, "latest sequence")
    expect(await events_in(store), (), "events")


async def st_020_every_store_has_its_own_epoch(harness: StoreHarness) -> None:
    """Every store has its own epoch, because ids are made from it."""
    one, other = await harness.make(), await harness.make()
    expect(bool(one.epoch), True, "an epoch is there")
    expect(one.epoch == other.epoch, False, "two stores share an epoch")


async def st_030_submit_returns_the_head_with_the_batch(harness: StoreHarness) -> None:
    """Submit returns the end of the log with the batch, chained to what came before."""
    store = await harness.make()
    first, second = samples.a_log(1, 3), samples.a_log(4, 1)
    wanted = samples.head_after(store.epoch, first)
    expect(await store.submit(Batch(events=first)), Durable(head=wanted), "after three events")
    wanted = samples.head_after(store.epoch, first + second)
    expect(await store.submit(Batch(events=second)), Durable(head=wanted), "after a fourth")
    expect(await store.head(), wanted, "head")
    expect(await store.events.get_latest_seq(), 4, "latest sequence")


async def st_040_every_type_of_event_reads_back_equal(harness: StoreHarness) -> None:
    """Every type of event reads back equal."""
    store = await harness.make()
    written = samples.one_of_each()
    await store.submit(Batch(events=written))
    expect(await events_in(store), written, "events")


async def st_050_events_are_read_in_part(harness: StoreHarness) -> None:
    """Events are read after a sequence and up to a limit."""
    store = await harness.make()
    log = samples.a_log(1, 7)
    await store.submit(Batch(events=log))
    expect(await events_in(store, after=5), log[5:], "after 5")
    expect(await events_in(store, after=2, limit=3), log[2:5], "three after 2")
    expect(await events_in(store, after=7), (), "after the last")
    expect(await events_in(store, limit=0), (), "none")


async def st_060_rows_are_the_canonical_text_and_its_chain(harness: StoreHarness) -> None:
    """Rows are the canonical text of the events, and the chain over it."""
    store = await harness.make()
    log = samples.a_log(1, 4)
    await store.submit(Batch(events=log))
    digest = empty_head(store.epoch).hash
    rows = [row async for row in store.events.rows()]
    expect(len(rows), len(log), "number of rows")
    for event, row in zip(log, rows, strict=True):
        digest = link(digest, dumps(event))
        found = (row.sequence, row.body, row.hash)
        expect(found, (event.sequence, dumps(event), digest), f"row {event.sequence}")
    expect([row.sequence async for row in store.events.rows(3)], [4], "rows after 3")


async def st_070_a_gap_is_refused(harness: StoreHarness) -> None:
    """A gap, a repetition or a swap is refused, and the log stays as it was."""
    store = await harness.make()
    await refused(store.submit(Batch(events=samples.a_log(2, 1))), "a log that begins at 2")
    await store.submit(Batch(events=samples.a_log(1, 2)))
    for first, what in ((4, "a gap"), (2, "a repetition"), (1, "a second beginning")):
        await refused(store.submit(Batch(events=samples.a_log(first, 1))), what)
    torn = (samples.an_event_at(3), samples.an_event_at(5))
    await refused(store.submit(Batch(events=torn)), "a gap within the batch")
    swapped = (samples.an_event_at(4), samples.an_event_at(3))
    await refused(store.submit(Batch(events=swapped)), "events in the wrong order")
    expect(await events_in(store), samples.a_log(1, 2), "events after the refusals")


async def st_080_many_events_in_one_batch(harness: StoreHarness) -> None:
    """Hundreds of events in one batch are one batch."""
    store = await harness.make()
    log = samples.a_log(1, samples.BULK)
    durable = await store.submit(Batch(events=log))
    expect(durable.head, samples.head_after(store.epoch, log), "head")
    expect(await events_in(store), log, "events")


async def st_090_events_are_found_by_position(harness: StoreHarness) -> None:
    """The events of a position are found, in sequence."""
    store = await harness.make()
    log = samples.a_log(1, 8)
    await store.submit(Batch(events=log))
    wanted = tuple(event for event in log if event.position_id == samples.position_id(2))
    found = await store.events.find_by_position(samples.position_id(2))
    expect(found, wanted, "events of position 2")
    expect(await store.events.find_by_position(samples.position_id(9)), (), "of nobody")
    account = samples.a_limit_at(9)
    await store.submit(Batch(events=(account,)))
    found = await store.events.find_by_position(NO_POSITION)
    expect(found, (account,), "events of the account")


async def st_100_one_event_is_appended(harness: StoreHarness) -> None:
    """One event is appended, if it continues the log."""
    store = await harness.make()
    await store.events.append(samples.an_event_at(1))
    await refused(store.events.append(samples.an_event_at(3)), "a gap")
    await store.events.append(samples.an_event_at(2))
    log = (samples.an_event_at(1), samples.an_event_at(2))
    expect(await events_in(store), log, "events")
    expect(await store.head(), samples.head_after(store.epoch, log), "head")


# ---------------------------------------------------------------- batches


async def st_110_a_batch_is_written_as_a_whole(harness: StoreHarness) -> None:
    """Intents, events and states of a batch are all there."""
    store = await harness.make()
    intent, position = samples.an_intent_of(1), samples.an_armed(1)
    log = samples.a_log(1, 2)
    await store.submit(Batch(intents=(intent,), events=log, states=(position,)))
    expect(await events_in(store), log, "events")
    expect(await store.intents.get_intent(intent.intent_id), intent, "intent")
    expect(await store.positions.find_by_id(position.position_id), position, "position")


async def st_120_a_refused_batch_leaves_nothing(harness: StoreHarness) -> None:
    """A refused batch leaves nothing, whatever part of it was at fault."""
    store = await harness.make()
    await store.submit(Batch(intents=(samples.an_intent_of(1),), events=samples.a_log(1, 1)))
    before = await everything_in(store)
    rival = attrs.evolve(samples.an_intent_of(1), quantity=Quantity(7))
    bad = Batch(
        intents=(samples.an_intent_of(2), rival),
        events=samples.a_log(2, 2),
        states=(samples.an_armed(2), samples.a_detector_of(2), samples.a_snapshot_at(3)),
    )
    await refused(store.submit(bad), "a batch with a rewritten intent")
    gap = attrs.evolve(bad, intents=(samples.an_intent_of(2),), events=samples.a_log(3, 1))
    await refused(store.submit(gap), "a batch with a gap")
    expect(await everything_in(store), before, "everything after two refused batches")
    expect(await store.intents.get_intent(samples.an_intent_of(2).intent_id), None, "intent")
    expect(await store.positions.find_by_id(samples.position_id(2)), None, "position")


async def st_130_a_refused_batch_does_no_harm(harness: StoreHarness) -> None:
    """A refused batch does no harm to the next."""
    store = await harness.make()
    await refused(store.submit(Batch(events=samples.a_log(5, 1))), "a gap")
    log = samples.a_log(1, 2)
    durable = await store.submit(Batch(events=log))
    expect(durable.head, samples.head_after(store.epoch, log), "head of the next batch")


async def st_140_an_empty_batch_changes_nothing(harness: StoreHarness) -> None:
    """An empty batch changes nothing."""
    store = await harness.make()
    await store.submit(Batch(events=samples.a_log(1, 1)))
    before = await everything_in(store)
    expect(await store.submit(Batch()), Durable(head=await store.head()), "head")
    expect(await everything_in(store), before, "everything")


async def st_150_inline_means_without_yielding(harness: StoreHarness) -> None:
    """A store that says it is inline never yields to the event loop in submit."""
    store = await harness.make()
    if not store.is_inline:
        return
    batch = Batch(
        intents=(samples.an_intent_of(1),),
        events=samples.a_log(1, samples.BULK),
        states=(samples.an_armed(1), samples.a_snapshot_at(samples.BULK)),
    )
    durable = _without_yielding(store.submit(batch))
    expect(durable, Durable(head=await store.head()), "durable")


def _without_yielding(attempt: Coroutine[Any, Any, T]) -> T:
    try:
        attempt.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    attempt.close()
    raise CardFailed("submit says it is inline, but yielded to the event loop")
