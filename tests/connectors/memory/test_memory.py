"""What can be made to go wrong at the memory venue, and that the book stays right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from robson_connectors.memory import (
    FaultKind,
    MemoryConnector,
    Operation,
)
from robson_domain import decimals
from robson_domain.errors import (
    InDoubtError,
    RetryableVenueError,
    ValidationError,
)
from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.testing.clocks import SteppedClock
from robson_domain.values import Money, Price, Quantity
from tests.connectors.harnesses import BTC, ORIGIN, RULES, SECOND
from tests.connectors.memory.kit import Venue, fault

A = ClientOrderId("a")
BUY, SELL = OrderSide.BUY, OrderSide.SELL
FILLED, NOT_FOUND = ReportStatus.FILLED, ReportStatus.NOT_FOUND


# ---------------------------------------------------------------------------------- sends


async def test_a_lost_request_never_arrives() -> None:
    venue = Venue(fault(FaultKind.LOSE_REQUEST))
    with pytest.raises(InDoubtError):
        await venue.send()
    assert (await venue.asked()).status is NOT_FOUND
    assert venue.memory.script_is_over
    assert (await venue.send()).status is FILLED


async def test_a_lost_reply_is_an_executed_order() -> None:
    venue = Venue(fault(FaultKind.LOSE_REPLY))
    with pytest.raises(InDoubtError):
        await venue.send()
    assert (await venue.asked()).status is FILLED
    assert await venue.net() == 2
    assert [report.status for report in venue.reports] == [FILLED]


async def test_not_sent_is_safe_to_repeat() -> None:
    venue = Venue(fault(FaultKind.NOT_SENT))
    with pytest.raises(RetryableVenueError):
        await venue.send()
    assert (await venue.asked()).status is NOT_FOUND


async def test_a_late_answer_is_an_order_executed_at_once() -> None:
    venue = Venue(fault(FaultKind.DELAY, delay_ns=60 * SECOND))
    sending = asyncio.ensure_future(venue.send())
    await venue.clock.run_for(59 * SECOND)
    assert not sending.done()
    assert (await venue.asked()).status is FILLED
    await venue.clock.run_for(SECOND)
    assert (await sending).status is FILLED
    assert len(venue.reports) == 1


async def test_a_scripted_refusal() -> None:
    venue = Venue(fault(FaultKind.REJECT, code="-2010"))
    report = await venue.send()
    assert (report.status, report.code) == (ReportStatus.REJECTED, "-2010")
    assert (await venue.asked()).status is NOT_FOUND
    assert await venue.net() == 0


async def test_an_order_in_parts() -> None:
    venue = Venue(fault(FaultKind.PARTIAL, parts=3))
    report = await venue.send(quantity="0.50000")
    assert report.status is ReportStatus.PARTIALLY_FILLED
    assert [str(fill.quantity) for fill in report.fills] == ["0.16667"]
    assert len(await venue.memory.open_orders(BTC)) == 1
    venue.memory.feed(BTC, Price(101))
    venue.memory.feed(BTC, Price(102))
    done = await venue.asked()
    assert (done.status, str(done.filled_qty)) == (FILLED, "0.5")
    assert [str(fill.price) for fill in done.fills] == ["100", "101", "102"]
    assert await venue.net() == Decimal("0.5")
    assert [str(report.filled_qty) for report in venue.reports] == [
        "0.16667", "0.33334", "0.5",
    ]  # fmt: skip


async def test_a_canceled_rest_is_not_filled() -> None:
    venue = Venue(fault(FaultKind.PARTIAL))
    await venue.send()
    for _ in range(2):
        report = await venue.memory.cancel(BTC, A)
        assert (report.status, str(report.filled_qty)) == (ReportStatus.CANCELED, "1")
    venue.memory.feed(BTC, Price(101))
    assert await venue.net() == 1
    assert (await venue.memory.cancel(BTC, ClientOrderId("b"))).status is NOT_FOUND


async def test_a_cancel_whose_answer_is_lost_has_happened() -> None:
    venue = Venue(fault(FaultKind.PARTIAL), fault(FaultKind.LOSE_REPLY, on=Operation.CANCEL))
    await venue.send()
    with pytest.raises(InDoubtError):
        await venue.memory.cancel(BTC, A)
    assert (await venue.asked()).status is ReportStatus.CANCELED


async def test_without_a_price_the_next_trade_fills() -> None:
    clock = SteppedClock(ORIGIN)
    memory = MemoryConnector([RULES], Money(1_000), clock)
    order = NewOrder(
        client_order_id=A, symbol=BTC, side=BUY, quantity=Quantity("0.00001"), reduces=False
    )
    assert (await memory.submit(order)).status is ReportStatus.ACCEPTED
    assert (await memory.account(BTC)).borrowable_base == Quantity(0)
    memory.feed(BTC, Price(103))
    assert (await memory.query_order(BTC, A)).fills[0].price == Price(103)


# ------------------------------------------------------------------------------ questions


async def test_a_late_order_is_not_found_for_a_while() -> None:
    venue = Venue(fault(FaultKind.LATE, times=2))
    await venue.send()
    seen = [(await venue.asked()).status for _ in range(3)]
    assert seen == [NOT_FOUND, NOT_FOUND, FILLED]


async def test_a_stale_account_is_the_one_before_the_last_change() -> None:
    venue = Venue(fault(FaultKind.STALE, times=2))
    assert (await venue.memory.account(BTC)).net_qty == 0
    await venue.send()
    await venue.send("b")
    await venue.clock.run_for(SECOND)
    stale = await venue.memory.account(BTC)
    assert (decimals.text(stale.net_qty), stale.ts_event) == ("2", ORIGIN + SECOND)
    assert (await venue.memory.account(BTC)).net_qty == 4


@pytest.mark.parametrize("kind", [FaultKind.NOT_SENT, FaultKind.LOSE_REQUEST, FaultKind.LOSE_REPLY])
@pytest.mark.parametrize(
    "operation",
    [
        Operation.QUERY_ORDER,
        Operation.OPEN_ORDERS,
        Operation.FILLS_SINCE,
        Operation.ACCOUNT,
        Operation.TRADES_SINCE,
        Operation.BARS,
    ],
)
async def test_a_question_without_answer_may_be_repeated(
    kind: FaultKind, operation: Operation
) -> None:
    venue = Venue(fault(kind, on=operation))
    calls: dict[Operation, Callable[[], Awaitable[object]]] = {
        Operation.QUERY_ORDER: lambda: venue.memory.query_order(BTC, A),
        Operation.OPEN_ORDERS: lambda: venue.memory.open_orders(BTC),
        Operation.FILLS_SINCE: lambda: venue.memory.fills_since(BTC, None),
        Operation.ACCOUNT: lambda: venue.memory.account(BTC),
        Operation.TRADES_SINCE: lambda: venue.memory.trades_since(BTC, 0),
        Operation.BARS: lambda: venue.memory.bars(BTC, SECOND, 1),
    }
    with pytest.raises(RetryableVenueError):
        await calls[operation]()
    await calls[operation]()


async def test_a_delayed_question() -> None:
    venue = Venue(fault(FaultKind.DELAY, on=Operation.ACCOUNT, delay_ns=SECOND))
    asking = asyncio.ensure_future(venue.memory.account(BTC))
    await venue.clock.run_for(SECOND - 1)
    assert not asking.done()
    await venue.clock.run_for(1)
    assert (await asking).net_qty == 0


# -------------------------------------------------------------------------------- reports


async def push(venue: Venue, count: int) -> list[str]:
    """Let ``count`` orders fill by trades and return whose reports came, in order."""
    for number in range(count):
        venue.memory.inject(fault(FaultKind.PARTIAL))
        await venue.send(str(number))
    venue.reports.clear()
    venue.memory.feed(BTC, Price(100))
    return [report.client_order_id for report in venue.reports]


async def test_reports_as_they_should_be() -> None:
    assert await push(Venue(), 3) == ["0", "1", "2"]


async def test_dropped_reports() -> None:
    venue = Venue(fault(FaultKind.DROP, client_order_id="1", after=1))
    assert await push(venue, 3) == ["0", "2"]
    assert (await venue.asked("1")).status is FILLED


async def test_repeated_reports() -> None:
    venue = Venue(fault(FaultKind.DUPLICATE, client_order_id="1", after=1))
    assert await push(venue, 3) == ["0", "1", "1", "2"]


async def test_reordered_reports() -> None:
    venue = Venue(fault(FaultKind.HOLD, client_order_id="0", after=1))
    assert await push(venue, 3) == ["1", "0", "2"]


# --------------------------------------------------------------------------------- script


async def test_faults_wait_for_their_turn() -> None:
    venue = Venue(fault(FaultKind.NOT_SENT, after=2, times=2))
    outcomes = []
    for name in "abcde":
        try:
            outcomes.append((await venue.send(name)).status.value)
        except RetryableVenueError:
            outcomes.append("not sent")
    assert outcomes == ["filled", "filled", "not sent", "not sent", "filled"]


async def test_faults_for_one_order_spare_the_others() -> None:
    venue = Venue(fault(FaultKind.NOT_SENT, client_order_id="b"))
    await venue.send("a")
    with pytest.raises(RetryableVenueError):
        await venue.send("b")


@pytest.mark.parametrize(
    "wrong", [{"times": 0}, {"after": -1}, {"parts": 1}, {"delay_ns": -1}, {"on": Operation.REPORT}]
)
def test_faults_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        fault(FaultKind.DELAY, **wrong)
