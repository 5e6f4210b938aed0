"""The REST half against the simulated exchange: every conformance card, and days that go wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Final

import attrs
import pytest

from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.execution import BinanceExecution
from robson_connectors.binance.holdings import BinanceHoldings
from robson_connectors.binance.limits import Limiter
from robson_connectors.binance.market_rest import MarketRest
from robson_connectors.binance.questions import Readers
from robson_connectors.binance.rest import RestClient
from robson_connectors.binance.signing import ApiKeys
from robson_connectors.binance.trades import TradeReader
from robson_connectors.transport.http import HttpClient, Timeouts
from robson_domain.errors import InDoubtError
from robson_domain.holdings import RestingKind
from robson_domain.instrument import Instrument
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.testing import execution_abilities as abilities
from robson_domain.testing.execution_cards import EXECUTION_CARDS, ExecutionCard
from robson_domain.values import Price, Quantity
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, Options, running_exchange
from tests.connectors.binance.rest.kit import new_order

BTC = Symbol("BTCUSDT")
BUY, SELL = OrderSide.BUY, OrderSide.SELL
ORDER = "/sapi/v1/margin/order"
FILLED = ReportStatus.FILLED


BUNCHED: Final = 5
"""Requests that leave in time move closer together on their way through a busy machine."""
WHOLE: Final = "the whole connector is asked: tests/connectors/binance/test_connector.py"


class WallClock:
    def now_ns(self) -> int:
        return time.time_ns()

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(max(0, ts - time.time_ns()) / 1e9)


class Harness:
    """One account at the simulated exchange, without its streams."""

    without: Mapping[type, str] = dict.fromkeys(
        (
            abilities.LossyHarness,
            abilities.FailingHarness,
            abilities.LateHarness,
            abilities.PartialHarness,
            abilities.PushHarness,
            abilities.LinkHarness,
            abilities.PersonHarness,
            abilities.PairsHarness,
            abilities.SecretHarness,
            abilities.LendingHarness,
        ),
        WHOLE,
    )

    def __init__(self, exchange: Exchange, instrument: Instrument | None = None) -> None:
        self.exchange = exchange
        self.price = Price(95_000)
        self.quantity = Quantity("0.002")
        self.clock = WallClock()
        self.clients: list[RestClient] = []
        self._open()
        self._instrument = instrument

    def _open(self) -> None:
        url = self.exchange.base_url
        rest = RestClient(
            HttpClient([url], Timeouts(total_s=0.5)),
            url,
            self.clock,
            limiter=Limiter(self.clock),
            keys=ApiKeys(API_KEY, API_SECRET),
        )
        self.clients.append(rest)
        self.market = MarketRest(rest, self.clock)
        account, trades = AccountReader(rest, self.clock), TradeReader(rest)
        readers = Readers(market=self.market, account=account, trades=trades)
        self.execution = BinanceExecution(rest, readers, self.clock)
        self.holdings = BinanceHoldings(account, trades)

    async def start(self) -> None:
        self._instrument = await self.market.instrument(BTC)

    @property
    def instrument(self) -> Instrument:
        assert self._instrument is not None
        return self._instrument

    def now_ns(self) -> int:
        return self.clock.now_ns()

    async def trade(self) -> None:
        self.exchange.trade("BTCUSDT", "95000")
        await asyncio.sleep(0.01)

    async def trade_at(self, price: Price) -> None:
        self.exchange.trade("BTCUSDT", price.value)
        await asyncio.sleep(0.01)

    async def reopen(self) -> None:
        self._open()

    async def end(self) -> None:
        for client in self.clients:
            await client.close()


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    async with running_exchange(Options(accrues=False)) as exchange:
        made = Harness(exchange)
        await made.start()
        yield made
        await made.end()
        assert exchange.audit.cross_orders() == []
        # A second process does not know what the first one has just sent.
        assert exchange.audit.request_rate() <= 20 * len(made.clients) + BUNCHED


@pytest.mark.parametrize("card", EXECUTION_CARDS, ids=str)
async def test_card(card: ExecutionCard, harness: Harness) -> None:
    if not card.fits(harness.execution.capabilities) or card.excuse(harness):
        pytest.skip(card.excuse(harness) or card.title)
    await card.run(harness)


def order(
    name: str, side: OrderSide, quantity: str = "0.002", *, reduces: bool = False
) -> NewOrder:
    return new_order(side, quantity, reduces=reduces, client_order_id=f"robson_core_{name}")


def a_stop(name: str, side: OrderSide, quantity: str, at: int) -> NewOrder:
    return attrs.evolve(order(name, side, quantity, reduces=True), stop_price=Price(at))


async def debts(harness: Harness) -> tuple[Decimal, Decimal]:
    account = await harness.execution.account(BTC)
    return account.debt_base.value, account.debt_quote.value


async def test_a_long_on_borrowed_money_and_back(harness: Harness) -> None:
    ask = harness.execution
    await ask.submit(order("long", BUY, "0.2"))
    assert (await debts(harness))[1] > 0
    held = harness.instrument.round_qty_down((await ask.account(BTC)).net_qty)
    report = await ask.submit(order("flat", SELL, str(held), reduces=True))
    assert report.status is FILLED
    assert await debts(harness) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("fault", ["timeout", "close", "unknown_503", "html", "empty"])
@pytest.mark.parametrize("executed", [True, False])
async def test_an_order_whose_answer_is_lost(harness: Harness, fault: str, executed: bool) -> None:
    struck = harness.exchange.fault(fault, ORDER, "POST", executed=executed)
    entry = order("lost", BUY)
    with pytest.raises(InDoubtError):
        await harness.execution.submit(entry)
    assert struck.hits == 1
    report = await harness.execution.query_order(BTC, entry.client_order_id)
    assert report.status is (FILLED if executed else ReportStatus.NOT_FOUND)
    assert harness.exchange.audit.double_fills() == {}
    fills = harness.exchange.audit.fills_of("robson_core_")
    assert len(fills) == len(report.fills) == int(executed)


@pytest.mark.parametrize("skew_ms", [-90_000, 90_000])
async def test_a_clock_that_is_off(harness: Harness, skew_ms: int) -> None:
    harness.exchange.skew(skew_ms)
    report = await harness.execution.submit(order("skew", BUY))
    assert report.status is FILLED
    assert abs(report.ts_event - time.time_ns() - skew_ms * 1_000_000) < 2_000_000_000


async def test_a_clock_that_jumps_is_a_refusal_once(harness: Harness) -> None:
    await harness.execution.submit(order("first", BUY))
    harness.exchange.skew(90_000)
    report = await harness.execution.submit(order("second", SELL, "0.001", reduces=True))
    assert (report.status, report.code) == (ReportStatus.REJECTED, "-1021")
    report = await harness.execution.submit(order("third", SELL, "0.001", reduces=True))
    assert report.status is FILLED


async def test_an_exit_waits_out_a_loan_being_booked(harness: Harness) -> None:
    await harness.execution.submit(order("short", SELL))
    debt = (await debts(harness))[0]
    cover = harness.instrument.round_qty_up(debt * Decimal("1.0011"))
    harness.exchange.busy(400)
    report = await harness.execution.submit(order("cover", BUY, str(cover), reduces=True))
    assert report.status is FILLED
    assert (await debts(harness))[0] == 0
    assert len(harness.exchange.audit.calls("POST", ORDER)) > 2


async def test_an_order_that_is_seen_late(harness: Harness) -> None:
    harness.exchange.late_visibility(400)
    entry = order("late", BUY)
    await harness.execution.submit(entry)
    first = await harness.execution.query_order(BTC, entry.client_order_id)
    assert first.status is ReportStatus.NOT_FOUND
    await asyncio.sleep(0.5)
    second = await harness.execution.query_order(BTC, entry.client_order_id)
    assert second.status is FILLED


async def test_a_stop_rests_is_seen_and_is_taken_back(harness: Harness) -> None:
    await harness.execution.submit(order("entry", BUY, "0.01"))
    stop = a_stop("stop", SELL, "0.009", 90_000)
    report = await harness.execution.submit(stop)
    assert report.status is ReportStatus.ACCEPTED
    (resting,) = await harness.holdings.resting_orders(BTC)
    assert (resting.kind, resting.stop_price) == (RestingKind.STOP_LIMIT, Price(90_000))
    assert resting.client_order_id == stop.client_order_id
    canceled = await harness.execution.cancel(BTC, stop.client_order_id)
    assert canceled.status is ReportStatus.CANCELED
    assert await harness.holdings.resting_orders(BTC) == ()
    reached = await harness.execution.submit(a_stop("reached", SELL, "0.009", 99_000))
    assert reached.code == "TRIGGERED"


async def test_the_persons_trades_are_listed_with_the_persons_ids(harness: Harness) -> None:
    harness.exchange.manual_order("BTCUSDT", "BUY", quantity="0.01")
    await harness.execution.submit(order("ours", BUY))
    first, second = await harness.holdings.trades(BTC, None)
    assert not first.client_order_id.startswith("robson_")
    assert second.client_order_id == "robson_core_ours"
    assert await harness.holdings.trades(BTC, first.fill.trade_id) == (second,)
    found = {pair.symbol: pair.base.held for pair in await harness.holdings.pairs()}
    assert found[BTC] > Decimal("0.0119")
