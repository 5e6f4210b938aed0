"""The execution cards about stops that rest at the venue; ``execution_cards`` lists them.

Their harness moves the price: beside what :class:`ExecutionHarness` has it is a
:class:`StopHarness`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

import attrs

from robson_domain import decimals
from robson_domain.capabilities import Capabilities
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Side
from robson_domain.testing.conformance import Deck, holds
from robson_domain.testing.execution_abilities import PushHarness
from robson_domain.testing.execution_harness import (
    BUY,
    PATIENCE,
    SELL,
    ExecutionHarness,
    account_of,
    an_order,
    facts,
    filled,
    query,
    same_account,
    sum_of,
    until_filled,
)
from robson_domain.values import Price, Quantity

DECK: Final[Deck[ExecutionHarness]] = Deck()
card = DECK.card
_BELOW, _FAR_BELOW, _ABOVE = Decimal("0.98"), Decimal("0.97"), Decimal("1.02")


@runtime_checkable
class StopHarness(Protocol):
    """What the harness of a venue with resting stops has besides."""

    async def trade_at(self, price: Price) -> None:
        """Let the market trade at ``price``, as :meth:`ExecutionHarness.trade` does at any."""
        ...


def rests_stops(capabilities: Capabilities) -> bool:
    """Say whether an order can rest behind a stop price."""
    return capabilities.resting_stops


def pushes_stops(capabilities: Capabilities) -> bool:
    """Say whether the execution of such an order is pushed."""
    return capabilities.resting_stops and capabilities.reports_pushed


def rests_stops_of_shorts(capabilities: Capabilities) -> bool:
    """Say whether a short can have such an order."""
    return capabilities.resting_stops and capabilities.can_short


def _price(harness: ExecutionHarness, ratio: Decimal, side: OrderSide = SELL) -> Price:
    at = Price(decimals.mul(harness.price.value, ratio))
    return harness.instrument.round_stop_tighter(at, Side.LONG if side is SELL else Side.SHORT)


def a_stop(
    harness: ExecutionHarness, name: str, quantity: Quantity, ratio: Decimal = _BELOW
) -> NewOrder:
    """Return the stop of a long, ``ratio`` of the price; ``name`` makes its id."""
    order = an_order(harness, name, SELL, quantity, reduces=True)
    return attrs.evolve(order, stop_price=_price(harness, ratio))


async def _trade_at(harness: ExecutionHarness, price: Price) -> None:
    assert isinstance(harness, StopHarness), "this venue has resting stops: give trade_at()"
    await harness.trade_at(price)


async def a_long(harness: ExecutionHarness, name: str) -> Quantity:
    """Open a long and return what of it can be sold."""
    await filled(harness, an_order(harness, name))
    return harness.instrument.round_qty_down((await account_of(harness)).net_qty)


async def resting(harness: ExecutionHarness, order: NewOrder) -> OrderReport:
    """Send ``order``, which must come to rest, and return the answer."""
    answer = await harness.execution.submit(order)
    said = f"a good stop was answered with {answer.status} {answer.code} {answer.message}"
    holds(answer.status is ReportStatus.ACCEPTED, said)
    return answer


@card("EX-250", rests_stops)
async def a_stop_rests(harness: ExecutionHarness) -> None:
    """A stop that is not reached rests: it is listed and counted, and executes nothing."""
    stop = a_stop(harness, "ex250", await a_long(harness, "ex250e"))
    answer = await resting(harness, stop)
    await harness.trade()
    report = await query(harness, stop)
    holds(report.status is ReportStatus.ACCEPTED, f"it is {report.status}")
    holds(not report.fills, "it has executions")
    listed = await harness.execution.open_orders(stop.symbol)
    ids = [each.client_order_id for each in listed]
    holds(ids == [stop.client_order_id], f"listed {ids}")
    count = (await account_of(harness)).open_orders
    holds(count == 1, f"the account counts {count} open orders")
    names = {answer.venue_order_id, report.venue_order_id, listed[0].venue_order_id}
    holds(len(names) == 1 and all(names), f"the venue calls it {names}")


@card("EX-260", rests_stops)
async def a_stop_executes(harness: ExecutionHarness) -> None:
    """A stop executes when the price reaches it, with its executions under its own id."""
    held = await a_long(harness, "ex260e")
    stop = a_stop(harness, "ex260", held)
    await resting(harness, stop)
    before = (await account_of(harness)).net_qty
    await _trade_at(harness, _price(harness, _BELOW))
    report = await until_filled(harness, stop)
    total = sum_of(report.fills)
    holds(total == held.value, f"executions sum to {total}, the stop was for {held}")
    listed = await harness.execution.fills_since(stop.symbol, None)
    own = {fill.trade_id for order_id, fill in listed if order_id == stop.client_order_id}
    holds(own == {fill.trade_id for fill in report.fills}, "the account lists other executions")
    account = await account_of(harness)
    holds(account.net_qty == decimals.sub(before, total), f"{account.net_qty} is left")
    holds(account.open_orders == 0, "it is still counted as open")


@card("EX-270", rests_stops)
async def a_canceled_stop_has_ended(harness: ExecutionHarness) -> None:
    """Canceling a resting stop ends it, says what it executed, and frees what it held."""
    held = await a_long(harness, "ex270e")
    stop = a_stop(harness, "ex270", held)
    await resting(harness, stop)
    canceled = await harness.execution.cancel(stop.symbol, stop.client_order_id)
    holds(canceled.status is ReportStatus.CANCELED, f"answered {canceled.status}")
    holds(not canceled.filled_qty, f"it says that {canceled.filled_qty} was executed")
    await _trade_at(harness, _price(harness, _FAR_BELOW))
    report = await query(harness, stop)
    holds(report.status is ReportStatus.CANCELED, f"it became {report.status}")
    holds(not report.fills, "it executed after it was canceled")
    await filled(harness, an_order(harness, "ex270x", SELL, held, reduces=True))


@card("EX-280", rests_stops)
async def a_stop_never_borrows(harness: ExecutionHarness) -> None:
    """A stop reduces: one for more than is held, or that would open, is refused."""
    held = await a_long(harness, "ex280e")
    before = await account_of(harness)
    stop = a_stop(harness, "ex280", held + held)
    opens = attrs.evolve(a_stop(harness, "ex280o", held), reduces=False)
    for order in (stop, opens):
        report = await harness.execution.submit(order)
        holds(report.status is ReportStatus.REJECTED, f"answered {report.status}")
        holds(report.code, "a refusal without a code")
    await _trade_at(harness, _price(harness, _FAR_BELOW))
    after = await account_of(harness)
    holds(same_account(before, after), f"the account became {after}, was {before}")


@card("EX-285", rests_stops)
async def reserving_is_as_declared(harness: ExecutionHarness) -> None:
    """What a resting stop sells is kept from other orders exactly where the account says so."""
    held = await a_long(harness, "ex285e")
    await resting(harness, a_stop(harness, "ex285", held))
    reserves = (await account_of(harness)).reserves
    answer = await harness.execution.submit(an_order(harness, "ex285x", SELL, held, reduces=True))
    refused = answer.status is ReportStatus.REJECTED
    holds(refused == reserves, f"reserves is {reserves}, a sale beside it is {answer.status}")


@card("EX-290", rests_stops)
async def a_reached_stop_is_told(harness: ExecutionHarness) -> None:
    """A stop that is reached already is refused as TRIGGERED or executed, and never just rests."""
    held = await a_long(harness, "ex290e")
    stop = a_stop(harness, "ex290", held, _ABOVE)
    answer = await harness.execution.submit(stop)
    if answer.status is ReportStatus.REJECTED:
        holds(answer.code == "TRIGGERED", f"refused with {answer.code!r}")
        report = await query(harness, stop)
        none = (ReportStatus.REJECTED, ReportStatus.NOT_FOUND)
        holds(report.status in none and not report.fills, f"refused, and {report.status}")
        await filled(harness, an_order(harness, "ex290x", SELL, held, reduces=True))
    else:
        report = await until_filled(harness, stop)
        holds(sum_of(report.fills) == held.value, "accepted, and not executed in full")


@card("EX-300", rests_stops)
async def an_executed_stop_stays_so(harness: ExecutionHarness) -> None:
    """Canceling a stop that has executed tells so, with all executions, and changes nothing."""
    held = await a_long(harness, "ex300e")
    stop = a_stop(harness, "ex300", held)
    await resting(harness, stop)
    await _trade_at(harness, _price(harness, _FAR_BELOW))
    as_filled = await until_filled(harness, stop)
    answer = await harness.execution.cancel(stop.symbol, stop.client_order_id)
    holds(answer.status is ReportStatus.FILLED, f"answered {answer.status}")
    holds(answer.filled_qty == held, f"it says that {answer.filled_qty} was executed")
    later = await query(harness, stop)
    holds(later.fills == as_filled.fills, "its executions changed")


@card("EX-310", rests_stops_of_shorts)
async def the_stop_of_a_short_pays_back(harness: ExecutionHarness) -> None:
    """The stop of a short buys back when the price has risen to it, and the debt is gone."""
    await filled(harness, an_order(harness, "ex310e", SELL))
    account, rules = await account_of(harness), harness.instrument
    kept = decimals.ONE
    if account.commission_in_base:
        kept = decimals.sub(kept, account.taker_fee_rate)
    cover = rules.round_qty_up(decimals.div(account.debt_base.value, kept))
    order = an_order(harness, "ex310", BUY, cover, reduces=True)
    stop = attrs.evolve(order, stop_price=_price(harness, _ABOVE, BUY))
    await resting(harness, stop)
    await harness.trade()
    holds((await query(harness, stop)).status is ReportStatus.ACCEPTED, "it did not wait")
    reached = _price(harness, _ABOVE, BUY)
    for _ in range(PATIENCE):
        await _trade_at(harness, reached)
        if (await query(harness, stop)).status is ReportStatus.FILLED:
            break
    after = await account_of(harness)
    holds(not after.debt_base, f"{after.debt_base} is still owed")
    holds(0 <= after.net_qty < rules.step_size, f"{after.net_qty} remains")


@card("EX-315", rests_stops)
async def a_stop_waits_for_its_price(harness: ExecutionHarness) -> None:
    """A stop waits for its very price: a tick before it nothing happens, at it it executes."""
    stop = a_stop(harness, "ex315", await a_long(harness, "ex315e"))
    await resting(harness, stop)
    assert stop.stop_price is not None
    above = Price(decimals.add(stop.stop_price.value, harness.instrument.tick_size))
    await _trade_at(harness, above)
    report = await query(harness, stop)
    holds(report.status is ReportStatus.ACCEPTED, f"a tick before its price it is {report.status}")
    await _trade_at(harness, stop.stop_price)
    report = await query(harness, stop)
    holds(report.fills, f"at its price it is {report.status}, without executions")


@card("EX-317", pushes_stops, needs=(PushHarness,))
async def the_execution_of_a_stop_is_pushed(harness: ExecutionHarness) -> None:
    """Nobody needs to ask for what a stop executed: it is pushed, and is what a question shows."""
    assert isinstance(harness, PushHarness)
    pushed: list[OrderReport] = []
    harness.execution.subscribe_reports(pushed.append)
    await harness.follow()
    stop = a_stop(harness, "ex317", await a_long(harness, "ex317e"))
    await resting(harness, stop)
    await _trade_at(harness, _price(harness, _FAR_BELOW))
    await harness.settle()
    report = await until_filled(harness, stop)
    own = [each for each in pushed if each.client_order_id == stop.client_order_id]
    told = {fill.trade_id: facts(fill) for each in own for fill in each.fills}
    shown = {fill.trade_id: facts(fill) for fill in report.fills}
    holds(told == shown, f"pushed {told}, the question shows {shown}")
    holds(own[-1].status is ReportStatus.FILLED, f"the last that was pushed is {own[-1].status}")
