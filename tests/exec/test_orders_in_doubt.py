"""Orders whose outcome nobody knows are asked about, never sent again."""

from __future__ import annotations

from itertools import pairwise

import pytest

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, Operation
from robson_domain import (
    CloseReason,
    EntryDenied,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    PositionStatus,
    Price,
)
from robson_exec import Daemon, Observation, OrderSent
from tests.exec.checks import check_quiet
from tests.exec.world import BTC, ETH, MS, SECOND, World, arm_request, memory_world

SUBMIT, QUERY, ACCOUNT = Operation.SUBMIT, Operation.QUERY_ORDER, Operation.ACCOUNT


async def booted() -> tuple[World, MemoryConnector, Daemon]:
    world, venue = await memory_world()
    return world, venue, await world.boot()


async def armed() -> tuple[World, MemoryConnector, Daemon]:
    world, venue, daemon = await booted()
    assert not (await daemon.desk.arm(arm_request())).code
    return world, venue, daemon


async def active() -> tuple[World, MemoryConnector, Daemon]:
    world, venue, daemon = await armed()
    venue.feed(BTC, Price(100))
    await world.settle()
    assert (await world.position()).status is PositionStatus.ACTIVE
    return world, venue, daemon


async def follow(world: World, venue: MemoryConnector, *prices: int, every: int = SECOND) -> None:
    """Let trades happen and time pass, as the market does."""
    for price in prices:
        venue.feed(BTC, Price(price))
        await world.pass_time(every)


async def end(
    world: World, venue: MemoryConnector, daemon: Daemon, alerts: tuple[str, ...] = ()
) -> None:
    await check_quiet(world, venue)
    assert tuple(world.alerts.names) == alerts
    assert not daemon.halted.is_set()
    assert (await daemon.stop()).is_saved


async def test_an_entry_that_was_executed_without_an_answer_is_found() -> None:
    world, venue, daemon = await armed()
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=SUBMIT), Fault(kind=FaultKind.DROP, times=2))
    await follow(world, venue, 100)
    position = await world.position()
    assert position.status is PositionStatus.ACTIVE
    assert position.entry_order is not None
    assert len(venue.book.orders) == 1
    names = await world.event_names()
    assert names.index("OrderInDoubt") < names.index("EntryFilled")
    await end(world, venue, daemon)


async def test_an_entry_that_never_arrived_is_dead_after_its_patience_and_not_sent_again() -> None:
    world, venue, daemon = await armed()
    venue.inject(Fault(kind=FaultKind.LOSE_REQUEST, on=SUBMIT))
    await follow(world, venue, 100)
    await world.pass_time(60 * SECOND)
    assert (await world.position()).status is PositionStatus.ENTERING
    await world.pass_time(20 * SECOND)
    position = await world.position()
    assert (position.status, position.close_reason) == (
        PositionStatus.CLOSED,
        CloseReason.NOT_ENTERED,
    )
    assert venue.book.orders == []
    assert "order_unresolved" in world.alerts.names
    world.alerts.told.clear()
    await end(world, venue, daemon)


@pytest.mark.parametrize("kind", [FaultKind.LOSE_REPLY, FaultKind.LOSE_REQUEST])
async def test_an_exit_without_an_answer_ends_flat_with_one_execution(kind: FaultKind) -> None:
    world, venue, daemon = await active()
    venue.inject(Fault(kind=kind, on=SUBMIT), Fault(kind=FaultKind.DROP))
    await follow(world, venue, 99)
    await world.pass_time(12 * SECOND)
    assert (await world.position()).status is PositionStatus.CLOSED
    assert [order.order.reduces for order in venue.book.orders] == [False, True]
    await end(world, venue, daemon)


async def test_an_exit_that_never_arrived_is_dead_only_after_its_deadline_and_two_snapshots() -> (
    None
):
    world, venue, daemon = await active()
    venue.inject(Fault(kind=FaultKind.LOSE_REQUEST, on=SUBMIT))
    begun = world.clock.now_ns()
    await follow(world, venue, 99)
    await world.pass_time(12 * SECOND)
    evidence = [e for e in await world.events() if isinstance(e, OrderInDoubt | OrderResolved)]
    resolved = evidence[-1]
    assert isinstance(resolved, OrderResolved)
    assert resolved.evidence.startswith("dead")
    assert 6 * SECOND <= resolved.timestamp - begun <= 11 * SECOND
    snapshots = [e.timestamp for e in evidence if isinstance(e, OrderInDoubt)][-2:]
    assert snapshots[1] - snapshots[0] >= 2 * SECOND
    await end(world, venue, daemon)


async def test_an_order_that_becomes_visible_late_is_not_taken_for_dead() -> None:
    world, venue, daemon = await active()
    venue.inject(
        Fault(kind=FaultKind.LOSE_REPLY, on=SUBMIT),
        Fault(kind=FaultKind.DROP),
        Fault(kind=FaultKind.LATE, times=4),
    )
    await follow(world, venue, 99)
    await world.pass_time(20 * SECOND)
    assert (await world.position()).status is PositionStatus.CLOSED
    assert len(venue.book.orders) == 2
    await end(world, venue, daemon)


async def test_questions_that_fail_are_asked_again() -> None:
    world, venue, daemon = await active()
    venue.inject(
        Fault(kind=FaultKind.LOSE_REPLY, on=SUBMIT),
        Fault(kind=FaultKind.DROP),
        Fault(kind=FaultKind.LOSE_REPLY, on=QUERY, times=5),
        Fault(kind=FaultKind.LOSE_REPLY, on=ACCOUNT, times=3),
    )
    await follow(world, venue, 99)
    await world.pass_time(20 * SECOND)
    assert (await world.position()).status is PositionStatus.CLOSED
    await end(world, venue, daemon)


@pytest.mark.parametrize("kind", [FaultKind.DUPLICATE, FaultKind.HOLD, FaultKind.DROP])
async def test_fills_reported_twice_out_of_order_or_never_count_once(kind: FaultKind) -> None:
    world, venue, daemon = await armed()
    venue.inject(
        Fault(kind=FaultKind.PARTIAL, parts=3), Fault(kind=kind), Fault(kind=kind, after=1)
    )
    await follow(world, venue, 100, 101, 102, 103)
    await world.pass_time(10 * SECOND)
    position = await world.position()
    assert position.entry_order is not None
    assert position.entry_qty == position.entry_order.order_qty
    assert position.entry_order.status.is_terminal
    await follow(world, venue, 101)
    assert (await world.position()).status is PositionStatus.CLOSED
    await end(world, venue, daemon)


async def test_an_order_the_venue_took_and_never_spoke_of_again_is_asked_about() -> None:
    world, venue, daemon = await armed()
    venue.feed(BTC, Price(100))
    venue.inject(Fault(kind=FaultKind.PARTIAL, parts=2), Fault(kind=FaultKind.DROP, times=2))
    await world.settle()
    venue.feed(BTC, Price(101))
    await world.settle()
    assert (await world.position()).entry_leaves
    await world.pass_time(2 * SECOND)
    assert not (await world.position()).entry_leaves
    await end(world, venue, daemon)


async def test_an_entry_that_did_not_leave_this_machine_ends_the_position() -> None:
    world, venue, daemon = await armed()
    venue.inject(Fault(kind=FaultKind.NOT_SENT, on=SUBMIT))
    await follow(world, venue, 100)
    assert (await world.position()).close_reason is CloseReason.NOT_ENTERED
    rejected = [e for e in await world.events() if isinstance(e, OrderRejected)]
    assert [e.code for e in rejected] == ["NOT_SENT"]
    await end(world, venue, daemon)


@pytest.mark.parametrize("kind", [FaultKind.NOT_SENT, FaultKind.REJECT])
async def test_an_exit_that_is_refused_is_decided_again_with_a_growing_pause(
    kind: FaultKind,
) -> None:
    world, venue, daemon = await active()
    venue.inject(Fault(kind=kind, on=SUBMIT, times=4))
    await follow(world, venue, 99, every=10 * SECOND)
    rejected = [e for e in await world.events() if isinstance(e, OrderRejected)]
    pauses = [b.timestamp - a.timestamp for a, b in pairwise(rejected)]
    assert len(rejected) == 4
    assert pauses == sorted(pauses)
    assert pauses[0] >= 250 * MS
    assert (await world.position()).status is PositionStatus.CLOSED
    assert len([o for o in venue.book.orders if o.order.reduces and o.fills]) == 1
    await end(world, venue, daemon, ("exit_rejected", "exit_rejected"))  # the third and the fourth


async def test_an_account_that_does_not_answer_is_asked_again() -> None:
    world, venue, daemon = await armed()
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=ACCOUNT, times=6))
    await follow(world, venue, 100, every=2 * SECOND)
    assert (await world.position()).status is PositionStatus.ACTIVE
    await end(world, venue, daemon)


async def test_an_account_that_stays_silent_denies_the_entry_and_is_asked_no_more() -> None:
    world, venue, daemon = await armed()
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=ACCOUNT, times=10_000))
    await follow(world, venue, 100, every=3 * SECOND)
    denied = [e for e in await world.events() if isinstance(e, EntryDenied)]
    assert [e.code for e in denied] == ["STALE_SIGNAL"]
    left = venue._script._lines[0][2]
    await world.pass_time(20 * SECOND)
    assert venue._script._lines[0][2] == left
    venue._script._lines.clear()
    await end(world, venue, daemon)


async def test_a_send_that_hangs_on_one_pair_delays_nothing_on_another() -> None:
    """60 s without an answer for BTC; the stop of ETH exits at its tick all the same."""
    world, venue, daemon = await booted()
    for name, symbol in (("btc", BTC), ("eth", ETH)):
        await daemon.desk.arm(arm_request(name, symbol))
    venue.feed(ETH, Price(100))
    await world.settle()
    assert (await world.position("eth")).status is PositionStatus.ACTIVE
    venue.inject(
        Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=60 * SECOND), Fault(kind=FaultKind.DROP)
    )
    venue.feed(BTC, Price(100))
    await world.settle()
    assert (await world.position("btc")).status is PositionStatus.ENTERING
    before = world.clock.now_ns()
    venue.feed(ETH, Price(99))
    await world.settle()
    position = await world.position("eth")
    assert position.status is PositionStatus.CLOSED
    assert position.closed_at == before
    await world.pass_time(12 * SECOND)
    assert (await world.position("btc")).status is PositionStatus.ACTIVE
    await end(world, venue, daemon)


async def test_a_send_that_hangs_is_in_doubt_after_ten_seconds() -> None:
    world, venue, daemon = await active()
    venue.inject(
        Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=60 * SECOND), Fault(kind=FaultKind.DROP)
    )
    sent: list[OrderSent] = []

    def listen(item: Observation) -> None:
        if isinstance(item, OrderSent):
            sent.append(item)

    daemon.bus.add_listener("test", listen)
    venue.inject(Fault(kind=FaultKind.LATE, times=4))
    await follow(world, venue, 99, every=9 * SECOND)
    assert sent == []
    await world.pass_time(2 * SECOND)
    assert [(item.code, item.duration_ns) for item in sent] == [("TIMEOUT", 10 * SECOND)]
    await world.pass_time(10 * SECOND)
    assert (await world.position()).status is PositionStatus.CLOSED
    await end(world, venue, daemon)


async def test_a_close_while_the_entry_is_in_doubt_is_remembered() -> None:
    world, venue, daemon = await armed()
    venue.inject(
        Fault(kind=FaultKind.LOSE_REPLY, on=SUBMIT),
        Fault(kind=FaultKind.DROP),
        Fault(kind=FaultKind.LOSE_REPLY, on=QUERY, times=3),
    )
    await follow(world, venue, 100, every=100 * MS)
    assert (await world.position()).status is PositionStatus.ENTERING
    assert not (await daemon.desk.close((await world.position()).position_id)).code
    await world.pass_time(5 * SECOND)
    position = await world.position()
    assert (position.status, position.exit_reason) == (PositionStatus.CLOSED, CloseReason.CLOSE)
    await end(world, venue, daemon)
