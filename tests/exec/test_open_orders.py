"""What a venue counts and has not shown is asked for until it is known."""

from __future__ import annotations

import attrs

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, Operation
from robson_domain import (
    Backfill,
    ClientOrderId,
    Durable,
    OrderReport,
    OrderReported,
    Price,
    Quantity,
    ReportStatus,
    Symbol,
)
from robson_exec import Daemon
from robson_exec.pending import Unit
from tests.exec.checks import check_quiet
from tests.exec.world import BTC, MS, SECOND, World, arm_request, memory_world


async def active() -> tuple[World, MemoryConnector, Daemon, OrderReport]:
    """An active position, and the venue's report about its entry."""
    world, venue = await memory_world()
    daemon = await world.boot()
    await daemon.desk.arm(arm_request())
    venue.feed(BTC, Price(100))
    await world.settle()
    order = (await world.position()).entry_order
    assert order is not None
    return world, venue, daemon, await venue.query_order(BTC, order.client_order_id)


async def test_a_count_beyond_the_known_fills_is_asked_about_until_it_is_explained() -> None:
    world, venue, daemon, report = await active()
    more = attrs.evolve(report, filled_qty=report.filled_qty + Quantity(1), fills=())
    venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.QUERY_ORDER, times=3))
    daemon.offer(OrderReported(report=more))
    await world.settle()
    orders = daemon._machine.orders
    assert orders.is_wanted(report.client_order_id)
    await world.pass_time(30 * SECOND)
    assert orders.is_wanted(report.client_order_id)
    assert "order_unresolved" not in world.alerts.names
    await world.pass_time(60 * SECOND)
    assert "order_unresolved" in world.alerts.names
    await daemon.stop()


async def test_a_count_that_is_explained_is_asked_about_no_more() -> None:
    world, venue = await memory_world()
    daemon = await world.boot()
    await daemon.desk.arm(arm_request())
    venue.feed(BTC, Price(100))
    venue.inject(Fault(kind=FaultKind.PARTIAL, parts=2), Fault(kind=FaultKind.DROP, times=2))
    await world.settle()
    venue.feed(BTC, Price(100))
    order = venue.book.orders[0]
    bare = order.report(world.clock.now_ns(), ())
    daemon.offer(OrderReported(report=bare))
    await world.settle()
    position = await world.position()
    assert position.entry_qty == order.order.quantity
    assert not daemon._machine.orders.is_wanted(order.order.client_order_id)
    await world.pass_time(10 * SECOND)
    assert not daemon._machine.inquiries.running
    await check_quiet(world, venue)
    await daemon.stop()


async def test_a_report_about_somebody_elses_order_is_nobodys_business() -> None:
    world, _, daemon, report = await active()
    before = await world.event_names()
    other = attrs.evolve(
        report, client_order_id=ClientOrderId("by-hand-1"), filled_qty=Quantity(7), fills=()
    )
    daemon.offer(OrderReported(report=other))
    await world.pass_time(2 * SECOND)
    assert await world.event_names() == before
    assert not daemon._machine.inquiries.running
    await daemon.stop()


async def test_a_rejection_that_comes_after_the_fill_changes_nothing() -> None:
    world, venue, daemon, report = await active()
    before = await world.event_names()
    daemon.offer(OrderReported(report=attrs.evolve(report, status=ReportStatus.REJECTED, fills=())))
    await world.pass_time(2 * SECOND)
    assert await world.event_names() == before
    await check_quiet(world, venue)
    await daemon.stop()


async def test_a_back_fill_the_engine_asks_for_is_made() -> None:
    world, venue, daemon, _ = await active()
    asked: list[int] = []
    fetch = venue.trades_since

    async def listen(symbol: Symbol, after: int) -> object:
        asked.append(after)
        return await fetch(symbol, after)

    venue.trades_since = listen  # type: ignore[method-assign, assignment]
    machine = daemon._machine
    durable = Durable(head=daemon.view.head)
    machine._release(durable, Unit(commands=(Backfill(symbol=BTC, after_trade_id=0),)))
    await world.pass_time(MS)
    assert asked == [0]
    await daemon.stop()
