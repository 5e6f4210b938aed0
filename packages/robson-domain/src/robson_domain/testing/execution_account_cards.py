"""The execution cards about parts, pushes, pairs, people and debt; ``execution_cards`` lists them.

Their harness can do more than trade: see ``execution_abilities``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import decimals
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.testing.conformance import Deck, holds
from robson_domain.testing.execution_abilities import (
    DisturbedHarness,
    LinkHarness,
    PairsHarness,
    PartialHarness,
    PersonHarness,
    PushHarness,
)
from robson_domain.testing.execution_harness import (
    BUY,
    PATIENCE,
    SELL,
    ExecutionHarness,
    account_of,
    an_order,
    facts,
    filled,
    net_of,
    pushes,
    query,
    shorts,
    sum_of,
    until_filled,
)

DECK: Final[Deck[ExecutionHarness]] = Deck()
card = DECK.card
_SECOND: Final = 1_000_000_000
_HOUR: Final = 3_600 * _SECOND
_LONG_PATIENCE: Final = 400
_DIGITS_MAX: Final = 18
"""Decimal places that venues write; a number read as a float has more."""
_INTEREST_MAX: Final = Decimal("0.0001")
"""More than an hour of it costs, ratio of what was bought."""
_BEYOND: Final = Decimal("1.5")
"""Of the collateral, so that a part of it is borrowed."""


async def _listed(harness: ExecutionHarness) -> list[tuple[ClientOrderId, TradeId]]:
    symbol = harness.instrument.symbol
    found = await harness.execution.fills_since(symbol, None)
    return [(order_id, fill.trade_id) for order_id, fill in found]


# ---------------------------------------------------------------------------- times, numbers


@card("EX-400")
async def a_send_is_stamped_when_sent(harness: ExecutionHarness) -> None:
    """The stamp of a send is the venue's time of that send: not ahead, not older than a second."""
    await filled(harness, an_order(harness, "ex400"))
    order, start = an_order(harness, "ex400b"), harness.now_ns()
    for _ in range(_LONG_PATIENCE):
        await harness.trade()
        if harness.now_ns() - start > 3 * _SECOND // 2:
            break
    now = (await query(harness, order)).ts_event
    answer = await harness.execution.submit(order)
    later = (await query(harness, order)).ts_event
    holds(answer.ts_signed >= now - _SECOND, f"signed {answer.ts_signed}, it was {now}")
    holds(answer.ts_signed <= later, f"signed {answer.ts_signed}, at most it was {later}")


@card("EX-410")
async def times_are_utc_nanoseconds(harness: ExecutionHarness) -> None:
    """Every time is UTC in nanoseconds, ours of our clock and the venue's within an hour of it."""
    order = an_order(harness, "ex410")
    answer = await harness.execution.submit(order)
    report, account = await until_filled(harness, order), await account_of(harness)
    ours = (answer.ts_received, report.ts_received, account.ts_received)
    now = harness.now_ns()
    for ts in ours:
        holds(now - _HOUR < ts <= now, f"received at {ts}, it is {now}")
    theirs = [answer.ts_signed, report.ts_event, account.ts_event]
    theirs += [fill.ts_event for fill in report.fills]
    for ts in theirs:
        holds(abs(ts - now) < _HOUR, f"the venue's time is {ts}, ours {now}")


@card("EX-420")
async def numbers_are_the_venues(harness: ExecutionHarness) -> None:
    """Prices lie on the tick size, quantities on the step size, and no digit is invented."""
    rules = harness.instrument
    report = await filled(harness, an_order(harness, "ex420"))
    account = await account_of(harness)
    for fill in report.fills:
        holds(rules.price(rules.ticks(fill.price)) == fill.price, f"price {fill.price}")
        holds(rules.quantity(rules.steps(fill.quantity)) == fill.quantity, f"{fill.quantity}")
    numbers = [fill.commission.value for fill in report.fills]
    numbers += [account.net_qty, account.debt_base.value, account.debt_quote.value]
    numbers += [account.taker_fee_rate]
    for number in numbers:
        exponent = number.normalize().as_tuple().exponent
        holds(isinstance(exponent, int) and exponent >= -_DIGITS_MAX, f"{number} has been a float")
    far = abs(report.fills[0].price.value - harness.price.value) * 2
    holds(far < harness.price.value, f"executed at {report.fills[0].price}, it is {harness.price}")


# ------------------------------------------------------------------------------------ parts


@card("EX-430", needs=(PartialHarness,))
async def a_part_is_a_part(harness: ExecutionHarness) -> None:
    """An order filled in part says so, and its end leaves what was filled as it is."""
    assert isinstance(harness, PartialHarness)
    order = an_order(harness, "ex430")
    harness.fill_partly()
    report = await harness.execution.submit(order)
    for _ in range(PATIENCE):
        if report.filled_qty:
            break
        await harness.trade()
        report = await query(harness, order)
    _in_part(order, report, "while it works")
    holds(report.status is not ReportStatus.FILLED, "a part passes for the whole")
    canceled = await harness.execution.cancel(order.symbol, order.client_order_id)
    later = await query(harness, order)
    for told, when in ((canceled, "canceled"), (later, "afterwards")):
        ended = told.status in (ReportStatus.CANCELED, ReportStatus.EXPIRED)
        holds(ended, f"{when}: it is {told.status}")
        holds(told.filled_qty == report.filled_qty, f"{when}: {told.filled_qty} filled")
    _in_part(order, later, "afterwards")
    await harness.trade()
    expected = net_of(BUY, later.fills, order.symbol.base)
    net = (await account_of(harness)).net_qty
    holds(net == expected, f"the executions sum to {expected}, the account says {net}")


def _in_part(order: NewOrder, report: OrderReport, when: str) -> None:
    total = sum_of(report.fills)
    said = f"{when}: the executions sum to {total}, filled_qty says {report.filled_qty}"
    holds(total == report.filled_qty.value, said)
    holds(0 < total < order.quantity.value, f"{when}: {total} of {order.quantity} was executed")


# ----------------------------------------------------------------------------------- pushes


@card("EX-440", pushes, needs=(PushHarness, DisturbedHarness))
async def repeated_reports_are_the_same(harness: ExecutionHarness) -> None:
    """Reports that repeat and overtake each other tell every execution as the question does."""
    assert isinstance(harness, PushHarness)
    assert isinstance(harness, DisturbedHarness)
    pushed: list[OrderReport] = []
    harness.execution.subscribe_reports(pushed.append)
    await harness.follow()
    harness.disturb()
    order = an_order(harness, "ex440")
    answer = await harness.execution.submit(order)
    report = await until_filled(harness, order)
    await harness.trade()
    await harness.settle()
    expected = {(fill.trade_id, facts(fill)) for fill in report.fills}
    told = {(fill.trade_id, facts(fill)) for each in pushed for fill in each.fills}
    holds(told <= expected, f"pushed {told - expected}, the question shows {expected}")
    told |= {(fill.trade_id, facts(fill)) for fill in answer.fills}
    holds(told == expected, f"told {told}, the question shows {expected}")


@card("EX-450", needs=(LinkHarness,))
async def nothing_is_lost_with_the_link(harness: ExecutionHarness) -> None:
    """What was executed while the link was cut is told when asked, once, and so is what follows."""
    assert isinstance(harness, LinkHarness)
    if isinstance(harness, PushHarness):
        await harness.follow()
    orders = [an_order(harness, f"ex450{letter}") for letter in "abc"]
    first = await filled(harness, orders[0])
    await harness.cut()
    await harness.execution.submit(orders[1])
    await harness.trade()
    await harness.heal()
    second = await until_filled(harness, orders[1])
    third = await filled(harness, orders[2])
    expected = [
        (report.client_order_id, fill.trade_id)
        for report in (first, second, third)
        for fill in report.fills
    ]
    holds(await _listed(harness) == expected, f"listed {await _listed(harness)}, not {expected}")
    symbol, mark = orders[0].symbol, first.fills[-1].trade_id
    rest = await harness.execution.fills_since(symbol, mark)
    ids = [(order_id, fill.trade_id) for order_id, fill in rest]
    holds(ids == expected[len(first.fills) :], f"after {mark}: {ids}")
    net = (await account_of(harness)).net_qty
    bought = [net_of(BUY, each.fills, symbol.base) for each in (first, second, third)]
    holds(net == decimals.total(bought), f"bought {bought}, the account says {net}")


# ---------------------------------------------------------------------- the person, and pairs


@card("EX-460", needs=(PersonHarness,))
async def the_persons_order_is_listed(harness: ExecutionHarness) -> None:
    """An order that the person left resting is listed and counted until it is gone."""
    assert isinstance(harness, PersonHarness)
    symbol, placed = harness.instrument.symbol, harness.rest()
    listed = await harness.execution.open_orders(symbol)
    ids = [report.client_order_id for report in listed]
    holds(ids == [placed], f"listed {ids}, the person left {placed}")
    status, name = listed[0].status, listed[0].venue_order_id
    holds(status is ReportStatus.ACCEPTED and name, f"it is {status}, the venue calls it {name!r}")
    count = (await account_of(harness)).open_orders
    holds(count == 1, f"the account counts {count} open orders")
    harness.take_back()
    holds(not await harness.execution.open_orders(symbol), "an order that is gone is listed")
    count = (await account_of(harness)).open_orders
    holds(count == 0, f"the account counts {count} open orders")


@card("EX-470", needs=(PersonHarness,))
async def the_persons_trades_are_told(harness: ExecutionHarness) -> None:
    """What the person trades is in the account and among its fills, under no id of ours."""
    assert isinstance(harness, PersonHarness)
    ours = an_order(harness, "ex470")
    report = await filled(harness, ours)
    harness.trade_by_hand(BUY, harness.quantity)
    found = await harness.execution.fills_since(ours.symbol, report.fills[-1].trade_id)
    total = sum_of(tuple(fill for _, fill in found))
    holds(total == harness.quantity.value, f"the person bought {harness.quantity}, told {total}")
    foreign = all(order_id != ours.client_order_id for order_id, _ in found)
    holds(foreign, "the person's fills pass for those of our order")
    again = await query(harness, ours)
    holds(again.fills == report.fills, f"our order's fills became {again.fills}")
    everything = (*report.fills, *(fill for _, fill in found))
    expected = net_of(BUY, everything, ours.symbol.base)
    net = (await account_of(harness)).net_qty
    holds(net == expected, f"bought {expected} together, the account says {net}")


@card("EX-480", needs=(PairsHarness,))
async def pairs_do_not_mix(harness: ExecutionHarness) -> None:
    """Everything about an order is about its pair; the account of another pair does not change."""
    assert isinstance(harness, PairsHarness)
    mine, other = harness.instrument.symbol, harness.other.symbol
    pushed: list[OrderReport] = []
    harness.execution.subscribe_reports(pushed.append)
    if isinstance(harness, PushHarness):
        await harness.follow()
    order = attrs.evolve(an_order(harness, "ex480"), symbol=other, quantity=harness.other_quantity)
    report = await filled(harness, order)
    if isinstance(harness, PushHarness):
        await harness.settle()
    about = {report.symbol, *(each.symbol for each in pushed)}
    holds(about == {other}, f"an order on {other} is told as one on {about}")
    holds(await _listed(harness) == [], f"it is listed among those of {mine}")
    net = (await account_of(harness)).net_qty
    holds(net == 0, f"{mine} has {net} of it")
    account = await harness.execution.account(other)
    holds(account.symbol == other, f"asked for {other}, told of {account.symbol}")
    expected = net_of(BUY, report.fills, other.base)
    holds(account.net_qty == expected, f"bought {expected}, {other} says {account.net_qty}")
    found = await harness.execution.query_order(mine, order.client_order_id)
    holds(found.status is ReportStatus.NOT_FOUND, f"on {mine} its id is {found.status}")


# ------------------------------------------------------------------------------------- debt


@card("EX-485", pushes, needs=(PushHarness, PartialHarness))
async def nothing_is_pushed_after_the_end(harness: ExecutionHarness) -> None:
    """After closing nothing is pushed, whatever still executes."""
    assert isinstance(harness, PushHarness)
    assert isinstance(harness, PartialHarness)
    pushed: list[OrderReport] = []
    harness.execution.subscribe_reports(pushed.append)
    await harness.follow()
    harness.fill_partly()
    await harness.execution.submit(an_order(harness, "ex485"))
    await harness.settle()
    await harness.execution.close()
    count = len(pushed)
    await harness.trade()
    await harness.settle()
    holds(len(pushed) == count, f"pushed after closing: {pushed[count:]}")


@card("EX-490", shorts)
async def borrowed_money_is_paid_back(harness: ExecutionHarness) -> None:
    """A long on borrowed money owes quote; selling it pays that back, less than a step remains."""
    before, rules = await account_of(harness), harness.instrument
    lent, backed = before.borrowable_quote.value, before.collateral.value
    most = decimals.mul(backed, Decimal(before.leverage_max))
    holds(backed / 2 <= lent <= most, f"{backed} let borrow {most} at most, and it says {lent}")
    spent = decimals.mul(before.collateral.value, _BEYOND)
    quantity = rules.round_qty_down(decimals.div(spent, harness.price.value))
    entry = an_order(harness, "ex490", quantity=quantity)
    report = await filled(harness, entry, _LONG_PATIENCE)
    account = await account_of(harness)
    paid = decimals.total([fill.notional.value for fill in report.fills])
    fees = [f.commission.value for f in report.fills if f.commission_asset == rules.symbol.quote]
    owed = decimals.sub(decimals.add(paid, decimals.total(fees)), backed)
    off = decimals.absolute(decimals.sub(account.debt_quote.value, owed))
    holds(off <= paid * _INTEREST_MAX, f"owes {account.debt_quote} and not about {owed}")
    held = rules.round_qty_down(account.net_qty)
    closing = an_order(harness, "ex490x", SELL, held, reduces=True)
    await filled(harness, closing, _LONG_PATIENCE)
    after = await account_of(harness)
    holds(0 <= after.net_qty < rules.step_size, f"{after.net_qty} remains")
    holds(not after.debt_quote, f"{after.debt_quote} is still owed")
