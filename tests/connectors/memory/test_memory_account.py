"""The memory venue's stops, lending side and whole account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, Operation
from robson_domain.capabilities import Capabilities
from robson_domain.errors import DefinitiveVenueError, InDoubtError, RetryableVenueError
from robson_domain.holdings import AssetBalance, PairBalances, RestingKind, RestingOrder
from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.ports.holdings import HoldingsPort
from robson_domain.ports.lending import LendingPort
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Side, Symbol
from robson_domain.values import Price, Quantity
from tests.connectors.harnesses import BTC, WITH_STOPS
from tests.connectors.memory.kit import Venue, fault

BUY, SELL = OrderSide.BUY, OrderSide.SELL
STOP = ClientOrderId("stop")
NOTHING = Decimal(0)


def a_venue(*faults: Fault, **terms: Any) -> Venue:
    return Venue(*faults, **{"capabilities": WITH_STOPS, **terms})


async def stop(venue: Venue, at: str = "90", side: OrderSide = SELL, **over: Any) -> OrderReport:
    order = NewOrder(
        client_order_id=STOP,
        symbol=BTC,
        side=side,
        quantity=Quantity("2"),
        reduces=True,
        stop_price=Price(at),
    )
    return await venue.memory.submit(attrs.evolve(order, **over))


def a_limit(name: str = "web_1", quantity: str = "1") -> RestingOrder:
    return RestingOrder(
        symbol=BTC,
        client_order_id=ClientOrderId(name),
        venue_order_id="900",
        side=SELL,
        kind=RestingKind.LIMIT,
        leaves_qty=Quantity(quantity),
        price=Price(200),
    )


def ports(memory: MemoryConnector) -> tuple[HoldingsPort, LendingPort]:
    """Say for the type checker that both ports are kept."""
    return memory.holdings, memory.lending


# ----------------------------------------------------------------------------------- stops


async def test_a_venue_without_stops_refuses_one() -> None:
    venue = Venue()
    await venue.send()
    assert (await stop(venue)).code == "NO_RESTING_STOPS"
    assert Capabilities(name="x").resting_stops is False


async def test_a_stop_waits_and_then_executes_at_the_price_that_sets_it_off() -> None:
    venue = a_venue()
    await venue.send()
    assert (await stop(venue)).status is ReportStatus.ACCEPTED
    venue.memory.feed(BTC, Price("90.01"))
    assert venue.reports == []
    venue.memory.feed(BTC, Price("89.5"))
    # Acknowledged once more when it is set off, as real venues do.
    assert [each.status for each in venue.reports] == [ReportStatus.ACCEPTED, ReportStatus.FILLED]
    assert venue.reports[-1].fills[0].price == Price("89.5")
    assert {each.venue_order_id for each in venue.reports} == {"2"}
    assert await venue.net() == 0


async def test_a_stop_in_pieces_executes_one_a_trade() -> None:
    venue = a_venue()
    await venue.send()
    venue.memory.inject(fault(FaultKind.PARTIAL))
    await stop(venue)
    venue.memory.feed(BTC, Price(90))
    assert (await venue.asked(STOP)).status is ReportStatus.PARTIALLY_FILLED
    venue.memory.feed(BTC, Price(95))
    assert (await venue.asked(STOP)).status is ReportStatus.FILLED


async def test_a_resting_sell_holds_its_quantity_until_it_is_canceled() -> None:
    venue = a_venue()
    await venue.send()
    await stop(venue)
    pair = await venue.memory.holdings.pair(BTC)
    assert (pair.base.free, pair.base.locked) == (NOTHING, Decimal(2))
    assert (await venue.send("x", SELL, "1", reduces=True)).code == "EXCEEDS_POSITION"
    await venue.memory.cancel(BTC, STOP)
    assert (await venue.memory.holdings.pair(BTC)).base.locked == 0
    sold = await venue.send("y", SELL, "2", reduces=True)
    assert sold.status is ReportStatus.FILLED


async def test_a_stop_whose_answer_is_lost_rests() -> None:
    venue = a_venue()
    await venue.send()
    venue.memory.inject(fault(FaultKind.LOSE_REPLY))
    with pytest.raises(InDoubtError):
        await stop(venue)
    assert (await venue.asked(STOP)).status is ReportStatus.ACCEPTED


async def test_stops_without_pushes_are_only_asked_for() -> None:
    quiet = attrs.evolve(WITH_STOPS, reports_pushed=False)
    venue = a_venue(capabilities=quiet)
    await venue.send()
    await stop(venue)
    venue.memory.feed(BTC, Price(80))
    assert venue.reports == []
    assert (await venue.asked(STOP)).status is ReportStatus.FILLED


# --------------------------------------------------------------------------------- lending


async def test_a_debt_stays_until_it_is_paid_back() -> None:
    venue = a_venue(lends=True)
    lending = venue.memory.lending
    lending.owe(BTC, "USDT", Decimal(50), Decimal("0.5"))
    since = venue.clock.now_ns()
    found = await lending.debt(BTC, Side.LONG, since)
    assert (found.asset, found.amount, found.interest) == ("USDT", Decimal("50.5"), Decimal("0.5"))
    assert found.free == 1_050
    assert (await lending.debt(BTC, Side.LONG, since + 1)).interest == 0
    account = await venue.memory.account(BTC)
    assert account.lends
    assert account.debt_quote.value == Decimal("50.5")
    await lending.repay(BTC, "USDT", Decimal("50.5"))
    assert (await lending.debt(BTC, Side.LONG, since)).amount == 0
    pair = await venue.memory.holdings.pair(BTC)
    assert (pair.quote.free, pair.quote.debt) == (Decimal("999.5"), NOTHING)


async def test_a_short_owes_base() -> None:
    venue = a_venue()
    venue.memory.lending.owe(BTC, "BTC", Decimal("0.1"))
    found = await venue.memory.lending.debt(BTC, Side.SHORT, 0)
    assert (found.asset, found.amount, found.free) == ("BTC", Decimal("0.1"), Decimal("0.1"))
    assert not (await venue.memory.account(BTC)).lends


async def test_what_cannot_be_paid_back() -> None:
    venue = a_venue()
    lending = venue.memory.lending
    lending.owe(BTC, "USDT", Decimal(50))
    for amount, code in (("0", "AMOUNT_BELOW_MIN"), ("51", "EXCEEDS_DEBT")):
        with pytest.raises(DefinitiveVenueError) as told:
            await lending.repay(BTC, "USDT", Decimal(amount))
        assert told.value.code == code
    venue.memory.holdings.deposit(BTC, "USDT", Decimal(-1_045))
    with pytest.raises(DefinitiveVenueError) as told:
        await lending.repay(BTC, "USDT", Decimal(50))
    assert told.value.code == "INSUFFICIENT_BALANCE"


@pytest.mark.parametrize(
    ("kind", "error", "left"),
    [
        (FaultKind.REJECT, DefinitiveVenueError, 50),
        (FaultKind.NOT_SENT, RetryableVenueError, 50),
        (FaultKind.LOSE_REQUEST, InDoubtError, 50),
        (FaultKind.LOSE_REPLY, InDoubtError, 0),
    ],
)
async def test_repayments_that_go_wrong(kind: FaultKind, error: type[Exception], left: int) -> None:
    venue = a_venue(fault(kind, on=Operation.REPAY))
    venue.memory.lending.owe(BTC, "USDT", Decimal(50))
    with pytest.raises(error):
        await venue.memory.lending.repay(BTC, "USDT", Decimal(50))
    assert (await venue.memory.lending.debt(BTC, Side.LONG, 0)).amount == left
    assert venue.memory.script_is_over


def test_a_refusal_is_of_an_order_unless_it_says_otherwise() -> None:
    assert Fault(kind=FaultKind.REJECT).on is Operation.SUBMIT
    assert Fault(kind=FaultKind.REJECT, on=Operation.BARS).on is Operation.SUBMIT
    assert Fault(kind=FaultKind.REJECT, on=Operation.REPAY).on is Operation.REPAY


# -------------------------------------------------------------------------------- holdings


async def test_trades_are_everybodys_in_order() -> None:
    venue = a_venue()
    await venue.send("robson_core_a")
    persons = venue.memory.holdings.trade(BTC, BUY, Quantity("1"))
    ours, theirs = await venue.memory.holdings.trades(BTC, None)
    assert theirs == persons
    assert (ours.client_order_id, ours.position_ref) == ("robson_core_a", "BTCUSDT:1")
    assert theirs.client_order_id.startswith("web_")
    assert len(theirs.client_order_id) == 36
    assert await venue.memory.holdings.trades(BTC, ours.fill.trade_id) == (theirs,)
    assert await venue.net() == 3
    assert (await venue.memory.holdings.pairs())[0].base.net == 3


async def test_a_short_of_the_persons_is_owed() -> None:
    venue = a_venue()
    venue.memory.holdings.trade(BTC, SELL, Quantity("1"))
    pair = await venue.memory.holdings.pair(BTC)
    assert (pair.base.borrowed, pair.base.net) == (Decimal(1), Decimal(-1))
    assert pair.quote.free == 1_100
    assert pair.index_price == Price(100)


async def test_the_persons_resting_order_holds_and_can_be_canceled() -> None:
    venue = a_venue()
    await venue.send()
    venue.memory.holdings.rest(a_limit())
    await stop(venue, quantity=Quantity("1"))
    ours, theirs = await venue.memory.holdings.resting_orders(BTC)
    assert (ours.client_order_id, ours.kind, ours.stop_price) == (
        STOP, RestingKind.STOP, Price(90),
    )  # fmt: skip
    assert theirs == a_limit()
    assert (await venue.memory.account(BTC)).open_orders == 2
    assert (await venue.send("x", SELL, "1", reduces=True)).code == "EXCEEDS_POSITION"
    report = await venue.memory.cancel(BTC, theirs.client_order_id)
    assert (report.status, report.venue_order_id) == (ReportStatus.CANCELED, "900")
    assert len(await venue.memory.holdings.resting_orders(BTC)) == 1
    again = await venue.memory.cancel(BTC, theirs.client_order_id)
    assert again.status is ReportStatus.NOT_FOUND


async def test_what_is_said_of_a_pair_stays_said() -> None:
    venue = a_venue()
    zero = AssetBalance(asset="USDT")
    said = PairBalances(
        symbol=BTC,
        base=AssetBalance(asset="BTC", free=Decimal(7)),
        quote=zero,
        ts_received=1,
    )
    venue.memory.holdings.say(said)
    for found in (await venue.memory.holdings.pair(BTC), *await venue.memory.holdings.pairs()):
        assert found.base.free == 7
        assert found.ts_received == venue.clock.now_ns()


async def test_everything_that_happens_is_hinted() -> None:
    venue = a_venue()
    hints: list[Symbol] = []
    holdings = venue.memory.holdings
    holdings.subscribe_hints(hints.append)
    await venue.send()
    holdings.trade(BTC, BUY, Quantity("1"))
    holdings.rest(a_limit())
    holdings.deposit(BTC, "BTC", Decimal(1))
    holdings.hint(BTC)
    assert hints == [BTC] * 5


@pytest.mark.parametrize(
    "operation",
    [Operation.PAIRS, Operation.PAIR, Operation.TRADES, Operation.RESTING_ORDERS, Operation.DEBT],
)
@pytest.mark.parametrize("kind", [FaultKind.NOT_SENT, FaultKind.LOSE_REQUEST, FaultKind.LOSE_REPLY])
async def test_a_question_that_fails_is_never_empty(operation: Operation, kind: FaultKind) -> None:
    venue = a_venue(fault(kind, on=operation))
    holdings, lending = ports(venue.memory)
    questions: dict[Operation, Callable[[], Awaitable[object]]] = {
        Operation.PAIRS: lambda: holdings.pairs(),
        Operation.PAIR: lambda: holdings.pair(BTC),
        Operation.TRADES: lambda: holdings.trades(BTC, None),
        Operation.RESTING_ORDERS: lambda: holdings.resting_orders(BTC),
        Operation.DEBT: lambda: lending.debt(BTC, Side.LONG, 0),
    }
    asked = questions[operation]
    with pytest.raises(RetryableVenueError):
        await asked()
    assert await asked() is not None


async def test_an_unknown_pair_and_a_closed_venue() -> None:
    venue = a_venue()
    with pytest.raises(DefinitiveVenueError):
        await venue.memory.holdings.pair(Symbol("ETHUSDT"))
    await venue.memory.close()
    with pytest.raises(RetryableVenueError, match="closed"):
        await venue.memory.holdings.pairs()
