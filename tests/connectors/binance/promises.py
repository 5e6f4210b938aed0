"""What the general cards cannot ask for, because it takes a venue that misbehaves on demand.

They are cards like the others, for a harness that has the simulated exchange: they lose its
answers, push its reports and let others place orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import attrs

from robson_domain.errors import InDoubtError, RetryableVenueError
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.testing.conformance import Deck, holds
from tests.binance_exchange import Exchange
from tests.connectors.binance.rest.kit import new_order
from tests.connectors.binance.test_connector import Harness

BUY, SELL = OrderSide.BUY, OrderSide.SELL
BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
ORDER, TOKEN = "/sapi/v1/margin/order", "/sapi/v1/userListenToken"
OPEN_ORDERS = "/sapi/v1/margin/openOrders"
SKEW_MS: Final = 90_000
"""The exchange's clock is this far from ours, so that nobody gets by with their own."""
LOSSES: Final[tuple[Mapping[str, object], ...]] = (
    {"kind": "close"},
    {"kind": "unknown_503"},
    {"kind": "html"},
    {"kind": "empty"},
    {"kind": "code", "code": -1006},
    {"kind": "code", "code": -1007},
    {"kind": "code", "code": -1000, "status": 400},
)

DECK: Final[Deck[Harness]] = Deck()
card = DECK.card


def prepared(exchange: Exchange) -> Exchange:
    """Make an exchange unkind in the ordinary ways: another clock, orders filled in parts."""
    exchange.skew(SKEW_MS)
    exchange.partial_fill(1, 2, times=None)
    return exchange


def order(name: str, side: OrderSide = BUY, quantity: str = "0.003", **over: object) -> NewOrder:
    return new_order(side, quantity, client_order_id=f"robson_core_{name}", **over)


def facts(fill: Fill) -> tuple[object, ...]:
    """Return what every telling of a fill has alike; its time is the order's in some."""
    return fill.price, fill.quantity, fill.commission, fill.commission_asset, fill.liquidity


async def waited(done: Callable[[], object], what: str) -> None:
    for _ in range(100):
        if done():
            return
        await asyncio.sleep(0.05)
    holds(False, f"{what} did not happen")


async def in_doubt(harness: Harness, sent: NewOrder) -> bool:
    try:
        await harness.execution.submit(sent)
    except InDoubtError:
        return True
    return False


@card("BN-010")
async def a_lost_answer_is_in_doubt(harness: Harness) -> None:
    """However an answer is lost, the order is in doubt, was sent once, and can be asked for."""
    for number, loss in enumerate(LOSSES):
        for executed in (True, False):
            sent = order(f"bn010{'xy'[executed]}{number}")
            fault = harness.exchange.fault(
                **{"path": ORDER, "method": "POST", "executed": executed, **loss}  # type: ignore[arg-type]
            )
            holds(await in_doubt(harness, sent), f"{loss}: the caller is not told of the doubt")
            holds(fault.hits == 1, f"{loss}: struck {fault.hits} times")
            calls = harness.exchange.audit.calls(
                "POST", ORDER, newClientOrderId=sent.client_order_id
            )
            holds(len(calls) == 1, f"{loss}: sent {len(calls)} times")
            report = await harness.execution.query_order(BTC, sent.client_order_id)
            expected = ReportStatus.FILLED if executed else ReportStatus.NOT_FOUND
            holds(report.status is expected, f"{loss}: {report.status}, executed: {executed}")
    holds(harness.exchange.audit.double_fills() == {}, "an order was executed twice")


@card("BN-020")
async def a_duplicate_is_an_order(harness: Harness) -> None:
    """ "Duplicate order sent" means that the order is there: it is in doubt, not refused."""
    harness.exchange.fault(
        "code", ORDER, "POST", code=-2010, message="Duplicate order sent.", status=400
    )
    holds(await in_doubt(harness, order("bn020")), "the order passes for refused")


@card("BN-030")
async def a_failed_list_is_no_empty_list(harness: Harness) -> None:
    """Open orders that cannot be had are an error, in the list and in the snapshot."""
    harness.exchange.manual_order("BTCUSDT", "BUY", "0.001", type="LIMIT", price="90000")
    harness.exchange.fault("code", OPEN_ORDERS, "GET", code=-1000, status=503, times=None)
    for ask in (harness.execution.open_orders, harness.execution.account):
        try:
            found = await ask(BTC)
        except RetryableVenueError:
            continue
        holds(False, f"answered {found} although the venue did not")


@card("BN-040")
async def a_resting_order_is_listed(harness: Harness) -> None:
    """An order that rests is listed and counted, whoever sent it, until it is gone."""
    placed = harness.exchange.manual_order("BTCUSDT", "BUY", "0.001", type="LIMIT", price="90000")
    (listed,) = await harness.execution.open_orders(BTC) or (None,)
    holds(listed is not None, "the person's order is not listed")
    holds((await harness.execution.account(BTC)).open_orders == 1, "it is not counted")
    harness.exchange.manual_cancel("BTCUSDT", order_id=placed.id)
    holds(not await harness.execution.open_orders(BTC), "a canceled order is listed")


@card("BN-050")
async def pushed_reports_are_those_asked_for(harness: Harness) -> None:
    """What is pushed about an order is about its pair, and its fills are the question's."""
    seen: list[OrderReport] = []
    harness.connector.subscribe_reports(seen.append)
    for symbol in (BTC, ETH):
        harness.connector.subscribe(symbol, lambda _: None, lambda *_: None)
    exchange = harness.exchange
    await waited(lambda: len(exchange.audit.calls("POST", TOKEN)) == 2, "a token for each pair")
    await asyncio.sleep(0.5)  # the subscriptions follow their tokens
    sent = order("bn050", quantity="0.3", symbol=ETH)
    await harness.execution.submit(sent)
    await waited(lambda: any(r.status is ReportStatus.FILLED for r in seen), "the push")
    holds({r.symbol for r in seen} == {ETH}, f"an order on {ETH} is told as {seen[0].symbol}")
    pushed = {fill.trade_id: facts(fill) for report in seen for fill in report.fills}
    fills = (await harness.execution.query_order(ETH, sent.client_order_id)).fills
    asked = {fill.trade_id: facts(fill) for fill in fills}
    holds(pushed == asked, f"pushed {pushed}, the question shows {asked}")


@card("BN-060")
async def borrowed_money_is_paid_back(harness: Harness) -> None:
    """A long on borrowed money is closed and paid back; what remains is less than a step."""
    entry = order("bn060", quantity="0.3")
    holds((await harness.execution.submit(entry)).status is ReportStatus.FILLED, "no entry")
    before = await harness.execution.account(BTC)
    holds(before.debt_quote, "nothing was borrowed; the card needs a larger order")
    held = harness.instrument.round_qty_down(before.net_qty)
    exit_order = order("bn060x", SELL, reduces=True)
    await harness.execution.submit(attrs.evolve(exit_order, quantity=held))
    after = await harness.execution.account(BTC)
    holds(0 <= after.net_qty < harness.instrument.step_size, f"{after.net_qty} remains")
    holds(not after.debt_quote, f"{after.debt_quote} is still owed")


@card("BN-070")
async def requests_are_stamped_when_sent(harness: Harness) -> None:
    """A timestamp is the venue's time of the send: never ahead, never older than a second."""
    for _ in range(3):
        await harness.execution.query_order(BTC, order("bn070").client_order_id)
        await asyncio.sleep(0.6)
    for call in harness.exchange.audit.calls("GET", ORDER):
        age = Decimal(call.at_ms + SKEW_MS - int(call.params["timestamp"]))
        holds(0 <= age < 1_000, f"stamped {age} ms before it arrived")


PROMISES: Final = DECK.cards
