"""The whole connector on the simulated exchange: every card, and its halves together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

import pytest

from robson_connectors.binance import ApiKeys, BinanceConnector, BinanceParts, hosts_of
from robson_connectors.binance.execution import CAPABILITIES
from robson_domain.errors import RetryableVenueError
from robson_domain.instrument import Instrument
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.testing.execution_cards import EXECUTION_CARDS, ExecutionCard
from robson_domain.testing.market_cards import MARKET_CARDS, MarketCard
from robson_domain.values import Price, Quantity
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, running_exchange
from tests.connectors.binance.rest.kit import new_order

BTC = Symbol("BTCUSDT")
SECOND = 1_000_000_000


class WallClock:
    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(max(0, ts - time.time_ns()) / 1e9)


class Harness:
    """One account and its market at the simulated exchange; both kinds of cards."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.price = Price(95_000)
        self.quantity = Quantity("0.002")
        self.symbol = BTC
        self.interval = SECOND
        self.clock = WallClock()
        self.problems: list[str] = []
        self.connectors: list[BinanceConnector] = []
        self.connector = self.make()
        self._instrument: Instrument | None = None

    def make(self, *, keys: bool = True, is_read_only: bool = False) -> BinanceConnector:
        exchange = self.exchange
        hosts = hosts_of(
            base_url=exchange.base_url, ws_url=exchange.ws_url, ws_api_url=exchange.ws_api_url
        )
        made = BinanceConnector(
            BinanceParts(
                hosts=hosts,
                clock=self.clock,
                jitter=lambda: 0.5,
                notify=self._notify,
                keys=ApiKeys(API_KEY, API_SECRET) if keys else None,
                is_read_only=is_read_only,
            )
        )
        self.connectors.append(made)
        return made

    def _notify(self, name: str, facts: Mapping[str, str]) -> None:
        self.problems.append(name)

    async def start(self) -> None:
        self._instrument = await self.connector.instrument(BTC)

    @property
    def execution(self) -> BinanceConnector:
        return self.connector

    @property
    def market(self) -> BinanceConnector:
        return self.connector

    @property
    def instrument(self) -> Instrument:
        assert self._instrument is not None
        return self._instrument

    def now_ns(self) -> int:
        return self.clock.now_ns()

    async def trade(self) -> None:
        await self.trades(1)

    async def trades(self, count: int) -> None:
        for number in range(count):
            await asyncio.sleep(0.02)
            self.exchange.trade("BTCUSDT", str(95_000 + number % 5))
        await asyncio.sleep(0.1)

    async def trade_at(self, price: Price) -> None:
        self.exchange.trade("BTCUSDT", price.value)
        await asyncio.sleep(0.1)

    async def bars(self, count: int) -> None:
        end = (self.now_ns() // SECOND + count + 1) * SECOND
        while self.now_ns() < end:
            await asyncio.sleep(0.2)
            self.exchange.trade("BTCUSDT", "95000")

    async def reopen(self) -> None:
        self.connector = self.make()

    async def end(self) -> None:
        for connector in self.connectors:
            await connector.close()


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with running_exchange() as exchange:
        made = Harness(exchange)
        try:
            await made.start()
            yield made
        finally:
            await made.end()
        assert exchange.audit.cross_orders() == []


@pytest.mark.parametrize("card", [c for c in EXECUTION_CARDS if c.fits(CAPABILITIES)], ids=str)
async def test_execution(card: ExecutionCard, harness: Harness) -> None:
    await card.run(harness)


@pytest.mark.parametrize("card", [c for c in MARKET_CARDS if c.fits(CAPABILITIES)], ids=str)
async def test_market(card: MarketCard, harness: Harness) -> None:
    await card.run(harness)


def test_the_cards_are_chosen_by_what_the_connector_says(harness: Harness) -> None:
    assert harness.connector.capabilities == CAPABILITIES


def an_order(name: str) -> NewOrder:
    return new_order(OrderSide.BUY, "0.002", client_order_id=f"robson_core_{name}")


async def test_what_the_user_stream_says_reaches_the_sinks(harness: Harness) -> None:
    seen: list[OrderReport] = []
    harness.connector.subscribe_reports(seen.append)
    harness.connector.subscribe(BTC, lambda _: None, lambda *_: None)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if harness.exchange.audit.calls("POST", "/sapi/v1/userListenToken"):
            break
    await asyncio.sleep(0.5)  # the subscription follows its token
    await harness.connector.submit(an_order("a"))
    for _ in range(100):
        await asyncio.sleep(0.05)
        if any(report.status is ReportStatus.FILLED for report in seen):
            break
    assert {report.client_order_id for report in seen} == {"robson_core_a"}
    assert any(report.status is ReportStatus.FILLED for report in seen)


async def test_a_connector_that_only_reads_sends_nothing(harness: Harness) -> None:
    reader = harness.make(is_read_only=True)
    report = await reader.submit(an_order("shadow"))
    assert (report.status, report.code) == (ReportStatus.REJECTED, "READ_ONLY")
    assert (await reader.cancel(BTC, report.client_order_id)).status is ReportStatus.NOT_FOUND
    assert (await reader.account(BTC)).collateral
    writes = [c for c in harness.exchange.audit.calls() if c.method in ("POST", "DELETE")]
    assert writes == []


async def test_without_keys_the_market_is_there_and_no_account(harness: Harness) -> None:
    public = harness.make(keys=False)
    assert (await public.instrument(BTC)).symbol == BTC
    with pytest.raises(RetryableVenueError, match="no API key"):
        await public.account(BTC)
    assert API_KEY not in repr(public) + repr(harness.connector)
