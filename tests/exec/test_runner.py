"""One consumer: what is decided, what becomes durable when, and what is released after it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, cast

import attrs
import pytest

from robson_domain import (
    ClosePosition,
    DetectorState,
    EntryOrderPlaced,
    InvariantError,
    LinkChanged,
    Position,
    PositionId,
    PositionStatus,
    Price,
    Reply,
    Snapshot,
    TradeTick,
    TrailingStopUpdated,
    ValidationError,
)
from robson_engine import Step
from robson_exec import FeedStatus, Observation, Published
from robson_exec import runner as module
from tests.exec.checks import check_quiet
from tests.exec.runner_rig import ONE, rig
from tests.exec.world import (
    BTC,
    MS,
    SECOND,
    T0,
    arm_request,
)


@pytest.mark.parametrize("inline", [True, False])
async def test_no_order_leaves_before_its_intent_is_durable(inline: bool) -> None:
    it = await rig(inline=inline)
    await it.daemon.desk.arm(arm_request())
    await it.feed(100, 101, 99)
    assert [order.reduces for order, _ in it.witness.orders] == [False, True]
    for order, durable in it.witness.orders:
        assert order.client_order_id in durable
    assert it.store.overlaps == 0
    await check_quiet(it.world, it.venue)
    await it.daemon.stop()


async def test_while_the_store_is_slow_nothing_leaves_and_stops_are_still_tested() -> None:
    it = await rig(inline=False)
    await it.daemon.desk.arm(arm_request())
    await it.feed(100)
    it.store.gate = asyncio.Event()
    it.venue.feed(BTC, Price(99))
    await asyncio.sleep(0.01)
    state = it.daemon._machine.state
    assert state.positions[ONE].status is PositionStatus.EXITING
    assert it.daemon.view.active()[0].status is PositionStatus.ACTIVE
    assert len(it.witness.orders) == 1
    it.store.gate.set()
    await it.feed(99)
    assert (await it.world.position()).status is PositionStatus.CLOSED
    await it.daemon.stop()


async def test_observers_see_only_what_is_durable() -> None:
    it = await rig()
    seen: list[int] = []

    def listen(item: Observation) -> None:
        if isinstance(item, Published):
            durable = [e.sequence for batch in it.store.written for e in batch.events]
            assert item.head.sequence == durable[-1] == item.events[-1].sequence
            assert it.daemon.view.head == item.head
            seen.extend(event.sequence for event in item.events)

    it.daemon.bus.add_listener("test", listen)
    await it.daemon.desk.arm(arm_request())
    await it.feed(100, 101, 99)
    assert seen == list(range(1, len(seen) + 1))
    assert it.daemon.bus.failures == {}
    await it.daemon.stop()


async def test_one_input_is_one_batch_with_its_state_and_intent() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    await it.feed(100)
    (entry,) = it.batches(EntryOrderPlaced)
    assert [intent.kind for intent in entry.intents] == ["ENTRY"]
    (position,) = [state for state in entry.states if isinstance(state, Position)]
    assert position.status is PositionStatus.ENTERING
    await it.daemon.stop()


async def test_moved_stops_ride_at_most_200_ms() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    await it.feed(100)
    begun, before = it.world.clock.now_ns(), len(it.store.written)
    for step in range(50):
        it.venue.feed(BTC, Price(str(Decimal(101) + Decimal(step) / 100)))
        await it.world.pass_time(20 * MS)
    moves = it.batches(TrailingStopUpdated)
    written = len(it.store.written) - before
    assert 1 <= written <= 6
    position = await it.world.position()
    assert position.best is not None
    seconds = (it.world.clock.now_ns() - begun) / SECOND
    assert seconds == pytest.approx(1)
    assert position.best >= Price("101.25")
    assert len(moves) == written
    await it.daemon.stop()


async def test_a_moved_stop_becomes_durable_though_nothing_more_comes() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    await it.feed(100)
    it.venue.feed(BTC, Price(105))
    await it.world.pass_time(500 * MS)
    assert (await it.world.position()).best == Price(105)
    await it.daemon.stop()


async def test_a_detectors_memory_rides_at_most_200_ms() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request(detector=_patient()))
    before = len(it.store.written)
    await it.feed(*[100] * 50, every=20 * MS)
    states = [s for b in it.store.written for s in b.states if isinstance(s, DetectorState)]
    assert 4 <= len(it.store.written) - before <= 7
    assert states[-1].mark >= 40
    it.venue.feed(BTC, Price(100))
    await it.world.pass_time(300 * MS)
    recovered = await it.world.store.recover()
    assert recovered.detectors[0].mark == 51
    await it.daemon.stop()


def _patient() -> Any:
    detector = arm_request().detector
    return attrs.evolve(detector, params=(*detector.params, ("seconds", "3600")))


async def test_a_position_that_is_armed_has_its_detectors_memory_in_the_same_batch() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    assert [type(state).__name__ for state in it.store.written[0].states] == [
        "Position", "Ledger", "DetectorState",
    ]  # fmt: skip
    await it.daemon.stop()


async def test_a_snapshot_is_taken_every_so_many_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SNAPSHOT_EVENTS", 5)
    it = await rig()
    for number in range(6):
        await it.daemon.desk.arm(arm_request(f"p{number}"))
        await it.daemon.desk.disarm(PositionId(f"p{number}"))
    taken = [s for b in it.store.written for s in b.states if isinstance(s, Snapshot)]
    assert [snapshot.sequence for snapshot in taken] == [5, 10]
    recovered = await it.world.store.recover()
    assert len(recovered.events) == 2
    await it.daemon.stop()


async def test_the_account_is_shown_with_the_last_price_before_it() -> None:
    """A price far from the signal's that arrives before the snapshot denies the entry."""
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    it.venue.feed(BTC, Price(100))
    it.venue.feed(BTC, Price("100.30"))  # more than a quarter of the distance of 1
    await it.world.settle()
    assert (await it.world.position()).denial_code == "PRICE_MOVED"
    await it.daemon.stop()


async def test_a_signal_is_decided_before_the_next_price() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    for price in (100, 50):
        it.venue.feed(BTC, Price(price))
    await it.world.settle()
    signal = (await it.world.position()).signal
    assert signal is not None
    assert signal.entry_price == Price(100)
    await it.daemon.stop()


async def test_a_price_is_decided_on_in_line_while_nothing_else_waits() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    await it.feed(100)
    machine = it.daemon._machine
    it.venue.feed(BTC, Price(101))
    assert machine.prices.of(BTC) == Price(101)
    it.venue.feed(BTC, Price(99))
    assert machine.state.positions[ONE].status is PositionStatus.EXITING
    assert len(it.witness.orders) == 1, "what follows waits for its batch"
    it.venue.feed(BTC, Price(98))
    assert machine.prices.of(BTC) == Price(99), "and what comes meanwhile for its turn"
    await it.world.settle()
    assert len(it.witness.orders) == 2
    await it.daemon.stop()


async def test_what_the_engine_cannot_bear_of_a_price_halts_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not the link that carried the price, which would go on with the next."""
    it = await rig()
    await it.daemon.desk.arm(arm_request())

    def fail(state: object, entry: object) -> Step:
        raise InvariantError("broken")

    monkeypatch.setattr(module, "step", fail)
    it.venue.feed(BTC, Price(100))
    await asyncio.wait_for(it.daemon.halted.wait(), 1)
    assert str(it.daemon.problem) == "broken"
    await it.daemon.stop()


async def test_an_input_no_engine_can_take_halts_the_machine() -> None:
    it = await rig()
    it.daemon.offer(cast(TradeTick, object()))
    await asyncio.wait_for(it.daemon.halted.wait(), 1)
    assert it.daemon.problem is not None
    assert it.world.alerts.names == ["machine_halted"]
    await it.daemon.stop()


async def test_a_command_that_is_not_valid_is_answered_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = await rig()

    def refuse(state: object, entry: object) -> Step:
        if isinstance(entry, ClosePosition):
            raise ValidationError("position", "is not one")
        raise ValidationError("link", "broken")

    monkeypatch.setattr(module, "step", refuse)
    reply = await it.daemon.desk.close(ONE)
    assert reply == Reply(
        command_id=reply.command_id, code="INVALID", message="position: is not one"
    )
    assert not it.daemon.halted.is_set()
    it.daemon.offer(LinkChanged(symbol=BTC, up=True, ts_received=T0))
    await asyncio.wait_for(it.daemon.halted.wait(), 1)
    assert str(it.daemon.problem) == "link: broken"
    await it.daemon.stop()


async def test_a_pair_is_followed_while_a_position_needs_it() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request("p1"))
    await it.daemon.desk.arm(arm_request("p2"))
    await it.daemon.desk.disarm(ONE)
    assert it.daemon.feeds.status(BTC) is FeedStatus.LIVE
    await it.feed(100)
    assert it.daemon.view.last_price(BTC) is not None
    await it.daemon.desk.panic()
    await it.world.settle()
    await it.feed(100)
    assert it.daemon.feeds.status(BTC) is FeedStatus.DOWN
    assert it.daemon.view.last_prices() == ()
    await it.daemon.desk.arm(arm_request("p3"))
    assert it.daemon.feeds.status(BTC) is FeedStatus.LIVE
    await it.daemon.stop()


async def test_a_flood_of_prices_does_not_keep_the_venue_waiting() -> None:
    """Between two slices of a backlog the loop turns, so that an exit leaves in time."""
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    await it.feed(100)
    for number in range(5_000):
        it.venue.feed(BTC, Price(99 if number == 1_000 else 100))
    left = []
    while len(it.witness.orders) < 2:
        await asyncio.sleep(0)
        left.append(len(it.daemon._machine.inbox.waiting))
    assert left[-1] > 3_000
    await it.world.settle()
    await it.daemon.stop()


async def test_time_counts_from_the_input_and_not_from_a_clock() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    assert (await it.world.position()).armed_at == T0
    await it.daemon.stop()
