"""The store cards about decisions and states; ``store_cards`` lists them."""

from __future__ import annotations

import attrs

from robson_domain.batch import Batch
from robson_domain.events import PositionErrored
from robson_domain.identity import ClientOrderId, IntentId
from robson_domain.intents import INTENT_TRANSITIONS, IntentKind, IntentStatus
from robson_domain.orders import OrderStatus
from robson_domain.position import PositionStatus
from robson_domain.symbols import Side, Symbol
from robson_domain.testing import store_samples as samples
from robson_domain.testing.builders import SECOND, SYMBOL, T0
from robson_domain.testing.store_harness import (
    StoreHarness,
    events_in,
    everything_in,
    expect,
    refused,
)
from robson_domain.testing.unions import an_event
from robson_domain.values import Money, Price, Quantity

# ---------------------------------------------------------------- intents


async def st_200_an_intent_reads_back_equal(harness: StoreHarness) -> None:
    """An intent reads back equal."""
    store = await harness.make()
    intent = samples.an_intent_of(1)
    expect(await store.intents.get_intent(intent.intent_id), None, "before")
    await store.submit(Batch(intents=(intent,)))
    expect(await store.intents.get_intent(intent.intent_id), intent, "after")


async def st_210_the_same_intent_twice_changes_nothing(harness: StoreHarness) -> None:
    """The same intent twice changes nothing."""
    store = await harness.make()
    intent = samples.an_intent_of(1)
    await store.submit(Batch(intents=(intent, intent)))
    before = await everything_in(store)
    await store.submit(Batch(intents=(intent,)))
    await store.intents.record_intent(intent)
    expect(await everything_in(store), before, "everything")


async def st_220_a_decision_is_never_rewritten(harness: StoreHarness) -> None:
    """A decision is never rewritten: id, client order id and place are taken once."""
    store = await harness.make()
    intent = samples.an_intent_of(1)
    await store.submit(Batch(intents=(intent,)))
    other_id, other_order = IntentId("another"), ClientOrderId("robson_core_another")
    rivals = {
        "its id, another quantity": attrs.evolve(intent, quantity=Quantity(7)),
        "its id, another order": attrs.evolve(intent, client_order_id=other_order),
        "its id, another place": attrs.evolve(intent, n=2),
        "its order": attrs.evolve(intent, intent_id=other_id, n=2),
        "its place": attrs.evolve(intent, intent_id=other_id, client_order_id=other_order),
    }
    for what, rival in rivals.items():
        await refused(store.submit(Batch(intents=(rival,))), f"an intent with {what}")
        await refused(store.intents.record_intent(rival), f"recording one with {what}")
    expect(await store.intents.get_intent(intent.intent_id), intent, "the first decision")
    expect(await store.intents.get_intent(other_id), None, "the rival")
    expect(await store.intents.find_unresolved(), (intent,), "unresolved")


async def st_230_rivals_in_one_batch_are_refused(harness: StoreHarness) -> None:
    """Two rivals in one batch are refused."""
    store = await harness.make()
    intent = samples.an_intent_of(1)
    rival = attrs.evolve(intent, intent_id=IntentId("another"), n=2)
    await refused(store.submit(Batch(intents=(intent, rival))), "two intents with one order")
    expect(await store.intents.get_intent(intent.intent_id), None, "the first of them")


async def st_240_intents_follow_their_lifecycle(harness: StoreHarness) -> None:
    """Intents follow their lifecycle: every pair of statuses, allowed and not."""
    store = await harness.make()
    number = 0
    for status, steps in INTENT_TRANSITIONS.items():
        for after in IntentStatus:
            number += 1
            recorded = samples.an_intent_of(number)
            await store.submit(Batch(intents=(recorded,)))
            await store.submit(Batch(intents=(attrs.evolve(recorded, status=status),)))
            step = store.submit(Batch(intents=(attrs.evolve(recorded, status=after),)))
            if after is status or after in steps.values():
                await step
                wanted = after
            else:
                await refused(step, f"{status} to {after}")
                wanted = status
            found = await store.intents.get_intent(recorded.intent_id)
            expect(found and found.status, wanted, f"status after {status} to {after}")


async def st_250_an_intent_begins_recorded(harness: StoreHarness) -> None:
    """An intent begins recorded; an outcome nobody decided is refused."""
    store = await harness.make()
    for number, status in enumerate(IntentStatus):
        if status is IntentStatus.RECORDED:
            continue
        intent = samples.an_intent_in(number, status)
        await refused(store.submit(Batch(intents=(intent,))), f"a first sight of {status}")
        await refused(store.intents.complete_intent(intent), f"completing {status} unrecorded")
        expect(await store.intents.get_intent(intent.intent_id), None, "intent")


async def st_260_unresolved_intents_are_found_oldest_first(harness: StoreHarness) -> None:
    """Unresolved intents are found, oldest first, also by recovery."""
    store = await harness.make()
    ages = {1: 30, 2: 10, 3: 20, 4: 20, 5: 5, 6: 1}
    recorded = [samples.an_intent_of(n, ts_created=T0 + age) for n, age in ages.items()]
    await store.submit(Batch(intents=tuple(recorded)))
    doubted = attrs.evolve(recorded[2], status=IntentStatus.IN_DOUBT)
    done = attrs.evolve(recorded[4], status=IntentStatus.DONE)
    dead = attrs.evolve(recorded[5], status=IntentStatus.DEAD)
    await store.submit(Batch(intents=(doubted, done, dead)))
    wanted = (recorded[1], doubted, recorded[3], recorded[0])
    expect(await store.intents.find_unresolved(), wanted, "unresolved")
    expect((await store.recover()).unresolved, wanted, "recovered")


async def st_270_an_intent_is_recorded_and_completed(harness: StoreHarness) -> None:
    """An intent is recorded and completed; recording it once more does not take it back."""
    store = await harness.make()
    intent = samples.an_intent_of(1)
    done = attrs.evolve(intent, status=IntentStatus.DONE)
    await store.intents.record_intent(intent)
    await store.intents.complete_intent(done)
    expect(await store.intents.get_intent(intent.intent_id), done, "intent")
    await store.intents.record_intent(intent)
    expect(await store.intents.get_intent(intent.intent_id), done, "recorded once more")
    expect(await store.intents.find_unresolved(), (), "unresolved")


# ---------------------------------------------------------------- states


async def st_300_the_last_state_of_a_position_wins(harness: StoreHarness) -> None:
    """The last state of a position wins, also within one batch."""
    store = await harness.make()
    armed = samples.an_armed(1)
    expect(await store.positions.find_by_id(armed.position_id), None, "before")
    await store.submit(Batch(states=(armed,)))
    expect(await store.positions.find_by_id(armed.position_id), armed, "armed")
    entering = samples.a_position_in(1, PositionStatus.ENTERING)
    active = samples.a_position_in(1, PositionStatus.ACTIVE)
    await store.submit(Batch(states=(entering, active)))
    expect(await store.positions.find_by_id(armed.position_id), active, "active")
    raised = attrs.evolve(active, best=Price(110), stop=Price(108))
    await store.positions.save(raised)
    expect(await store.positions.find_by_id(armed.position_id), raised, "raised")


async def st_310_active_positions_come_in_order_of_arming(harness: StoreHarness) -> None:
    """Positions that are not closed come in order of arming."""
    store = await harness.make()
    late = samples.an_armed(1, armed_at=T0 + 90 * SECOND)
    closed = samples.a_position_in(2, PositionStatus.CLOSED)
    some = [samples.a_position_in(n, status) for n, status in enumerate(PositionStatus, start=3)]
    twin = samples.an_armed(20, armed_at=some[0].armed_at)
    await store.submit(Batch(states=(late, closed, *some)))
    await store.submit(Batch(states=(twin, late)))
    live = [position for position in some if not position.is_closed]
    expect(await store.positions.find_active(), (live[0], twin, *live[1:], late), "active")
    gone = attrs.evolve(twin, status=PositionStatus.CLOSED)
    await store.submit(Batch(states=(gone,)))
    expect(await store.positions.find_active(), (*live, late), "active without the closed one")


async def st_320_active_positions_are_found_by_pair_and_side(harness: StoreHarness) -> None:
    """Positions that are not closed are found by pair and side."""
    store = await harness.make()
    other = Symbol("ETHUSDT")
    states = (
        samples.an_armed(1, side=Side.SHORT),
        samples.an_armed(2),
        samples.an_armed(3, symbol=other),
        samples.a_position_in(4, PositionStatus.CLOSED),
        samples.a_position_in(5, PositionStatus.ACTIVE),
    )
    await store.submit(Batch(states=states))
    find = store.positions.find_active_by_symbol_and_side
    expect(await find(SYMBOL, Side.LONG), (states[1], states[4]), "longs")
    expect(await find(SYMBOL, Side.SHORT), (states[0],), "shorts")
    expect(await find(other, Side.LONG), (states[2],), "the other pair")
    expect(await find(other, Side.SHORT), (), "nobody")


async def st_330_orders_follow_their_positions(harness: StoreHarness) -> None:
    """The orders of a position follow it: by id, by position, while pending."""
    store = await harness.make()
    entering = samples.a_position_in(1, PositionStatus.ENTERING)
    rejected = samples.an_order_of(2, IntentKind.EXIT, OrderStatus.REJECTED, n=1)
    exiting = attrs.evolve(
        samples.a_position_in(2, PositionStatus.EXITING, exits=2), past_exits=(rejected,)
    )
    await store.submit(Batch(states=(exiting, entering)))
    entry, exit_ = exiting.entry_order, exiting.exit_order
    assert entry is not None
    assert exit_ is not None
    find = store.orders.find_by_position
    expect(
        await find(exiting.position_id), (entry, rejected, exit_), "orders of the one that leaves"
    )
    expect(await find(samples.position_id(9)), (), "orders of nobody")
    expect(await store.orders.find_by_id(exit_.client_order_id), exit_, "the exit")
    expect(await store.orders.find_by_id(ClientOrderId("none")), None, "no such order")
    expect(await store.orders.find_pending(), (entering.entry_order, exit_), "pending")
    closed = samples.a_position_in(2, PositionStatus.CLOSED, exits=2)
    await store.submit(Batch(states=(closed,)))
    expect(await store.orders.find_by_id(exit_.client_order_id), closed.exit_order, "executed")
    expect(await store.orders.find_pending(), (entering.entry_order,), "pending afterwards")


async def st_340_an_order_is_saved_alone(harness: StoreHarness) -> None:
    """An order is saved alone; those that are not terminal are pending, oldest first."""
    store = await harness.make()
    orders = [samples.an_order_of(n, status=s) for n, s in enumerate(OrderStatus, start=1)]
    for order in reversed(orders):
        await store.orders.save(order)
        found = await store.orders.find_by_id(order.client_order_id)
        expect(found, order, f"order {order.status}")
    pending = tuple(order for order in orders if not order.status.is_terminal)
    expect(await store.orders.find_pending(), pending, "pending, oldest first")


async def st_350_numbers_stay_exact(harness: StoreHarness) -> None:
    """Numbers stay exact, to the last of forty digits."""
    store = await harness.make()
    tiny, huge = "0.0000000000000000000000000000000000000001", "12345678901234567890.5"
    odd = Price("0.1234567890123456789012345678901234567891")
    position = attrs.evolve(
        samples.a_position_in(1, PositionStatus.ACTIVE),
        best=odd,
        open_qty=Quantity(tiny),
        realized_pnl=Money(f"-{huge}"),
    )
    intent = attrs.evolve(samples.an_intent_of(1), quantity=Quantity(huge))
    await store.submit(Batch(intents=(intent,), states=(position,)))
    expect(await store.positions.find_by_id(position.position_id), position, "position")
    expect(await store.intents.get_intent(intent.intent_id), intent, "intent")


async def st_360_texts_stay_as_they_are(harness: StoreHarness) -> None:
    """Texts stay as they are, control characters and halves of characters included."""
    store = await harness.make()
    problem = "naïve “quotes” \\ \x00 \x7f \ud800 \U0001f40b\n\t'; DROP TABLE events; --"
    event = an_event(PositionErrored, sequence=1, problem=problem)
    position = attrs.evolve(samples.an_armed(1), error=problem)
    await store.submit(Batch(events=(event,), states=(position,)))
    expect(await events_in(store), (event,), "event")
    expect(await store.positions.find_by_id(position.position_id), position, "position")
