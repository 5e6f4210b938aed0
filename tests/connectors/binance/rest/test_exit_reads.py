"""What is owed is known in time, or done without."""

from __future__ import annotations

import asyncio
import time

import pytest

from robson_connectors.binance.exit_reads import EXIT_READ_S, LEAD_NS
from robson_connectors.binance.pools import Lane
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.values import Price
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    BUY,
    ORDER,
    ORDER_ID,
    SELL,
    SHORT,
    Reply,
    Server,
    Venue,
    account_of,
    exit_of,
    new_order,
    order_answer,
    refused,
    said,
    usual,
)

OWED = said(account_of(base=SHORT))
FLAT = said(account_of())
HANGS = Reply(hang=True)


@pytest.fixture
async def short(server: Server, venue: Venue) -> Venue:
    """A pair on which a short is known to stand; its account was asked for once."""
    usual(server)
    server.script("GET", ACCOUNT, OWED)
    server.script("DELETE", ORDER, said(order_answer(status="CANCELED", fills=[])))
    await venue.account.balances(BTC, Lane.READ)
    await venue.market.rules(BTC)
    return venue


async def asked(server: Server, times: int) -> None:
    for _ in range(2_000):
        if len(server.asked("GET", ACCOUNT)) >= times:
            return
        await asyncio.sleep(0.001)
    pytest.fail("it was not asked for")


async def test_an_exit_that_buys_does_not_wait_long_for_what_is_owed(
    server: Server, short: Venue
) -> None:
    server.script("GET", ACCOUNT, HANGS)
    began = time.monotonic()
    report = await short.execution.submit(exit_of(BUY))
    assert report.status is ReportStatus.FILLED
    assert time.monotonic() - began < EXIT_READ_S + 0.5


async def test_what_is_owed_is_asked_beside_the_cancel(server: Server, short: Venue) -> None:
    await short.execution.cancel(BTC, ORDER_ID)
    await asked(server, 2)
    report = await short.execution.submit(exit_of(BUY))
    assert report.status is ReportStatus.FILLED
    assert len(server.asked("GET", ACCOUNT)) == 2


async def test_the_answer_keeps_an_exit_from_opening_a_long(server: Server, short: Venue) -> None:
    server.script("GET", ACCOUNT, FLAT)
    await short.execution.cancel(BTC, ORDER_ID)
    report = await short.execution.submit(exit_of(BUY))
    assert (report.status, report.code) == (ReportStatus.REJECTED, "NOTHING_TO_REDUCE")
    assert server.asked("POST", ORDER) == []


async def test_an_answer_serves_one_exit(server: Server, short: Venue) -> None:
    await short.execution.cancel(BTC, ORDER_ID)
    await short.execution.submit(exit_of(BUY))
    await short.execution.submit(exit_of(BUY))
    assert len(server.asked("GET", ACCOUNT)) == 3


async def test_an_old_answer_is_asked_for_again(server: Server, short: Venue) -> None:
    await short.execution.cancel(BTC, ORDER_ID)
    await asked(server, 2)
    short.clock.now += LEAD_NS + 1
    await short.execution.submit(exit_of(BUY))
    assert len(server.asked("GET", ACCOUNT)) == 3


async def test_the_later_of_two_cancels_asks_again(server: Server, short: Venue) -> None:
    server.script("GET", ACCOUNT, HANGS, OWED)
    await short.execution.cancel(BTC, ORDER_ID)
    await asked(server, 2)
    await short.execution.cancel(BTC, ORDER_ID)
    began = time.monotonic()
    await short.execution.submit(exit_of(BUY))
    assert time.monotonic() - began < EXIT_READ_S
    assert len(server.asked("GET", ACCOUNT)) == 3


async def test_a_refused_question_does_not_hold_up_the_exit(server: Server, short: Venue) -> None:
    server.script("GET", ACCOUNT, refused(-1100))
    assert (await short.execution.submit(exit_of(BUY))).status is ReportStatus.FILLED


async def test_nothing_is_asked_where_no_short_stands(server: Server, venue: Venue) -> None:
    usual(server)
    server.script("DELETE", ORDER, said(order_answer(status="CANCELED", fills=[])))
    await venue.execution.cancel(BTC, ORDER_ID)
    await venue.account.balances(BTC, Lane.READ)
    await venue.execution.cancel(BTC, ORDER_ID)
    await venue.execution.submit(exit_of(SELL))
    assert len(server.asked("GET", ACCOUNT)) == 1


async def test_closing_asks_nothing_more(server: Server, short: Venue) -> None:
    server.script("GET", ACCOUNT, HANGS)
    await short.execution.cancel(BTC, ORDER_ID)
    await asked(server, 2)
    await short.execution.close()
    await short.execution.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("owed")]


@pytest.mark.parametrize(("side", "at", "asked"), [(SELL, "59000", 2), (BUY, "61000", 3)])
async def test_a_stop_does_not_keep_the_pace_of_polls(
    server: Server, short: Venue, side: OrderSide, at: str, asked: int
) -> None:
    """At a start the account was read twice a moment ago; the first stop is not to wait for it."""
    await short.account.balances(BTC, Lane.READ)
    before = short.clock.now
    short.account.changed(BTC)
    stop = new_order(side, reduces=True, stop_price=Price(at))
    server.script("POST", ORDER, said(order_answer(status="NEW", executedQty="0", fills=[])))
    await short.execution.submit(stop)
    assert len(server.asked("GET", ACCOUNT)) == asked, "a sale is not asked about at all"
    assert short.clock.now == before
