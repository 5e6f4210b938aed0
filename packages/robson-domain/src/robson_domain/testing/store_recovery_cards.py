"""The store cards about recovery and crashes; ``store_cards`` lists them."""

from __future__ import annotations

import attrs

from robson_domain.batch import Batch
from robson_domain.intents import IntentKind, IntentStatus
from robson_domain.ports.storage import Store
from robson_domain.position import PositionStatus
from robson_domain.testing import store_samples as samples
from robson_domain.testing.store_harness import (
    StoreHarness,
    events_in,
    everything_in,
    expect,
    refused,
)
from robson_domain.values import Quantity

# ---------------------------------------------------------------- recovery


async def st_400_waiting_detectors_are_recovered(harness: StoreHarness) -> None:
    """The memories of waiting detectors are recovered, the last of each."""
    store = await harness.make()
    first, second = samples.a_detector_of(1), samples.a_detector_of(2)
    states = (samples.an_armed(1), samples.an_armed(2), first, second)
    await store.submit(Batch(states=states))
    expect((await store.recover()).detectors, (first, second), "detectors")
    later = samples.a_detector_of(1, mark=5)
    await store.submit(Batch(states=(samples.a_detector_of(1, mark=4), later)))
    expect((await store.recover()).detectors, (later, second), "the last memory")


async def st_410_a_detector_ends_with_its_waiting(harness: StoreHarness) -> None:
    """A detector's memory ends with its waiting, and a late one does not come back."""
    store = await harness.make()
    for number, status in enumerate(PositionStatus, start=1):
        await store.submit(Batch(states=(samples.an_armed(number), samples.a_detector_of(number))))
        await store.submit(Batch(states=(samples.a_position_in(number, status),)))
        # What the detector said last may arrive with the state that ends it, or after it.
        late = (samples.a_position_in(number, status), samples.a_detector_of(number, mark=2))
        await store.submit(Batch(states=late))
        await store.submit(Batch(states=(samples.a_detector_of(number, mark=3),)))
    found = [state.position_id for state in (await store.recover()).detectors]
    expect(found, [samples.position_id(1)], "detectors of positions that still wait")


async def st_420_recovery_starts_at_the_last_snapshot(harness: StoreHarness) -> None:
    """Recovery starts at the last snapshot and reads only what came after it."""
    store = await harness.make()
    log = samples.a_log(1, 9)
    for place in (2, 4, 6, 7, 8):
        done = await store.events.get_latest_seq()
        batch = Batch(
            events=log[done:place],
            states=(samples.a_snapshot_at(place, samples.a_position_in(1, PositionStatus.ACTIVE)),),
        )
        await store.submit(batch)
    await store.submit(Batch(events=log[8:]))
    recovered = await store.recover()
    wanted = samples.a_snapshot_at(8, samples.a_position_in(1, PositionStatus.ACTIVE))
    expect(recovered.snapshot, wanted, "snapshot")
    expect(recovered.events, log[8:], "events after it")
    expect(recovered.head, samples.head_after(store.epoch, log), "head")


async def st_430_a_snapshot_has_its_place_in_the_log(harness: StoreHarness) -> None:
    """A snapshot belongs to a place of its batch in the log, any other is refused."""
    store = await harness.make()
    await store.submit(Batch(events=samples.a_log(1, 3)))
    for place in (2, 6):
        bad = Batch(events=samples.a_log(4, 2), states=(samples.a_snapshot_at(place),))
        await refused(store.submit(bad), f"a snapshot at {place} with events 4 and 5")
    await store.submit(Batch(states=(samples.a_snapshot_at(3),)))
    expect((await store.recover()).events, (), "events after the snapshot")
    again = samples.a_snapshot_at(3, samples.an_armed(1))
    await store.submit(Batch(events=samples.a_log(4, 2), states=(again,)))
    recovered = await store.recover()
    expect(recovered.snapshot, again, "the snapshot taken again")
    expect(recovered.events, samples.a_log(4, 2), "events after it")


async def _filled(store: Store) -> Store:
    """Write something of every kind, in more than one batch."""
    armed, active = samples.an_armed(1), samples.a_position_in(2, PositionStatus.ACTIVE)
    await store.submit(
        Batch(
            intents=(samples.an_intent_of(2), samples.an_intent_of(3)),
            events=samples.a_log(1, 4),
            states=(armed, active, samples.a_detector_of(1), samples.a_snapshot_at(4, active)),
        )
    )
    exiting = samples.a_position_in(2, PositionStatus.EXITING)
    leave = samples.an_intent_of(2, IntentKind.EXIT)
    done = samples.an_intent_in(2, IntentStatus.DONE)
    await store.submit(Batch(intents=(done, leave), events=samples.a_log(5, 2), states=(exiting,)))
    return store


async def st_500_everything_is_there_after_closing(harness: StoreHarness) -> None:
    """Everything is there after closing and opening again."""
    store = await _filled(await harness.make())
    before, epoch = await everything_in(store), store.epoch
    again = await harness.reopen(store)
    expect(again.epoch, epoch, "epoch")
    expect(await everything_in(again), before, "everything")


async def st_510_everything_is_there_after_a_crash(harness: StoreHarness) -> None:
    """Everything is there after a crash, from the last batch that was acknowledged."""
    store = await _filled(await harness.make())
    before, epoch = await everything_in(store), store.epoch
    again = await harness.crash(store)
    expect(again.epoch, epoch, "epoch")
    expect(await everything_in(again), before, "everything")


async def st_520_the_log_goes_on_after_a_crash(harness: StoreHarness) -> None:
    """The log goes on after a crash, without a gap."""
    store = await harness.make()
    log = samples.a_log(1, 6)
    for place in range(0, 6, 2):
        durable = await store.submit(Batch(events=log[place : place + 2]))
        expect(durable.head, samples.head_after(store.epoch, log[: place + 2]), "head")
        store = await harness.crash(store)
    await refused(store.submit(Batch(events=samples.a_log(8, 1))), "a gap after a crash")
    expect(await events_in(store), log, "events")


async def st_530_decisions_are_known_after_a_crash(harness: StoreHarness) -> None:
    """Decisions are known after a crash: the same one cannot be taken differently."""
    store = await harness.make()
    intent = samples.an_intent_of(1)
    await store.submit(Batch(intents=(intent,)))
    store = await harness.crash(store)
    rival = attrs.evolve(intent, quantity=Quantity(7))
    await refused(store.submit(Batch(intents=(rival,))), "a rewritten decision after a crash")
    expect(await store.intents.find_unresolved(), (intent,), "unresolved")


async def st_540_a_closed_store_takes_nothing(harness: StoreHarness) -> None:
    """A closed store takes nothing; closing twice is harmless."""
    store = await harness.make()
    await store.close()
    await store.close()
    await refused(store.submit(Batch(events=samples.a_log(1, 1))), "a batch after closing")
