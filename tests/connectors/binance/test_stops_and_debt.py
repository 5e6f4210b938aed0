"""Resting stops, the person's orders, debt and hints on the simulated exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import attrs
import pytest

from robson_domain.errors import DefinitiveVenueError
from robson_domain.holdings import RestingKind, position_ref
from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Side, Symbol
from robson_domain.values import Price, Quantity
from tests.binance_exchange import running_exchange
from tests.connectors.binance.harness import Harness
from tests.connectors.binance.rest.kit import BTC, new_order

BUY, SELL = OrderSide.BUY, OrderSide.SELL
ACCEPTED, FILLED = ReportStatus.ACCEPTED, ReportStatus.FILLED
PERSONS = "web_" + "0123456789abcdef" * 2


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with running_exchange() as exchange:
        made = Harness(exchange)
        try:
            await made.start()
            yield made
        finally:
            await made.end()


def order(name: str, side: OrderSide, quantity: str, *, reduces: bool = False) -> NewOrder:
    return new_order(side, quantity, reduces=reduces, client_order_id=f"robson_core_{name}")


def stop(name: str, quantity: str, at: int, side: OrderSide = SELL) -> NewOrder:
    return attrs.evolve(order(name, side, quantity, reduces=True), stop_price=Price(at))


async def until(seen: Callable[[], bool]) -> None:
    for _ in range(200):
        if seen():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("not seen within 4 s")


async def followed(harness: Harness) -> tuple[list[OrderReport], list[Symbol]]:
    """Follow the pair and return what is pushed and hinted from now on."""
    reports: list[OrderReport] = []
    hints: list[Symbol] = []
    harness.connector.subscribe_reports(reports.append)
    harness.connector.holdings.subscribe_hints(hints.append)
    harness.connector.subscribe(BTC, lambda _: None, lambda *_: None)
    await until(lambda: bool(hints))
    return reports, hints


async def test_a_stop_that_is_set_off_is_pushed_under_its_own_id(harness: Harness) -> None:
    entry = await harness.connector.submit(order("entry", BUY, "0.01"))
    reports, hints = await followed(harness)
    sent = await harness.connector.submit(stop("stop", "0.009", 94_000))
    await until(lambda: len(reports) == 1)
    hints.clear()
    await harness.trade_at(Price(94_000))
    await until(lambda: any(report.status is FILLED for report in reports))
    assert [report.status for report in reports] == [ACCEPTED, ACCEPTED, FILLED]
    assert {report.client_order_id for report in reports} == {"robson_core_stop"}
    assert {report.venue_order_id for report in reports} == {sent.venue_order_id}
    assert sent.venue_order_id not in ("", entry.venue_order_id)
    assert set(hints) == {BTC}
    asked = await harness.connector.query_order(BTC, sent.client_order_id)
    assert asked.fills == reports[-1].fills
    assert asked.venue_order_id == sent.venue_order_id


async def test_a_stop_that_was_set_off_and_found_no_price_is_canceled(harness: Harness) -> None:
    await harness.connector.submit(order("entry", BUY, "0.01"))
    sent = await harness.connector.submit(stop("stop", "0.009", 94_000))
    # Its limit is 3 % below the stop: the market jumps past it, and the order rests unexecuted.
    await harness.trade_at(Price(90_000))
    waiting = await harness.connector.query_order(BTC, sent.client_order_id)
    assert (waiting.status, waiting.fills) == (ACCEPTED, ())
    canceled = await harness.connector.cancel(BTC, sent.client_order_id)
    assert (canceled.status, canceled.filled_qty) == (ReportStatus.CANCELED, Quantity(0))
    sold = await harness.connector.submit(order("exit", SELL, "0.009", reduces=True))
    assert sold.status is FILLED


async def test_a_stop_canceled_after_part_of_it_tells_the_part(harness: Harness) -> None:
    await harness.connector.submit(order("entry", BUY, "0.01"))
    sent = await harness.connector.submit(stop("stop", "0.008", 94_000))
    harness.exchange.partial_fill("0.5")
    await harness.trade_at(Price(94_000))
    canceled = await harness.connector.cancel(BTC, sent.client_order_id)
    assert canceled.status is ReportStatus.CANCELED
    assert canceled.filled_qty == Quantity("0.004")
    assert sum(fill.quantity.value for fill in canceled.fills) == Decimal("0.004")


async def test_a_stop_locks_what_it_sells_and_borrows_nothing(harness: Harness) -> None:
    await harness.connector.submit(order("entry", BUY, "0.01"))
    await harness.connector.submit(stop("stop", "0.00999", 94_000))
    exit_ = await harness.connector.submit(order("exit", SELL, "0.009", reduces=True))
    assert (exit_.status, exit_.code) == (ReportStatus.REJECTED, "-2010")
    account = await harness.connector.account(BTC)
    assert not account.debt_base
    assert not account.debt_quote


async def test_a_position_is_called_by_the_order_that_opened_it(harness: Harness) -> None:
    entry = await harness.connector.submit(order("entry", BUY, "0.01"))
    harness.exchange.manual_order("BTCUSDT", "BUY", "0.002", client_id=PERSONS)
    ours, persons = await harness.connector.holdings.trades(BTC, None)
    assert ours.position_ref == position_ref(BTC, entry.venue_order_id)
    assert (ours.client_order_id, persons.client_order_id) == (entry.client_order_id, PERSONS)
    assert persons.venue_order_id not in ("", ours.venue_order_id)
    asked = await harness.connector.query_order(BTC, entry.client_order_id)
    assert asked.venue_order_id == entry.venue_order_id


async def test_the_persons_orders_are_told_apart_and_can_be_canceled(harness: Harness) -> None:
    await harness.connector.submit(order("entry", BUY, "0.01"))
    await harness.connector.submit(stop("stop", "0.004", 90_000))
    harness.exchange.manual_order(
        "BTCUSDT", "SELL", "0.005", type="LIMIT", price="99000", client_id=PERSONS
    )
    ours, persons = await harness.connector.holdings.resting_orders(BTC)
    assert ours.client_order_id.startswith("robson_")
    assert (persons.client_order_id, persons.kind) == (PERSONS, RestingKind.LIMIT)
    report = await harness.connector.cancel(BTC, persons.client_order_id)
    assert (report.status, report.client_order_id) == (ReportStatus.CANCELED, PERSONS)
    assert report.venue_order_id == persons.venue_order_id
    again = await harness.connector.cancel(BTC, persons.client_order_id)
    assert again.status is ReportStatus.CANCELED
    assert await harness.connector.holdings.resting_orders(BTC) == (ours,)


async def test_what_the_person_does_is_hinted(harness: Harness) -> None:
    _, hints = await followed(harness)
    for act in (
        lambda: harness.exchange.manual_order("BTCUSDT", "BUY", "0.002"),
        lambda: harness.exchange.deposit("BTCUSDT", "USDT", 5),
    ):
        hints.clear()
        act()
        await until(lambda: bool(hints))
        assert set(hints) == {BTC}
    hints.clear()
    harness.exchange.drop_streams("user")
    await until(lambda: len(hints) > 1)


async def test_a_debt_that_stayed_is_seen_and_paid_back(harness: Harness) -> None:
    entry = await harness.connector.submit(order("long", BUY, "0.2"))
    since = entry.ts_event
    assert (await harness.connector.account(BTC)).lends
    harness.exchange.accrue(3)
    harness.exchange.fail_repays_silently()
    await harness.connector.submit(order("exit", SELL, "0.1998", reduces=True))
    owed = await harness.connector.lending.debt(BTC, Side.LONG, since)
    charges = harness.exchange.venue.ledger.charges
    assert owed.interest == sum(each.interest for each in charges)
    assert owed.amount == harness.exchange.account("BTCUSDT").of("USDT").debt > 0
    assert owed.free > owed.amount
    with pytest.raises(DefinitiveVenueError) as told:
        await harness.connector.lending.repay(BTC, owed.asset, owed.amount + 1)
    assert told.value.code == "-3015"
    await harness.connector.lending.repay(BTC, owed.asset, owed.amount)
    assert (await harness.connector.lending.debt(BTC, Side.LONG, since)).amount == 0


async def test_a_connector_that_only_reads_leaves_no_stop_and_repays_nothing(
    harness: Harness,
) -> None:
    reader = harness.make(is_read_only=True)
    report = await reader.submit(stop("stop", "0.009", 94_000))
    assert (report.status, report.code) == (ReportStatus.REJECTED, "READ_ONLY")
    with pytest.raises(DefinitiveVenueError, match="not sent"):
        await reader.lending.repay(BTC, "USDT", Decimal(5))
    await reader.cancel(BTC, ClientOrderId(PERSONS))
    writes = [c for c in harness.exchange.audit.calls() if c.method in ("POST", "DELETE")]
    assert writes == []


async def test_a_cancel_finds_an_order_that_is_still_on_its_way(harness: Harness) -> None:
    await harness.connector.submit(order("entry", BUY, "0.01"))
    harness.exchange.fault("slow", "/sapi/v1/margin/order", "POST", delay_ms=400)
    sending = asyncio.ensure_future(harness.connector.submit(stop("stop", "0.009", 94_000)))
    await asyncio.sleep(0.2)
    canceled = await harness.connector.cancel(BTC, ClientOrderId("robson_core_stop"))
    assert (await sending).status is ACCEPTED
    assert canceled.status is ReportStatus.CANCELED
    assert await harness.connector.open_orders(BTC) == ()


async def test_a_report_alone_is_a_hint(harness: Harness) -> None:
    _, hints = await followed(harness)
    harness.exchange.event_fault("lose", "outboundAccountPosition", times=None)
    hints.clear()
    harness.exchange.manual_order("BTCUSDT", "BUY", "0.002")
    await until(lambda: bool(hints))
