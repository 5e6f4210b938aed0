"""The connector on the simulated exchange, as the conformance cards want to meet it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final

from robson_connectors.binance import ApiKeys, BinanceConnector, BinanceParts, hosts_of
from robson_domain.identity import ClientOrderId
from robson_domain.instrument import Instrument
from robson_domain.ports.holdings import HoldingsPort
from robson_domain.ports.lending import LendingPort
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.testing.execution_abilities import Question
from robson_domain.values import Price, Quantity
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, Options, running_exchange
from tests.binance_exchange.venue import FillPlan

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
SECOND = 1_000_000_000
SKEW_MS: Final = 90_000
"""The exchange's clock is this far from ours, so that nobody gets by with their own."""
REPAY: Final = "/sapi/v1/margin/borrow-repay"
PAUSE_S: Final = 0.02
"""Between two tries of a question that is going to fail: there are up to eight."""
ORDER, TRADES = "/sapi/v1/margin/order", "/sapi/v1/margin/myTrades"
ACCOUNT, OPEN = "/sapi/v1/margin/isolated/account", "/sapi/v1/margin/openOrders"
LOSSES: Final[dict[str, Mapping[str, object]]] = {
    "connection cut": {"kind": "close"},
    "503 unknown": {"kind": "unknown_503"},
    "page of a proxy": {"kind": "html"},
    "no body": {"kind": "empty"},
    "-1006": {"kind": "code", "code": -1006},
    "-1007": {"kind": "code", "code": -1007},
    "-1000": {"kind": "code", "code": -1000, "status": 400},
    "duplicate order": {
        "kind": "code", "code": -2010, "message": "Duplicate order sent.", "status": 400
    },
}  # fmt: skip
PATHS: Final = {
    Question.ORDER: ORDER,
    Question.OPEN_ORDERS: OPEN,
    Question.RESTING_ORDERS: OPEN,
    Question.FILLS: TRADES,
    Question.ACCOUNT_TRADES: TRADES,
    Question.ACCOUNT: ACCOUNT,
    Question.PAIR: ACCOUNT,
    Question.PAIRS: ACCOUNT,
    Question.DEBT: ACCOUNT,
    Question.TRADES: "/api/v3/aggTrades",
    Question.BARS: "/api/v3/klines",
}


def prepared(exchange: Exchange) -> Exchange:
    """Make an exchange unkind in the ordinary ways: another clock, orders filled in parts."""
    exchange.skew(SKEW_MS)
    exchange.partial_fill(1, 2, times=None)
    return exchange


class WallClock:
    """Time as it is.

    Attributes:
        longest_s: Whoever sleeps longer is woken then; a test need not wait out every pause.
    """

    longest_s: float | None = None

    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, ts: int) -> None:
        seconds = max(0, ts - time.time_ns()) / 1e9
        await asyncio.sleep(seconds if self.longest_s is None else min(seconds, self.longest_s))


class Harness:
    """One account and its market at the simulated exchange; both kinds of cards."""

    losses = tuple(LOSSES)
    secrets = (API_KEY, API_SECRET)

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.price = Price(95_000)
        self.quantity = Quantity("0.002")
        self.symbol = BTC
        self.interval = SECOND
        self.other_quantity = Quantity("0.3")
        self.clock = WallClock()
        self.problems: list[str] = []
        self.connectors: list[BinanceConnector] = []
        self.connector = self.make()
        self._rules: dict[Symbol, Instrument] = {}
        self._resting = 0
        self._had = 0

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
        for symbol in (BTC, ETH):
            self._rules[symbol] = await self.connector.instrument(symbol)

    @property
    def execution(self) -> BinanceConnector:
        return self.connector

    @property
    def market(self) -> BinanceConnector:
        return self.connector

    @property
    def holdings(self) -> HoldingsPort:
        return self.connector.holdings

    @property
    def lending(self) -> LendingPort:
        return self.connector.lending

    def owe(self, amount: Decimal) -> None:
        self.exchange.manual_borrow("BTCUSDT", "USDT", amount)

    @property
    def instrument(self) -> Instrument:
        return self._rules[BTC]

    @property
    def other(self) -> Instrument:
        return self._rules[ETH]

    def now_ns(self) -> int:
        return self.clock.now_ns()

    async def trade(self) -> None:
        await self.trades(1)

    async def trades(self, count: int) -> None:
        for number in range(count):
            await asyncio.sleep(0.02)
            self.exchange.trade("BTCUSDT", str(95_000 + number % 5))
            self.exchange.trade("ETHUSDT", str(2_000 + number % 5))
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

    # ------------------------------------------------------------------ misbehaving

    def fail(self, question: Question) -> None:
        code: dict[str, Any] = {"code": -1000, "status": 503, "times": None}
        self.exchange.fault("code", PATHS[question], "GET", **code)
        self.clock.longest_s = PAUSE_S

    def lose(self, loss: str, executed: bool) -> None:
        for method, path in (("POST", ORDER), ("DELETE", ORDER), ("POST", REPAY)):
            fault: dict[str, Any] = {"executed": executed, **LOSSES[loss]}
            self.exchange.fault(path=path, method=method, **fault)

    def turn_away(self) -> None:
        self.exchange.fault("limit", ORDER, "POST")

    def hide(self) -> None:
        self.exchange.late_visibility(200)

    def mend(self) -> None:
        self.clock.longest_s = None
        self.exchange.faults.clear()
        self.exchange.late_visibility(0)

    def fill_partly(self) -> None:
        plan = FillPlan(fraction=Price("0.5").value, parts=1, times=1, symbol="", side="")
        self.exchange.venue.plans.insert(0, plan)

    def disturb(self) -> None:
        self.exchange.event_fault("duplicate", "executionReport", times=1)
        self.exchange.event_fault("reorder", "executionReport", times=1)

    # ------------------------------------------------------------------------ links

    async def follow(self) -> None:
        for symbol in (BTC, ETH):
            self.connector.subscribe(symbol, lambda _: None, lambda *_: None)
        streams = self.exchange.user_streams
        await waited(lambda: len(streams.subscriptions) >= 2, "user streams of both pairs")

    async def settle(self) -> None:
        sent = -1
        while sent != self.exchange.user_streams.events_sent:
            sent = self.exchange.user_streams.events_sent
            await asyncio.sleep(0.1)

    def _heard(self) -> int:
        market = self.exchange.market_streams
        names = sum(len(market.names_of(socket)) for socket in market.talkers)
        return names + len(self.exchange.user_streams.subscriptions)

    async def cut(self) -> None:
        await waited(lambda: self.exchange.market_streams.talkers, "a stream to cut")
        self._had = self._heard()
        self.exchange.refuse_streams()
        self.exchange.drop_streams()
        await asyncio.sleep(0.2)

    async def heal(self) -> None:
        self.exchange.refuse_streams(refuse=False)
        await waited(lambda: self._heard() >= self._had, "what was subscribed to")
        await asyncio.sleep(0.2)

    # ------------------------------------------------------------------- the person

    def rest(self) -> ClientOrderId:
        placed = self.exchange.manual_order("BTCUSDT", "BUY", "0.001", type="LIMIT", price="90000")
        self._resting = placed.id
        return ClientOrderId(placed.ask.client_id)

    def take_back(self) -> None:
        self.exchange.manual_cancel("BTCUSDT", order_id=self._resting)

    def trade_by_hand(self, side: OrderSide, quantity: Quantity) -> None:
        self.exchange.manual_order("BTCUSDT", str(side), quantity.value)


async def waited(done: Callable[[], object], what: str) -> None:
    """Return once ``done``; give up after five seconds."""
    for _ in range(100):
        if done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what} did not come")


@asynccontextmanager
async def connected(*, is_kind: bool = False) -> AsyncIterator[Harness]:
    """Run an exchange, unkind in the ordinary ways unless ``is_kind``, and a connector on it."""
    async with running_exchange(Options(accrues=False)) as exchange:
        harness = Harness(exchange if is_kind else prepared(exchange))
        try:
            await harness.start()
            yield harness
        finally:
            await harness.end()
