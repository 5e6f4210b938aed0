"""The store cards about guards, names at the venue and stops there; ``store_cards`` lists them."""

from __future__ import annotations

from typing import Final

import attrs

from robson_domain.batch import Batch
from robson_domain.intents import IntentKind
from robson_domain.orders import OrderStatus
from robson_domain.position import PositionKind, PositionStatus
from robson_domain.symbols import Side
from robson_domain.testing import store_samples as samples
from robson_domain.testing.builders import SECOND, SYMBOL, T0
from robson_domain.testing.store_harness import StoreHarness, expect, refused
from robson_domain.values import Price

REF: Final = f"{SYMBOL}:4711"


async def st_280_a_stop_at_the_venue_is_a_decision_of_its_own(harness: StoreHarness) -> None:
    """A stop at the venue is a decision of its own, with its price."""
    store = await harness.make()
    leave = samples.an_intent_of(1, IntentKind.EXIT)
    stop = samples.an_intent_of(1, IntentKind.VENUE_STOP)
    await store.submit(Batch(intents=(leave, stop)))
    expect(await store.intents.get_intent(stop.intent_id), stop, "the stop")
    expect(await store.intents.get_intent(leave.intent_id), leave, "the exit of the same number")
    moved = attrs.evolve(stop, stop_price=Price(96))
    await refused(store.submit(Batch(intents=(moved,))), "the same stop at another price")
    expect(await store.intents.get_intent(stop.intent_id), stop, "the stop afterwards")
    signals = (await store.recover()).spent.signals
    expect(signals, (), "signals that led to an entry")


async def st_322_guards_are_none_of_core_s(harness: StoreHarness) -> None:
    """Guards are none of core's: found among the active, not by pair and side or venue's name."""
    store = await harness.make()
    guard = samples.a_guard_of(1, venue_position_ref=REF)
    core = samples.a_protected(2, REF)
    await store.submit(Batch(states=(guard,)))
    find = store.positions.find_active_by_symbol_and_side
    expect(await find(SYMBOL, Side.LONG), (), "core's on the pair of a guard")
    expect(await store.positions.find_by_venue_position_ref(REF), (), "core's by a guard's name")
    expect(await store.positions.find_by_id(guard.position_id), guard, "the guard by id")
    expect(await store.positions.find_active(), (guard,), "active")
    await store.submit(Batch(states=(core,)))
    expect(await find(SYMBOL, Side.LONG), (core,), "core's beside a guard")
    expect(await store.positions.find_by_venue_position_ref(REF), (core,), "core's by their name")
    expect(await store.positions.find_active(), (guard, core), "active with core's")


async def st_324_a_guard_handed_over_is_core_s_from_then_on(harness: StoreHarness) -> None:
    """A guard that the person handed over is core's from then on."""
    store = await harness.make()
    guard = samples.a_guard_of(1)
    await store.submit(Batch(states=(guard,)))
    given = attrs.evolve(guard, kind=PositionKind.CORE, venue_position_ref=REF)
    await store.submit(Batch(states=(given,)))
    find = store.positions.find_active_by_symbol_and_side
    expect(await find(SYMBOL, Side.LONG), (given,), "by pair and side")
    expect(await store.positions.find_by_venue_position_ref(REF), (given,), "by the venue's name")


async def st_326_positions_are_found_by_their_name_at_the_venue(harness: StoreHarness) -> None:
    """Core's positions that are not closed are found by what the venue calls them."""
    store = await harness.make()
    late = samples.a_protected(1, REF, armed_at=T0 + 90 * SECOND)
    other = samples.a_protected(2, f"{SYMBOL}:4712")
    unnamed = samples.a_protected(3)
    closed = attrs.evolve(
        samples.a_position_in(4, PositionStatus.CLOSED), venue_position_ref=f"{SYMBOL}:4713"
    )
    errored = attrs.evolve(
        samples.a_position_in(5, PositionStatus.ERROR), venue_position_ref=REF, side=Side.SHORT
    )
    await store.submit(Batch(states=(late, other, unnamed, closed, errored)))
    find = store.positions.find_by_venue_position_ref
    expect(await find(REF), (errored, late), "two of one name, in order of arming")
    expect(await find(other.venue_position_ref), (other,), "another name")
    expect(await find(closed.venue_position_ref), (), "a closed one")
    expect(await find("4711"), (), "a part of a name")
    expect(await find(""), (), "no name")
    named = attrs.evolve(unnamed, venue_position_ref=REF)
    gone = attrs.evolve(late, status=PositionStatus.CLOSED)
    await store.submit(Batch(states=(named, gone)))
    expect(await find(REF), (named, errored), "after one was named and one closed")


async def st_328_names_of_the_venue_are_any_text(harness: StoreHarness) -> None:
    """What a venue calls a position is kept and found as it is, whatever is in it."""
    store = await harness.make()
    names = ("a\x00b", "a", "cut \ud83d", "naïve “x”", "back\\slash", "'; DROP TABLE positions; --")
    positions = [samples.a_protected(n, name) for n, name in enumerate(names, start=1)]
    await store.submit(Batch(states=tuple(positions)))
    for position in positions:
        found = await store.positions.find_by_venue_position_ref(position.venue_position_ref)
        expect(found, (position,), f"the one called {position.venue_position_ref!r}")


async def st_335_stops_at_the_venue_follow_their_positions(harness: StoreHarness) -> None:
    """The stops of a position at the venue follow it as its other orders do."""
    store = await harness.make()
    past = samples.an_order_of(1, IntentKind.VENUE_STOP, OrderStatus.CANCELED, n=1)
    works = samples.an_order_of(1, IntentKind.VENUE_STOP, OrderStatus.ACCEPTED, n=2)
    position = samples.a_protected(1, past_stops=(past,), venue_stop=works)
    await store.submit(Batch(states=(position,)))
    find = store.orders.find_by_position
    entry = position.entry_order
    expect(await find(position.position_id), (entry, past, works), "orders of the position")
    expect(await store.orders.find_by_id(works.client_order_id), works, "the one that works")
    expect(await store.orders.find_pending(), (works,), "pending")
    ended = works.with_status("canceled")
    await store.submit(Batch(states=(attrs.evolve(position, venue_stop=ended),)))
    expect(await store.orders.find_by_id(works.client_order_id), ended, "taken back")
    expect(await store.orders.find_pending(), (), "pending afterwards")
