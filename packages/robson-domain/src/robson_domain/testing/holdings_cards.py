"""What reading the whole account promises; run with the execution cards.

Their harness has the adapter's holdings: see ``execution_abilities``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

from robson_domain import decimals
from robson_domain.errors import DefinitiveVenueError
from robson_domain.holdings import AssetBalance, RestingKind
from robson_domain.symbols import Symbol
from robson_domain.testing.conformance import Deck, holds
from robson_domain.testing.execution_abilities import (
    FailingHarness,
    HoldingsHarness,
    PersonHarness,
    PushHarness,
    Question,
)
from robson_domain.testing.execution_doubt_cards import is_unanswered
from robson_domain.testing.execution_harness import (
    BUY,
    SELL,
    ExecutionHarness,
    account_of,
    an_order,
    filled,
    pushes,
    shorts,
)
from robson_domain.testing.execution_stop_cards import a_long, a_stop, resting, rests_stops

DECK: Final[Deck[ExecutionHarness]] = Deck()
card = DECK.card
_HOUR: Final = 3_600 * 1_000_000_000


def _net(base: AssetBalance, expected: Decimal) -> None:
    """Check the net quantity, which interest that was charged meanwhile is no part of."""
    net = decimals.sub(base.held, base.borrowed)
    holds(net == expected, f"{net} net of what is borrowed, the account says {expected}")


@card("HO-010", needs=(HoldingsHarness,))
async def holdings_are_the_account(harness: ExecutionHarness) -> None:
    """A pair's balances say what its account says, alone and among all pairs."""
    assert isinstance(harness, HoldingsHarness)
    symbol = harness.instrument.symbol
    await filled(harness, an_order(harness, "ho010"))
    account, asked = await account_of(harness), harness.now_ns()
    pair = await harness.holdings.pair(symbol)
    among = [each for each in await harness.holdings.pairs() if each.symbol == symbol]
    holds(len(among) == 1, f"{symbol} is there {len(among)} times")
    for each in (pair, among[0]):
        assets = (each.base.asset, each.quote.asset)
        holds(assets == (symbol.base, symbol.quote), f"the pair's assets are {assets}")
        _net(each.base, account.net_qty)
        holds(each.quote.debt == account.debt_quote.value, f"owes {each.quote.debt} of quote")
        near = not each.ts_event or abs(each.ts_event - asked) < _HOUR
        holds(near, f"the venue's time is {each.ts_event}, ours {asked}")
        holds(each.ts_received >= asked, f"received at {each.ts_received}, asked at {asked}")


@card("HO-020", shorts, needs=(HoldingsHarness,))
async def a_short_is_debt(harness: ExecutionHarness) -> None:
    """What a short owes is debt in base asset, and is not held."""
    assert isinstance(harness, HoldingsHarness)
    await filled(harness, an_order(harness, "ho020", SELL))
    account = await account_of(harness)
    base = (await harness.holdings.pair(harness.instrument.symbol)).base
    holds(base.debt == account.debt_base.value, f"owes {base.debt}, not {account.debt_base}")
    _net(base, account.net_qty)


@card("HO-030", needs=(HoldingsHarness,))
async def executions_have_their_side(harness: ExecutionHarness) -> None:
    """Executions of the account have their side and their order, once each, in order."""
    assert isinstance(harness, HoldingsHarness)
    symbol, rules = harness.instrument.symbol, harness.instrument
    bought = an_order(harness, "ho030")
    first = await filled(harness, bought)
    held = rules.round_qty_down((await account_of(harness)).net_qty)
    sold = an_order(harness, "ho030x", SELL, held, reduces=True)
    second = await filled(harness, sold)
    expected = [(BUY, bought.client_order_id, fill.trade_id) for fill in first.fills]
    expected += [(SELL, sold.client_order_id, fill.trade_id) for fill in second.fills]
    found = await harness.holdings.trades(symbol, None)
    told = [(each.side, each.client_order_id, each.fill.trade_id) for each in found]
    holds(told == expected, f"told {told}, executed {expected}")
    holds(all(each.symbol == symbol for each in found), "an execution of another pair")
    holds(len({each.venue_order_id for each in found} - {""}) == 2, "two orders, not told apart")
    rest = await harness.holdings.trades(symbol, first.fills[-1].trade_id)
    ids = [each.fill.trade_id for each in rest]
    holds(ids == [fill.trade_id for fill in second.fills], f"after the first order: {ids}")


@card("HO-040", needs=(HoldingsHarness, PersonHarness))
async def the_person_is_seen(harness: ExecutionHarness) -> None:
    """What the person trades and leaves resting is there, and gone when it is taken back."""
    assert isinstance(harness, HoldingsHarness)
    assert isinstance(harness, PersonHarness)
    symbol = harness.instrument.symbol
    harness.trade_by_hand(BUY, harness.quantity)
    trades = await harness.holdings.trades(symbol, None)
    total = decimals.total([each.fill.quantity.value for each in trades])
    holds(total == harness.quantity.value, f"the person bought {harness.quantity}, told {total}")
    holds({each.side for each in trades} == {BUY}, "the person bought")
    placed = harness.rest()
    resting = await harness.holdings.resting_orders(symbol)
    ids = [each.client_order_id for each in resting]
    holds(ids == [placed], f"resting are {ids}, the person left {placed}")
    harness.take_back()
    holds(not await harness.holdings.resting_orders(symbol), "what is gone still rests")


@card("HO-045", rests_stops, needs=(HoldingsHarness,))
async def our_stop_is_seen(harness: ExecutionHarness) -> None:
    """A stop of ours rests with its side, its quantity and its price, and locks what it sells."""
    assert isinstance(harness, HoldingsHarness)
    symbol, held = harness.instrument.symbol, await a_long(harness, "ho045e")
    stop = a_stop(harness, "ho045", held)
    answer = await resting(harness, stop)
    listed = await harness.holdings.resting_orders(symbol)
    ids = [(each.client_order_id, each.venue_order_id) for each in listed]
    holds(ids == [(stop.client_order_id, answer.venue_order_id)], f"resting are {ids}")
    (each,) = listed
    told = (each.symbol, each.side, each.leaves_qty, each.stop_price)
    sent = (symbol, stop.side, stop.quantity, stop.stop_price)
    holds(told == sent, f"told {told}, sent {sent}")
    kinds = (RestingKind.STOP, RestingKind.STOP_LIMIT)
    holds(each.kind in kinds, f"it is a stop and passes for {each.kind}")
    base = (await harness.holdings.pair(symbol)).base
    holds(base.locked == held.value, f"{base.locked} is locked, the stop sells {held}")
    holds(base.free < harness.instrument.step_size, f"{base.free} is free beside it")


@card("HO-050", needs=(HoldingsHarness, FailingHarness))
async def a_failed_read_is_no_empty_account(harness: ExecutionHarness) -> None:
    """A read without a usable answer is an error, never an empty account."""
    assert isinstance(harness, HoldingsHarness)
    assert isinstance(harness, FailingHarness)
    symbol, port = harness.instrument.symbol, harness.holdings
    await filled(harness, an_order(harness, "ho050"))
    asks: dict[Question, Callable[[], Awaitable[object]]] = {
        Question.PAIRS: port.pairs,
        Question.PAIR: lambda: port.pair(symbol),
        Question.ACCOUNT_TRADES: lambda: port.trades(symbol, None),
        Question.RESTING_ORDERS: lambda: port.resting_orders(symbol),
    }
    for question, ask in asks.items():
        harness.fail(question)
        await is_unanswered(question, ask)
        harness.mend()
        await ask()


@card("HO-060", needs=(HoldingsHarness,))
async def an_unknown_pair_is_an_error(harness: ExecutionHarness) -> None:
    """A pair that the account does not have is a definitive error, not an empty pair."""
    assert isinstance(harness, HoldingsHarness)
    try:
        found = await harness.holdings.pair(Symbol("NOSUCHCOINUSDT"))
    except DefinitiveVenueError:
        return
    holds(False, f"there is no such pair, got {found}")


@card("HO-070", pushes, needs=(HoldingsHarness, PushHarness))
async def changes_are_hinted(harness: ExecutionHarness) -> None:
    """Something that happened on a pair is hinted at, about that pair."""
    assert isinstance(harness, HoldingsHarness)
    assert isinstance(harness, PushHarness)
    hints: list[Symbol] = []
    harness.holdings.subscribe_hints(hints.append)
    await harness.follow()
    hints.clear()
    await filled(harness, an_order(harness, "ho070"))
    await harness.settle()
    holds(set(hints) == {harness.instrument.symbol}, f"hints about {set(hints)}")
    if isinstance(harness, PersonHarness):
        hints.clear()
        harness.trade_by_hand(BUY, harness.quantity)
        await harness.settle()
        holds(hints, "the person traded, and nobody was told")
