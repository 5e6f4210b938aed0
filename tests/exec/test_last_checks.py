"""Before something is sent that reduces core's position, where somebody else has traded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    ClientOrderId,
    CloseReason,
    Intent,
    IntentId,
    IntentKind,
    OrderReport,
    Position,
    PositionStatus,
    Quantity,
    ReportStatus,
)
from robson_domain.identity import CORE_PREFIX
from robson_exec.safety.last_checks import LastChecks
from tests.exec.net_rig import BUY, SELL, NetRig, net_rig
from tests.exec.test_venue_stops import LIMITS, RESTS
from tests.exec.world import BTC, MS, SECOND


def an_exit(position: Position) -> Intent:
    return Intent(
        intent_id=IntentId("i"),
        position_id=position.position_id,
        kind=IntentKind.EXIT,
        n=1,
        symbol=BTC,
        side=SELL,
        quantity=position.open_qty,
        client_order_id=ClientOrderId("robson_core_y"),
        reason="exit",
        ts_created=0,
    )


def heard(rig: NetRig, name: str = "web_1", filled: str = "1") -> None:
    """The venue says that an order was executed."""
    now = rig.world.clock.now_ns()
    report = OrderReport(
        client_order_id=ClientOrderId(name),
        symbol=BTC,
        status=ReportStatus.FILLED,
        ts_event=now,
        ts_received=now,
        filled_qty=Quantity(filled),
    )
    rig.daemon._machine.hear(report)


async def sold_beside_a_deposit(rig: NetRig) -> Any:
    """Core's whole quantity is sold by hand, and as much lies there all the same."""
    position = await rig.enter()
    await rig.polls()
    rig.venue.holdings.deposit(BTC, "BTC", position.open_qty.value)
    await rig.polls(2)
    rig.trade(SELL, position.open_qty)
    return position


async def test_what_was_closed_by_hand_is_not_closed_out_of_a_deposit() -> None:
    async with net_rig() as rig:
        position = await sold_beside_a_deposit(rig)
        heard(rig)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(100 * MS)
        assert len(rig.sent(CORE_PREFIX)) == 1, "the entry alone"
        await rig.wait(6 * SECOND)
        after = await rig.world.position()
        assert (after.status, after.close_reason) == (PositionStatus.CLOSED, CloseReason.CLOSE)
        assert len(rig.sent(CORE_PREFIX)) == 1
        held = (await rig.venue.holdings.pair(BTC)).base.net
        assert held == position.open_qty.value


async def test_nor_does_a_stop_rest_on_it() -> None:
    async with net_rig(terms=RESTS, limits=LIMITS) as rig:
        position = await rig.enter()
        stop = position.working_stop
        assert stop is not None
        await rig.polls()
        rig.venue.holdings.deposit(BTC, "BTC", position.open_qty.value)
        await rig.polls(2)
        sent = len(rig.sent(CORE_PREFIX))
        await rig.venue.cancel(BTC, stop.client_order_id)
        rig.trade(SELL, position.open_qty)
        heard(rig)
        await rig.wait(10 * SECOND)
        assert len(rig.sent(CORE_PREFIX)) == sent
        after = await rig.world.position()
        assert (after.status, after.close_reason) == (
            PositionStatus.CLOSED,
            CloseReason.CLOSED_OUTSIDE,
        )


async def test_trades_beside_core_do_not_hold_its_exit() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        rig.trade(BUY, 2)
        rig.trade(SELL, 1)
        heard(rig)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(100 * MS)
        assert (await rig.world.position()).is_closed


@pytest.mark.parametrize(("name", "filled"), [("web_1", "0"), ("robson_core_x", "1")])
async def test_without_an_execution_of_others_nothing_is_asked(name: str, filled: str) -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        heard(rig, name, filled)
        slow = Fault(kind=FaultKind.DELAY, on=Operation.PAIR, times=9, delay_ns=9 * SECOND)
        rig.venue.inject(slow)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(100 * MS)
        assert (await rig.world.position()).is_closed


async def test_what_cannot_be_found_out_in_time_does_not_hold_an_exit() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        heard(rig)
        slow = Fault(kind=FaultKind.DELAY, on=Operation.PAIR, times=9, delay_ns=9 * SECOND)
        rig.venue.inject(slow)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(600 * MS)
        assert not (await rig.world.position()).is_closed
        await rig.wait(200 * MS)
        assert (await rig.world.position()).is_closed


async def test_after_a_start_the_first_order_is_checked_and_then_no_more() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        assert rig.net._checks._restless == set()
        again = LastChecks(rig.net._parts, lambda _: None)
        assert again._restless == {BTC}
        assert await again.objection(an_exit(position)) == ""
        assert again._restless == set()


async def test_a_deposit_alone_is_nothing() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls()
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(5))
        heard(rig)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(100 * MS)
        assert (await rig.world.position()).is_closed
