"""The memory venue on a good day: its book, its market, its entry point."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson_connectors.memory import (
    FaultKind,
    MemoryConnector,
    connector,
)
from robson_domain import decimals
from robson_domain.capabilities import Capabilities
from robson_domain.errors import (
    ConfigurationError,
    DefinitiveVenueError,
    RetryableVenueError,
)
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.market import TradeTick
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.testing.clocks import SteppedClock
from robson_domain.values import Money, Notional, Price, Quantity
from tests.connectors.harnesses import BTC, ORIGIN, RULES, SECOND
from tests.connectors.memory.kit import Venue, fault

A = ClientOrderId("a")
BUY, SELL = OrderSide.BUY, OrderSide.SELL
FILLED, NOT_FOUND = ReportStatus.FILLED, ReportStatus.NOT_FOUND


# -------------------------------------------------------------------------------- the book


@pytest.mark.parametrize(
    ("side", "quantity", "reduces", "code"),
    [
        (BUY, "0.000001", False, "BAD_STEP"),
        (BUY, "0", False, "BELOW_MINIMUM"),
        (BUY, "0.04", False, "BELOW_MINIMUM"),
        (BUY, "10000000000000000", False, "ABOVE_MAXIMUM"),
        (BUY, "100.00001", False, "INSUFFICIENT_MARGIN"),
        (SELL, "100.00001", False, "INSUFFICIENT_MARGIN"),
        (BUY, "1", True, "EXCEEDS_POSITION"),
        (SELL, "1", True, "EXCEEDS_POSITION"),
    ],
)
async def test_refusals(side: OrderSide, quantity: str, reduces: bool, code: str) -> None:
    report = await Venue().send("a", side, quantity, reduces)
    assert (report.status, report.code) == (ReportStatus.REJECTED, code)


async def test_sizes_below_the_smallest_quantity() -> None:
    rules = attrs.evolve(RULES, quantity_min=Quantity("0.5"))
    memory = MemoryConnector([rules], Money(1_000), SteppedClock(ORIGIN))
    order = NewOrder(
        client_order_id=A, symbol=BTC, side=BUY, quantity=Quantity("0.4"), reduces=False
    )
    assert (await memory.submit(order)).code == "BELOW_MINIMUM"


async def test_the_margin_is_used_up_to_the_last_unit() -> None:
    assert (await Venue().send("a", BUY, "100")).status is FILLED
    assert (await Venue().send("a", SELL, "100")).status is FILLED


async def test_less_of_the_same_needs_no_margin() -> None:
    venue = Venue()
    await venue.send("a", BUY, "100")
    venue.memory.feed(BTC, Price(90))
    assert (await venue.send("b", SELL, "50")).status is FILLED
    assert (await venue.send("c", SELL, "100")).code == "INSUFFICIENT_MARGIN"
    found = await venue.memory.account(BTC)
    assert (found.collateral, found.borrowable_base) == (Notional(0), Quantity(0))


async def test_accounts() -> None:
    venue = Venue(fee_rate=Decimal("0.01"), commission_in_base=True)
    await venue.send("a", BUY, "20")
    found = await venue.memory.account(BTC)
    assert (decimals.text(found.net_qty), found.debt_quote) == ("19.8", Notional(1_000))
    assert found.commission_in_base
    await venue.send("b", SELL, "30")
    found = await venue.memory.account(BTC)
    assert (found.debt_base, found.debt_quote) == (Quantity("10.2"), Notional(0))
    with pytest.raises(DefinitiveVenueError):
        await venue.memory.account(Symbol("ETHUSDT"))


async def test_known_ids() -> None:
    venue = Venue()
    assert (await venue.send()).status is FILLED
    assert (await venue.send()).status is FILLED
    strict = Venue(capabilities=Capabilities(name="memory", deduplicates_client_ids=True))
    await strict.send()
    assert (await strict.send()).code == "DUPLICATE_CLIENT_ID"
    working = Venue(fault(FaultKind.PARTIAL))
    await working.send()
    assert (await working.send()).code == "DUPLICATE_CLIENT_ID"


async def test_fills_after_a_trade_id() -> None:
    venue = Venue()
    for name in "abc":
        await venue.send(name)
    found = await venue.memory.fills_since(BTC, TradeId("1"))
    assert [(name, fill.trade_id) for name, fill in found] == [("b", "2"), ("c", "3")]


# ------------------------------------------------------------------------------ market data


async def test_a_cut_link_hides_trades_until_they_are_fetched() -> None:
    venue = Venue()
    ticks: list[TradeTick] = []
    links: list[bool] = []
    venue.memory.subscribe(BTC, ticks.append, lambda _, up: links.append(up))
    venue.memory.feed(BTC, Price(101))
    venue.memory.set_link(BTC, False)
    venue.memory.feed(BTC, Price(102))
    venue.memory.set_link(BTC, True)
    venue.memory.feed(BTC, Price(103))
    assert [tick.trade_id for tick in ticks] == [2, 4]
    assert links == [True, False, True]
    assert [t.trade_id for t in await venue.memory.trades_since(BTC, 2)] == [3, 4]


async def test_subscribing_to_a_link_that_is_down() -> None:
    venue = Venue()
    venue.memory.set_link(BTC, False)
    links: list[bool] = []
    venue.memory.subscribe(BTC, lambda _: None, lambda _, up: links.append(up))
    assert links == [False]


async def test_bars_and_limits() -> None:
    venue = Venue()
    await venue.clock.run_for(SECOND)
    venue.memory.feed(BTC, Price(101))
    assert len(await venue.memory.bars(BTC, SECOND, 5)) == 1
    assert await venue.memory.bars(BTC, SECOND, 0) == ()


async def test_unknown_pairs_and_after_closing() -> None:
    venue = Venue()
    nowhere = Symbol("ETHUSDT")
    for call in (
        venue.memory.instrument(nowhere),
        venue.memory.trades_since(nowhere, 0),
        venue.memory.bars(nowhere, SECOND, 1),
    ):
        with pytest.raises(DefinitiveVenueError):
            await call
    with pytest.raises(DefinitiveVenueError):
        venue.memory.subscribe(nowhere, lambda _: None, lambda *_: None)
    await venue.memory.close()
    with pytest.raises(RetryableVenueError):
        await venue.send()
    with pytest.raises(RetryableVenueError):
        await venue.memory.instrument(BTC)


# -------------------------------------------------------------------------------- factory


async def test_the_entry_point() -> None:
    clock = SteppedClock(ORIGIN)
    config = {
        "clock": clock,
        "symbols": "BTCUSDT, ETHUSDT",
        "quote_balance": "77",
        "taker_fee_rate": "0.002",
        "commission_in_base": True,
    }
    memory = connector(config)
    found = await memory.account(Symbol("ETHUSDT"))
    assert (found.collateral, found.commission_in_base) == (Notional(77), True)
    assert str(found.taker_fee_rate) == "0.002"
    plain = connector({"clock": clock})
    assert (await plain.account(BTC)).collateral == Notional(10_000)
    with pytest.raises(ConfigurationError, match="unknown setting fee"):
        connector({"clock": clock, "fee": "1"})
