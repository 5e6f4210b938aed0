"""The execution cards about orders; ``execution_cards`` lists them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from robson_domain import decimals
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import ReportStatus
from robson_domain.testing.conformance import Deck, holds
from robson_domain.testing.execution_harness import (
    BUY,
    SELL,
    ExecutionHarness,
    account_of,
    an_order,
    facts,
    filled,
    net_of,
    query,
    same_account,
    shorts,
    sum_of,
    until_filled,
)
from robson_domain.values import Quantity

DECK: Final[Deck[ExecutionHarness]] = Deck()
card = DECK.card


# ------------------------------------------------------------------------ the adapter itself


@card("EX-010")
async def says_what_it_can_do(harness: ExecutionHarness) -> None:
    """Capabilities are constant, named, and leave room for Robson's ids."""
    first, second = harness.execution.capabilities, harness.execution.capabilities
    holds(first == second, "capabilities changed between two looks")
    holds(first.name, "the name is empty")
    limit = first.client_order_id_length_max
    holds(limit >= 32, f"ids have up to 32 characters, the venue takes {limit}")


@card("EX-230")
async def closes_twice(harness: ExecutionHarness) -> None:
    """Closing is idempotent."""
    await harness.execution.close()
    await harness.execution.close()


# ------------------------------------------------------------------------------------ orders


@card("EX-020")
async def fills_once_and_tells_all(harness: ExecutionHarness) -> None:
    """A market order fills to its quantity, and the question by id tells every execution."""
    order = an_order(harness, "ex020")
    report = await filled(harness, order)
    total = sum_of(report.fills)
    holds(total == order.quantity.value, f"fills sum to {total}, ordered {order.quantity}")
    holds(report.filled_qty == order.quantity, f"filled_qty says {report.filled_qty}")
    ids = [fill.trade_id for fill in report.fills]
    holds(len(set(ids)) == len(ids), f"trade ids repeat: {ids}")
    about = (report.client_order_id, report.symbol)
    holds(about == (order.client_order_id, order.symbol), f"the answer is about {about}")


@card("EX-025")
async def the_answer_is_true(harness: ExecutionHarness) -> None:
    """The answer to a send is about that order and says no more than the question shows later."""
    order = an_order(harness, "ex025")
    answer = await harness.execution.submit(order)
    about = (answer.client_order_id, answer.symbol)
    holds(about == (order.client_order_id, order.symbol), f"the answer is about {about}")
    told = sum_of(answer.fills)
    said = f"says {answer.filled_qty}, its executions sum to {told}"
    holds(answer.filled_qty.value >= told, said)
    if answer.status is ReportStatus.FILLED:
        holds(answer.filled_qty == order.quantity, f"filled, with {answer.filled_qty}")
        now = (await query(harness, order)).status
        holds(now is ReportStatus.FILLED, f"answered filled, and it is {now}")
    report = await until_filled(harness, order)
    shown = {fill.trade_id: facts(fill) for fill in report.fills}
    ids = [fill.trade_id for fill in answer.fills]
    holds(len(ids) == len(set(ids)), f"executions are told twice: {ids}")
    wrong = [fill for fill in answer.fills if shown.get(fill.trade_id) != facts(fill)]
    holds(not wrong, f"answered {wrong}, the question shows {shown}")


@card("EX-030")
async def account_follows_the_fills(harness: ExecutionHarness) -> None:
    """The net quantity changes by what was filled, less commission paid in base asset."""
    before = await account_of(harness)
    holds(before.net_qty == 0, f"the harness starts with {before.net_qty}")
    report = await filled(harness, an_order(harness, "ex030"))
    expected = net_of(BUY, report.fills, harness.instrument.symbol.base)
    net = (await account_of(harness)).net_qty
    holds(net == expected, f"bought {expected} net of commission, the account says {net}")


@card("EX-035")
async def collateral_is_what_there_is(harness: ExecutionHarness) -> None:
    """Collateral is in quote currency, and a small position does not change it much."""
    value = decimals.mul(harness.quantity.value, harness.price.value)
    least = decimals.mul(value, Decimal(18))
    before = (await account_of(harness)).collateral
    holds(before.value >= least, f"there is collateral for 20 times {value}, it says {before}")
    await filled(harness, an_order(harness, "ex035"))
    after = (await account_of(harness)).collateral
    moved = decimals.absolute(decimals.sub(after.value, before.value))
    most = decimals.mul(value, Decimal(2))
    holds(moved <= most, f"a position of {value} moved it from {before} to {after}")


@card("EX-040", shorts)
async def a_short_is_below_zero(harness: ExecutionHarness) -> None:
    """A short is a net quantity below zero, owed in base asset."""
    lent = (await account_of(harness)).borrowable_base
    holds(lent >= harness.quantity, f"{lent} can be borrowed, {harness.quantity} should be")
    report = await filled(harness, an_order(harness, "ex040", SELL))
    expected = net_of(SELL, report.fills, harness.instrument.symbol.base)
    account = await account_of(harness)
    holds(account.net_qty == expected, f"sold {expected}, the account says {account.net_qty}")
    owed = decimals.neg(account.net_qty)
    holds(account.debt_base.value >= owed, f"owes {owed}, debt_base says {account.debt_base}")


@card("EX-050")
async def unknown_id_is_an_answer(harness: ExecutionHarness) -> None:
    """An id the venue does not know is answered with NOT_FOUND, not with an error."""
    order = an_order(harness, "ex050")
    report = await query(harness, order)
    holds(report.status is ReportStatus.NOT_FOUND, f"answered {report.status}")
    holds(not report.fills, "an unknown order has fills")


@card("EX-060")
async def asking_changes_nothing(harness: ExecutionHarness) -> None:
    """Questions are idempotent: however often asked, nothing is executed."""
    order = an_order(harness, "ex060")
    first = await filled(harness, order)
    before = await account_of(harness)
    for _ in range(3):
        await harness.execution.open_orders(order.symbol)
        await harness.execution.fills_since(order.symbol, None)
        await query(harness, order)
    await harness.trade()
    again = await query(harness, order)
    holds(again.fills == first.fills, f"fills became {again.fills}, were {first.fills}")
    after = await account_of(harness)
    holds(same_account(before, after), f"the account became {after}, was {before}")


async def _refused(harness: ExecutionHarness, order: NewOrder) -> None:
    before = await account_of(harness)
    report = await harness.execution.submit(order)
    holds(report.status is ReportStatus.REJECTED, f"answered {report.status}, not rejected")
    holds(report.code, "a refusal without a code")
    await harness.trade()
    later = await query(harness, order)
    none = (ReportStatus.REJECTED, ReportStatus.NOT_FOUND)
    holds(later.status in none and not later.fills, f"the refused order is {later.status} later")
    after = await account_of(harness)
    holds(same_account(before, after), f"a refusal changed the account to {after}")


@card("EX-070")
async def refusal_is_a_report(harness: ExecutionHarness) -> None:
    """A definitive refusal is a REJECTED report with a code, and changes nothing."""
    half_step = decimals.mul(harness.instrument.step_size, Decimal("0.5"))
    uneven = harness.quantity + Quantity(half_step)
    await _refused(harness, an_order(harness, "ex070", quantity=uneven))


@card("EX-080")
async def too_little_is_refused(harness: ExecutionHarness) -> None:
    """An order below the pair's minimum is refused."""
    one = harness.instrument.quantity(1)
    if not harness.instrument.is_tradable(one, harness.price):
        await _refused(harness, an_order(harness, "ex080", quantity=one))


@card("EX-090")
async def reducing_never_opens(harness: ExecutionHarness) -> None:
    """A reducing order with nothing to reduce is refused: it never borrows."""
    await _refused(harness, an_order(harness, "ex090s", SELL, reduces=True))
    await _refused(harness, an_order(harness, "ex090b", BUY, reduces=True))
    await filled(harness, an_order(harness, "ex090"))
    double = harness.quantity + harness.quantity
    await _refused(harness, an_order(harness, "ex090d", SELL, double, reduces=True))


@card("EX-095", shorts)
async def covering_never_opens(harness: ExecutionHarness) -> None:
    """A reducing purchase of more than is owed is refused: it would open a long."""
    await filled(harness, an_order(harness, "ex095", SELL))
    double = harness.quantity + harness.quantity
    await _refused(harness, an_order(harness, "ex095d", BUY, double, reduces=True))


@card("EX-097")
async def too_large_is_refused(harness: ExecutionHarness) -> None:
    """An order for more than the collateral carries is refused."""
    account = await account_of(harness)
    room = decimals.mul(account.collateral.value, Decimal(2 * account.leverage_max))
    much = harness.instrument.round_qty_up(decimals.div(room, harness.price.value))
    await _refused(harness, an_order(harness, "ex097", quantity=much))
    if shorts(harness.execution.capabilities):
        await _refused(harness, an_order(harness, "ex097s", SELL, much))


@card("EX-100")
async def a_long_closes(harness: ExecutionHarness) -> None:
    """A long is closed by selling what the account holds; less than a step remains."""
    await filled(harness, an_order(harness, "ex100"))
    rules, net = harness.instrument, (await account_of(harness)).net_qty
    holds(net > 0, f"bought, but the account says {net}")
    held = rules.round_qty_down(net)
    await filled(harness, an_order(harness, "ex100x", SELL, held, reduces=True))
    account = await account_of(harness)
    rest = account.net_qty
    holds(0 <= rest < rules.step_size, f"{rest} remains")
    holds(not account.debt_quote, f"{account.debt_quote} of quote is still owed")


@card("EX-110", shorts)
async def a_short_is_paid_back(harness: ExecutionHarness) -> None:
    """A short is covered with enough for the commission, rounded up; no debt remains."""
    await filled(harness, an_order(harness, "ex110", SELL))
    account, rules = await account_of(harness), harness.instrument
    kept = decimals.ONE
    if account.commission_in_base:
        kept = decimals.sub(kept, account.taker_fee_rate)
    cover = rules.round_qty_up(decimals.div(account.debt_base.value, kept))
    await filled(harness, an_order(harness, "ex110x", BUY, cover, reduces=True))
    after = await account_of(harness)
    holds(not after.debt_base, f"{after.debt_base} is still owed")
    holds(0 <= after.net_qty < rules.step_size, f"{after.net_qty} remains")
