"""The execution cards about fills, the account and what breaks; ``execution_cards`` lists them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Final

from robson_domain import decimals
from robson_domain.account import AccountSnapshot
from robson_domain.errors import DefinitiveVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill, LiquiditySide
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import Symbol
from robson_domain.testing.conformance import Deck, holds
from robson_domain.testing.execution_abilities import PushHarness
from robson_domain.testing.execution_harness import (
    BUY,
    ID_CHARS,
    ExecutionHarness,
    account_of,
    an_order,
    facts,
    filled,
    net_of,
    pushes,
    query,
    until_filled,
)

DECK: Final[Deck[ExecutionHarness]] = Deck()
card = DECK.card


# ------------------------------------------------------------------------------------- fills


@card("EX-120")
async def fills_name_their_cost(harness: ExecutionHarness) -> None:
    """Every fill carries price, time and commission, as the account announced it."""
    account = await account_of(harness)
    report = await filled(harness, an_order(harness, "ex120"))
    base = harness.instrument.symbol.base
    for fill in report.fills:
        holds(fill.ts_event > 0, "a fill without a time")
        holds(harness.instrument.ticks(fill.price) > 0, f"price {fill.price}")
        holds(fill.liquidity is LiquiditySide.TAKER, "an order at market takes")
        if account.taker_fee_rate:
            _costs_as_announced(fill, account, base)


def _costs_as_announced(fill: Fill, account: AccountSnapshot, base: str) -> None:
    holds(fill.commission, f"no commission, announced {account.taker_fee_rate}")
    in_base = fill.commission_asset == base
    holds(fill.commission_asset, "a commission without an asset")
    said = account.commission_in_base
    holds(in_base == said, f"paid in {fill.commission_asset}, commission_in_base is {said}")
    traded = fill.quantity.value if in_base else fill.notional.value
    due = decimals.mul(traded, account.taker_fee_rate)
    # Venues round, and give discounts they do not announce.
    low, high = decimals.mul(due, Decimal("0.5")), decimals.mul(due, Decimal(2))
    holds(low <= fill.commission.value <= high, f"commission {fill.commission}, announced {due}")


@card("EX-130")
async def fills_since_is_a_list(harness: ExecutionHarness) -> None:
    """Fills after a trade id: every one, once, in order, without the one that was named."""
    symbol = harness.instrument.symbol
    orders = [an_order(harness, f"ex130{letter}") for letter in "abc"]
    expected: list[tuple[ClientOrderId, TradeId]] = []
    for order in orders:
        report = await filled(harness, order)
        expected += [(order.client_order_id, fill.trade_id) for fill in report.fills]
    found = [(i, f.trade_id) for i, f in await harness.execution.fills_since(symbol, None)]
    holds(found == expected, f"listed {found}, filled {expected}")
    for place, (_, trade_id) in enumerate(expected):
        rest = await harness.execution.fills_since(symbol, trade_id)
        ids = [(i, f.trade_id) for i, f in rest]
        holds(ids == expected[place + 1 :], f"after {trade_id}: {ids}")


@card("EX-140", pushes, needs=(PushHarness,))
async def what_is_pushed_is_true(harness: ExecutionHarness) -> None:
    """What the answer leaves open is pushed; a pushed execution is the one the question shows."""
    assert isinstance(harness, PushHarness)
    pushed: list[OrderReport] = []
    harness.execution.subscribe_reports(pushed.append)
    await harness.follow()
    order = an_order(harness, "ex140")
    answer = await harness.execution.submit(order)
    report = await until_filled(harness, order)
    await harness.settle()
    expected = {fill.trade_id: facts(fill) for fill in report.fills}
    told = {fill.trade_id: facts(fill) for each in pushed for fill in each.fills}
    wrong = {trade_id: fact for trade_id, fact in told.items() if expected.get(trade_id) != fact}
    holds(not wrong, f"pushed {wrong}, the question shows {expected}")
    told |= {fill.trade_id: facts(fill) for fill in answer.fills}
    holds(told == expected, f"told {told}, the question shows {expected}")
    about = {(each.client_order_id, each.symbol) for each in pushed}
    holds(about <= {(order.client_order_id, order.symbol)}, f"reports about {about}")


# ----------------------------------------------------------------------------- the account


@card("EX-150")
async def snapshots_are_fresh(harness: ExecutionHarness) -> None:
    """A snapshot is taken after it was asked for: it shows the fill that was just reported."""
    asked = harness.now_ns()
    first = await account_of(harness)
    holds(first.ts_received >= asked, f"received at {first.ts_received}, asked at {asked}")
    holds(first.ts_event > 0, "no venue time")
    await filled(harness, an_order(harness, "ex150"))
    asked = harness.now_ns()
    second = await account_of(harness)
    holds(second.ts_received >= asked, f"received at {second.ts_received}, asked at {asked}")
    holds(second.net_qty != first.net_qty, f"still {second.net_qty} after a fill")


@card("EX-160")
async def working_orders_are_listed(harness: ExecutionHarness) -> None:
    """An order is listed, and counted by the account, while it works and no longer."""
    order = an_order(harness, "ex160")
    answer = await harness.execution.submit(order)
    if answer.status is not ReportStatus.FILLED:
        listed = await harness.execution.open_orders(order.symbol)
        ids = [report.client_order_id for report in listed]
        holds(ids == [order.client_order_id], f"listed {ids}")
        count = (await account_of(harness)).open_orders
        holds(count == 1, f"the account counts {count} open orders")
    await until_filled(harness, order)
    listed = await harness.execution.open_orders(order.symbol)
    holds(not listed, f"{len(listed)} orders listed after the fill")
    count = (await account_of(harness)).open_orders
    holds(count == 0, f"the account counts {count} open orders")


@card("EX-170")
async def canceling_is_idempotent(harness: ExecutionHarness) -> None:
    """Canceling ends what works, twice is as good as once, and a done order stays as it is."""
    order = an_order(harness, "ex170")
    await harness.execution.submit(order)
    first = await harness.execution.cancel(order.symbol, order.client_order_id)
    second = await harness.execution.cancel(order.symbol, order.client_order_id)
    holds(first.filled_qty == second.filled_qty, "a second cancel changed what was filled")
    ended = (ReportStatus.CANCELED, ReportStatus.FILLED)
    holds(second.status in ended, f"answered {second.status}")
    await harness.trade()
    later = await query(harness, order)
    holds(later.fills == second.fills, "filled after it was canceled")
    done = an_order(harness, "ex170d")
    as_filled = await filled(harness, done)
    told = await harness.execution.cancel(done.symbol, done.client_order_id)
    holds(told.status is ReportStatus.FILLED, f"canceling a filled order says {told.status}")
    after = await query(harness, done)
    holds(after.status is ReportStatus.FILLED, f"a filled order became {after.status}")
    holds(after.fills == as_filled.fills, "its fills changed")


# -------------------------------------------------------------------------------- identity


@card("EX-180")
async def repeated_ids_are_as_declared(harness: ExecutionHarness) -> None:
    """A second order with the id of a filled one: refused or executed, as declared."""
    order = an_order(harness, "ex180")
    first = await filled(harness, order)
    answer = await harness.execution.submit(order)
    await harness.trade()
    await harness.trade()
    fills = await harness.execution.fills_since(order.symbol, None)
    count = len({fill.trade_id for _, fill in fills})
    if harness.execution.capabilities.deduplicates_client_ids:
        holds(answer.status is ReportStatus.REJECTED, f"answered {answer.status}")
        holds(count == len(first.fills), "executed twice")
    else:
        holds(answer.status is not ReportStatus.REJECTED, "refused; declare that it is")
        holds(count > len(first.fills), "not executed again; declare that it is not")


@card("EX-190")
async def long_ids_are_taken(harness: ExecutionHarness) -> None:
    """The longest id allowed is taken and found again unchanged."""
    length = min(harness.execution.capabilities.client_order_id_length_max, len(ID_CHARS))
    longest = ClientOrderId(ID_CHARS[:length])
    order = NewOrder(
        client_order_id=longest,
        symbol=harness.instrument.symbol,
        side=BUY,
        quantity=harness.quantity,
        reduces=False,
    )
    report = await filled(harness, order)
    holds(report.client_order_id == longest, f"came back as {report.client_order_id}")


# --------------------------------------------------------------------------- when it breaks


@card("EX-200")
async def what_was_told_stays_true(harness: ExecutionHarness) -> None:
    """After the adapter's death everything it told is still so, and nothing happened twice."""
    done, working = an_order(harness, "ex200"), an_order(harness, "ex200w")
    before = await filled(harness, done)
    account = await account_of(harness)
    await harness.execution.submit(working)
    await harness.reopen()
    # Before anything is asked by id: whose they are must not depend on that.
    known = await harness.execution.fills_since(done.symbol, None)
    whose = {order_id for order_id, _ in known[: len(before.fills)]}
    holds(whose == {done.client_order_id}, f"its fills are those of {whose}")
    after = await query(harness, done)
    holds(after.fills == before.fills, f"fills became {after.fills}, were {before.fills}")
    report = await until_filled(harness, working)
    gained = net_of(BUY, report.fills, harness.instrument.symbol.base)
    expected = decimals.add(account.net_qty, gained)
    listed = await harness.execution.fills_since(done.symbol, None)
    told = [(order_id, fill.trade_id) for order_id, fill in listed]
    kept = [(each.client_order_id, f.trade_id) for each in (before, report) for f in each.fills]
    holds(told == kept, f"listed {told}, executed {kept}")
    net = (await account_of(harness)).net_qty
    holds(net == expected, f"the account says {net}, the fills sum to {expected}")


@card("EX-210")
async def a_canceled_caller_leaves_truth(harness: ExecutionHarness) -> None:
    """A caller that is canceled while sending learns by asking what became of the order."""
    order = an_order(harness, "ex210")

    async def send() -> None:
        await harness.execution.submit(order)

    sending = asyncio.ensure_future(send())
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await harness.trade()
    await harness.trade()
    report = await query(harness, order)
    expected = net_of(BUY, report.fills, harness.instrument.symbol.base)
    net = (await account_of(harness)).net_qty
    holds(net == expected, f"the answer shows {expected}, the account {net}")
    await filled(harness, an_order(harness, "ex210n"))


@card("EX-220")
async def unknown_pair_is_refused(harness: ExecutionHarness) -> None:
    """An order on a pair that is not traded there is refused."""
    order = NewOrder(
        client_order_id=ClientOrderId("robson_core_ex220"),
        symbol=Symbol("NOSUCHCOINUSDT"),
        side=BUY,
        quantity=harness.quantity,
        reduces=False,
    )
    try:
        report = await harness.execution.submit(order)
    except DefinitiveVenueError:
        return
    holds(report.status is ReportStatus.REJECTED, f"answered {report.status}")


@card("EX-240")
async def statements_carry_their_times(harness: ExecutionHarness) -> None:
    """A send says when it was signed; the venue's clock does not go back."""
    order = an_order(harness, "ex240")
    answer = await harness.execution.submit(order)
    holds(answer.ts_signed > 0, "ts_signed is missing: nobody can tell when the send expires")
    last = 0
    for _ in range(3):
        report = await query(harness, order)
        holds(report.ts_event >= max(last, 1), f"venue time {report.ts_event} after {last}")
        last = report.ts_event
        await harness.trade()
    holds(last >= answer.ts_signed, f"venue time {last} is before the send {answer.ts_signed}")
