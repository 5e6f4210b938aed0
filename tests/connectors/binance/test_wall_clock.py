"""The machine's clock stands still or jumps, and the connector does not notice.

Time comes by the ``Clock`` port. Of the libraries beneath only the HTTP connection pool reads a
clock of its own, to drop connections that were idle for long: a jump may cost a connection, and
never an order.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from freezegun import freeze_time

from robson_connectors.binance import ApiKeys, BinanceConnector, BinanceParts, hosts_of
from robson_domain.market import TradeTick
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, Options, running_exchange
from tests.connectors.binance.cassettes import main_flow
from tests.connectors.binance.rest.kit import BTC, NOW, SECOND, new_order

LONG_AGO: Final = "1999-12-31 23:59:59"
PATIENCE_S: Final = 20
DAY: Final = datetime.timedelta(days=1)
JUMPS: Final = (-DAY, datetime.timedelta(seconds=-30), datetime.timedelta(seconds=30), DAY)


class LoopClock:
    """Time by the event loop, which nothing here holds."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()

    def now_ns(self) -> int:
        return NOW + int((self._loop.time() - self._start) * SECOND)

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(max(0, ts - self.now_ns()) / SECOND)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Exchange, BinanceConnector]]:
    """Run an exchange and a connector that go by one clock, which is not the machine's."""
    clock = LoopClock()
    async with running_exchange(Options(now_ns=clock.now_ns)) as exchange:
        hosts = hosts_of(
            base_url=exchange.base_url, ws_url=exchange.ws_url, ws_api_url=exchange.ws_api_url
        )
        connector = BinanceConnector(
            BinanceParts(
                hosts=hosts,
                clock=clock,
                jitter=lambda: 0.5,
                notify=lambda *_: None,
                keys=ApiKeys(API_KEY, API_SECRET),
            )
        )
        try:
            # Who waits for a clock that stands still waits for ever.
            async with asyncio.timeout(PATIENCE_S):
                yield exchange, connector
        finally:
            await connector.close()


@pytest.fixture
def wall() -> Iterator[Any]:
    """The machine's clock, monotonic one included, standing still until it is moved."""
    with freeze_time(LONG_AGO, real_asyncio=True) as held:
        assert time.gmtime().tm_year == 1999
        first = time.monotonic()
        assert time.monotonic() == first
        yield held


async def test_a_clock_that_stands_still_is_not_asked(wall: Any) -> None:
    async with connected() as (exchange, connector):
        flow = await main_flow(connector)
        assert flow.exit.status is ReportStatus.FILLED
        for call in exchange.audit.calls():
            if "timestamp" in call.params:
                assert 0 <= call.at_ms - int(call.params["timestamp"]) < 1_000
        for report in (flow.entry, flow.question, flow.exit):
            assert NOW <= report.ts_received < NOW + 60 * SECOND


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_jump_between_two_orders_loses_neither(wall: Any, jump: datetime.timedelta) -> None:
    async with connected() as (exchange, connector):
        for number in range(3):
            name = f"robson_core_jump{number}"
            order = new_order(OrderSide.BUY, "0.002", client_order_id=name)
            assert (await connector.submit(order)).status is ReportStatus.FILLED
            wall.tick(jump)
        assert len(exchange.audit.fills_of("robson_core_jump")) == 3
        assert exchange.audit.double_fills() == {}


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_prices_go_on_over_a_jump(wall: Any, jump: datetime.timedelta) -> None:
    ticks: list[TradeTick] = []
    links: list[bool] = []
    async with connected() as (exchange, connector):
        connector.subscribe(BTC, ticks.append, lambda _, up: links.append(up))
        for _ in range(100):
            await asyncio.sleep(0.05)
            if links:
                break
        for _ in range(4):
            exchange.trade("BTCUSDT", "95000")
            await asyncio.sleep(0.1)
            wall.tick(jump)
    assert len(ticks) == 4
    assert links == [True]
    assert all(NOW <= tick.ts_received < NOW + 60 * SECOND for tick in ticks)
