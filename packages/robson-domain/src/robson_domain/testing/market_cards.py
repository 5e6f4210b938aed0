"""What a market-data adapter promises; ``docs/reference/ports/market_data.md`` says why."""

from __future__ import annotations

from typing import Final

from robson_domain import decimals
from robson_domain.capabilities import Capabilities
from robson_domain.errors import DefinitiveVenueError
from robson_domain.market import Bar, PriceOrigin
from robson_domain.symbols import Symbol
from robson_domain.testing import market_link_cards as links
from robson_domain.testing.conformance import Card, Deck, holds
from robson_domain.testing.market_harness import MarketHarness, ascend, listen, trade_of

__all__ = ["MARKET_CARDS", "MarketCard", "MarketHarness"]

_UNKNOWN: Final = Symbol("NOSUCHCOINUSDT")
_SECOND: Final = 1_000_000_000


_DECK: Final[Deck[MarketHarness]] = Deck()
card = _DECK.card


def _backfills(capabilities: Capabilities) -> bool:
    return capabilities.has_backfill


def _has_no_backfill(capabilities: Capabilities) -> bool:
    return not capabilities.has_backfill


def _remembers(capabilities: Capabilities) -> bool:
    return capabilities.has_history


def _has_no_history(capabilities: Capabilities) -> bool:
    return not capabilities.has_history


# ----------------------------------------------------------------------------------- rules


@card("MD-010")
async def rules_of_a_pair(harness: MarketHarness) -> None:
    """A pair's rules are that pair's, those its orders go by, and the same when asked again."""
    first = await harness.market.instrument(harness.symbol)
    second = await harness.market.instrument(harness.symbol)
    holds(first == second, f"{first}, then {second}")
    holds(first.symbol == harness.symbol, f"asked for {harness.symbol}, got {first.symbol}")
    known = getattr(harness, "instrument", first)
    holds(first == known, f"told {first}, the rules are {known}")


@card("MD-020")
async def unknown_pair(harness: MarketHarness) -> None:
    """A pair that does not exist there is a definitive error."""
    try:
        found = await harness.market.instrument(_UNKNOWN)
    except DefinitiveVenueError:
        return
    holds(False, f"there is no {_UNKNOWN}, got {found}")


@card("MD-025")
async def capabilities_are_constant(harness: MarketHarness) -> None:
    """Capabilities are constant and named."""
    first, second = harness.market.capabilities, harness.market.capabilities
    holds(first == second and first.name, f"{first}, then {second}")


# ------------------------------------------------------------------------------------ live


@card("MD-030")
async def live_trades(harness: MarketHarness) -> None:
    """Live trades come in order, each once, about the pair that was asked for."""
    listener = listen(harness)
    await harness.trades(8)
    holds(len(listener.ticks) >= 8, f"8 trades happened, {len(listener.ticks)} were delivered")
    ids = [tick.trade_id for tick in listener.ticks]
    holds(ascend(ids) and ids[0] > 0, f"trade ids {ids}")
    for tick in listener.ticks:
        holds(tick.symbol == harness.symbol, f"a trade of {tick.symbol}")
        holds(tick.origin is PriceOrigin.LIVE, f"a live trade says {tick.origin!r}")
        holds(tick.ticks > 0 and tick.steps >= 0, f"{tick}")
        holds(tick.ts_event > 0 and tick.ts_received > 0, f"a trade without its times: {tick}")


@card("MD-040")
async def link_comes_first(harness: MarketHarness) -> None:
    """The link is said to be up before the first trade."""
    listener = listen(harness)
    await harness.trades(3)
    first = listener.told[0] if listener.told else None
    holds(first == (harness.symbol, True), f"first came {first}")


@card("MD-050")
async def second_subscription_replaces(harness: MarketHarness) -> None:
    """A second subscription for a pair replaces the first."""
    first = listen(harness)
    await harness.trades(2)
    count = len(first.ticks)
    second = listen(harness)
    await harness.trades(3)
    holds(len(first.ticks) == count, "the first subscriber was still called")
    holds(len(second.ticks) >= 3, f"the second got {len(second.ticks)} of 3 trades")
    ids = [tick.trade_id for tick in second.ticks]
    holds(ascend(ids), f"trade ids {ids}")


@card("MD-060")
async def unsubscribing_stops(harness: MarketHarness) -> None:
    """After unsubscribing nothing is delivered; twice is as good as once."""
    listener = listen(harness)
    await harness.trades(2)
    harness.market.unsubscribe(harness.symbol)
    harness.market.unsubscribe(harness.symbol)
    count = len(listener.told)
    await harness.trades(3)
    holds(len(listener.told) == count, "still called after unsubscribing")


# ------------------------------------------------------------------------------- back-fill


@card("MD-070", _backfills)
async def backfill_is_exact(harness: MarketHarness) -> None:
    """Trades after an id: the very trades that were live, every one, once, in order."""
    listener = listen(harness)
    await harness.trades(10)
    live = listener.ticks
    mark = live[3].trade_id
    asked = harness.now_ns()
    found = await harness.market.trades_since(harness.symbol, mark)
    expected = [trade_of(tick) for tick in live if tick.trade_id > mark]
    shown = [trade_of(tick) for tick in found]
    holds(shown == expected, f"after {mark}: {shown}, live were {expected}")
    for tick in found:
        holds(tick.origin is PriceOrigin.GAP, f"a fetched trade says {tick.origin!r}")
        holds(tick.symbol == harness.symbol, f"a trade of {tick.symbol}")
        late = harness.now_ns() + _SECOND
        holds(asked <= tick.ts_received <= late, f"received at {tick.ts_received}, asked {asked}")


@card("MD-080", _backfills)
async def backfill_is_idempotent(harness: MarketHarness) -> None:
    """Fetching again changes nothing; what happened since comes at the end."""
    listener = listen(harness)
    await harness.trades(6)
    mark = listener.ticks[1].trade_id
    first = await harness.market.trades_since(harness.symbol, mark)
    again = await harness.market.trades_since(harness.symbol, mark)
    shown, repeated = [trade_of(t) for t in first], [trade_of(t) for t in again]
    holds(shown == repeated, f"{shown}, then {repeated}")
    await harness.trades(3)
    later = [trade_of(t) for t in await harness.market.trades_since(harness.symbol, mark)]
    holds(later[: len(shown)] == shown, "what was fetched before has changed")
    holds(len(later) >= len(shown) + 3, f"3 more trades happened, {len(later) - len(shown)} more")


@card("MD-090", _backfills)
async def nothing_to_fetch(harness: MarketHarness) -> None:
    """After the last trade there is nothing."""
    listener = listen(harness)
    await harness.trades(3)
    last = listener.ticks[-1].trade_id
    found = await harness.market.trades_since(harness.symbol, last)
    holds(found == (), f"after the last trade {last}: {found}")


@card("MD-095", _has_no_backfill)
async def no_backfill_is_said(harness: MarketHarness) -> None:
    """A venue that cannot back-fill says so; it does not answer with nothing."""
    listener = listen(harness)
    await harness.trades(3)
    try:
        found = await harness.market.trades_since(harness.symbol, listener.ticks[0].trade_id)
    except DefinitiveVenueError:
        return
    holds(False, f"declared no back-fill, answered {found}")


# ------------------------------------------------------------------------------------ bars


async def _bars(harness: MarketHarness, count: int) -> tuple[Bar, ...]:
    return await harness.market.bars(harness.symbol, harness.interval, count)


@card("MD-100", _remembers)
async def bars_are_complete(harness: MarketHarness) -> None:
    """Bars are complete, aligned to their interval, oldest first, up to the number wanted."""
    listen(harness)
    await harness.bars(4)
    bars = await _bars(harness, 3)
    holds(len(bars) == 3, f"3 bars wanted, {len(bars)} given")
    starts = [bar.ts_open for bar in bars]
    holds(ascend(starts), f"bars begin at {starts}")
    for bar in bars:
        holds(bar.interval == harness.interval, f"interval {bar.interval}")
        holds(bar.ts_open % harness.interval == 0, f"begins at {bar.ts_open}")
        holds(bar.symbol == harness.symbol, f"a bar of {bar.symbol}")
    holds(bars[-1].ts_close <= harness.now_ns(), "the last bar is not over")
    age = harness.now_ns() - bars[-1].ts_close
    holds(age <= 2 * harness.interval, f"the newest bar ended {age} ns ago")


@card("MD-110", _remembers)
async def bars_hold_together(harness: MarketHarness) -> None:
    """High is the highest and low the lowest; the same bar is the same when asked again."""
    listen(harness)
    await harness.bars(3)
    bars = await _bars(harness, 3)
    for bar in bars:
        inside = bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close)
        holds(inside, f"{bar}")
    holds(await _bars(harness, 3) == bars, "asked again, the bars have changed")
    await harness.bars(1)
    later = await _bars(harness, 4)
    kept = [bar for bar in bars if bar in later]
    holds(len(kept) >= len(bars) - 1, f"{bars}, a bar later {later}")


@card("MD-120", _remembers)
async def bars_are_made_of_trades(harness: MarketHarness) -> None:
    """A bar is what its trades were."""
    listener = listen(harness)
    await harness.bars(4)
    rules = await harness.market.instrument(harness.symbol)
    (bar,) = await _bars(harness, 1)
    inside = [t for t in listener.ticks if bar.ts_open <= t.ts_event < bar.ts_close]
    holds(inside, "no trade was delivered for the bar")
    ticks = [tick.ticks for tick in inside]
    seen = (ticks[0], max(ticks), min(ticks), ticks[-1])
    told = tuple(rules.ticks(price) for price in (bar.open, bar.high, bar.low, bar.close))
    holds(told == seen, f"open, high, low, close {told}, its trades say {seen}")
    traded = decimals.total([rules.quantity(tick.steps).value for tick in inside])
    holds(bar.volume.value == traded, f"volume {bar.volume}, its trades sum to {traded}")


@card("MD-130", _remembers)
async def few_bars_are_few(harness: MarketHarness) -> None:
    """Nobody gets more bars than there are or were asked for."""
    await harness.bars(2)
    holds(len(await _bars(harness, 1)) == 1, "one bar wanted")
    holds(await _bars(harness, 0) == (), "no bar wanted")


@card("MD-140", _has_no_history)
async def no_history_is_empty(harness: MarketHarness) -> None:
    """A venue without history has no bars, and that is no error."""
    await harness.bars(3)
    found = await _bars(harness, 3)
    holds(found == (), f"declared no history, answered {found}")


# ------------------------------------------------------------------------------------- end


@card("MD-150")
async def closing_ends_it(harness: MarketHarness) -> None:
    """After closing nothing is delivered; twice is as good as once."""
    listener = listen(harness)
    await harness.trades(2)
    await harness.market.close()
    await harness.market.close()
    count = len(listener.ticks)
    await harness.trades(3)
    holds(len(listener.ticks) == count, "trades delivered after closing")


MarketCard = Card[MarketHarness]

MARKET_CARDS: Final[tuple[MarketCard, ...]] = tuple(
    sorted((*_DECK.cards, *links.DECK.cards), key=str)
)
"""Every card, in the order of their numbers."""
