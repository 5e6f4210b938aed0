"""The market cards about links, failures and several pairs; ``market_cards`` lists them.

Their harness can do more than trade: see ``execution_abilities``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from robson_domain.capabilities import Capabilities
from robson_domain.testing.conformance import Deck, holds
from robson_domain.testing.execution_abilities import (
    FailingHarness,
    LinkHarness,
    PairsHarness,
    Question,
)
from robson_domain.testing.execution_doubt_cards import is_unanswered
from robson_domain.testing.market_harness import MarketHarness, ascend, listen, trade_of

DECK: Final[Deck[MarketHarness]] = Deck()
card = DECK.card
_HOUR: Final = 3_600 * 1_000_000_000


def _backfills(capabilities: Capabilities) -> bool:
    return capabilities.has_backfill


@card("MD-160", needs=(LinkHarness,))
async def a_cut_is_said(harness: MarketHarness) -> None:
    """A cut link is said to be down, and up again before the first trade after it."""
    assert isinstance(harness, LinkHarness)
    listener = listen(harness)
    await harness.trades(2)
    await harness.cut()
    down, up = (harness.symbol, False), (harness.symbol, True)
    holds(listener.told[-1] == down, f"the link is cut, last came {listener.told[-1]}")
    count = len(listener.told)
    await harness.heal()
    await harness.trades(2)
    later = listener.told[count:]
    holds(later and later[0] == up, f"the link came back, first came {later[:1]}")
    holds(down not in later, "it was said to be down again")
    holds(len(later) >= 3, f"2 trades happened after it, told {later}")


@card("MD-170", _backfills, needs=(LinkHarness,))
async def a_gap_can_be_filled(harness: MarketHarness) -> None:
    """What happened while the link was cut can be fetched; nothing is missing or comes twice."""
    assert isinstance(harness, LinkHarness)
    listener = listen(harness)
    await harness.trades(3)
    mark = listener.ticks[-1].trade_id
    await harness.cut()
    await harness.trades(4)
    await harness.heal()
    await harness.trades(3)
    ids = [tick.trade_id for tick in listener.ticks]
    holds(ascend(ids), f"delivered {ids}")
    found = {
        t.trade_id: trade_of(t) for t in await harness.market.trades_since(harness.symbol, mark)
    }
    holds(len(found) >= 7, f"7 trades happened after {mark}, fetched {sorted(found)}")
    holds(ascend(list(found)), f"fetched {list(found)}")
    later = {tick.trade_id: trade_of(tick) for tick in listener.ticks if tick.trade_id > mark}
    holds(later.items() <= found.items(), f"delivered {later}, fetched {found}")
    holds(len(later) >= 3, f"3 trades happened after the cut, {len(later)} were delivered")


@card("MD-180", needs=(PairsHarness,))
async def pairs_have_their_own_trades(harness: MarketHarness) -> None:
    """Each subscriber hears of its own pair, and goes on when another pair is left."""
    assert isinstance(harness, PairsHarness)
    mine, other = listen(harness), listen(harness, harness.other.symbol)
    await harness.trades(4)
    for listener, symbol in ((mine, harness.symbol), (other, harness.other.symbol)):
        about = {tick.symbol for tick in listener.ticks}
        holds(about == {symbol}, f"who listens to {symbol} heard of {about}")
        ids = [tick.trade_id for tick in listener.ticks]
        holds(ascend(ids), f"{symbol}: trade ids {ids}")
    harness.market.unsubscribe(harness.other.symbol)
    count, left = len(mine.ticks), len(other.told)
    await harness.trades(3)
    holds(len(mine.ticks) >= count + 3, "unsubscribing one pair has ended another")
    holds(len(other.told) == left, "still called for the pair that was left")
    rules = await harness.market.instrument(harness.other.symbol)
    holds(rules == harness.other, f"rules of {harness.other.symbol}: {rules}")


@card("MD-190", needs=(FailingHarness,))
async def no_answer_is_no_empty_market(harness: MarketHarness) -> None:
    """A question without a usable answer is an error to try again, never an empty answer."""
    assert isinstance(harness, FailingHarness)
    market, listener = harness.market, listen(harness)
    await harness.bars(2)
    mark = listener.ticks[0].trade_id
    asks: dict[Question, Callable[[], Awaitable[object]]] = {}
    if market.capabilities.has_backfill:
        asks[Question.TRADES] = lambda: market.trades_since(harness.symbol, mark)
    if market.capabilities.has_history:
        asks[Question.BARS] = lambda: market.bars(harness.symbol, harness.interval, 1)
    for question, ask in asks.items():
        harness.fail(question)
        await is_unanswered(question, ask)
        harness.mend()
        await ask()


@card("MD-200")
async def trades_have_their_times(harness: MarketHarness) -> None:
    """Times are UTC in nanoseconds: received by our clock, happened within an hour of it."""
    listener = listen(harness)
    before = harness.now_ns()
    await harness.trades(4)
    now = harness.now_ns()
    for tick in listener.ticks:
        holds(before <= tick.ts_received <= now, f"received at {tick.ts_received}, it is {now}")
        holds(abs(tick.ts_event - now) < _HOUR, f"happened at {tick.ts_event}, it is {now}")
