"""Market data with one planted bug each: what people really get wrong.

Each is a real connector with one method spoiled, so that everything else about it is right.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson_connectors.paper import PaperConnector
from robson_domain.capabilities import Capabilities
from robson_domain.errors import RetryableVenueError
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, PriceOrigin, TradeTick
from robson_domain.symbols import Symbol
from robson_domain.values import Quantity


class BackfillsUnordered(PaperConnector):
    """Returns pages as they come."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return (*found[len(found) // 2 :], *found[: len(found) // 2])


class BackfillsTwice(PaperConnector):
    """Repeats the last trade of a page as the first of the next."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return (*found[:3], *found[2:])


class BackfillsFromTheMark(PaperConnector):
    """Takes *after* for *from*."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        return await super().trades_since(symbol, after_trade_id - 1)


class BackfillsOnePage(PaperConnector):
    """Fetches one page and calls it all."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        return (await super().trades_since(symbol, after_trade_id))[:4]


class BackfillsAsLive(PaperConnector):
    """Lets fetched trades pass for live ones."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return tuple(tick._replace(origin=PriceOrigin.LIVE) for tick in found)


class ShowsTheFormingBar(PaperConnector):
    """Counts the bar that is not over as the last one, as most venues do."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        found = await super().bars(symbol, interval, count)
        forming = tuple(attrs.evolve(bar, ts_open=bar.ts_close) for bar in found[-1:])
        return (*found[1:], *forming)


class BarsNewestFirst(PaperConnector):
    """Newest first."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        return tuple(reversed(await super().bars(symbol, interval, count)))


class BarsMixUpHighAndLow(PaperConnector):
    """Reads open, low, high, close."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        found = await super().bars(symbol, interval, count)
        return tuple(attrs.evolve(bar, high=bar.low, low=bar.high) for bar in found)


class BarsWithoutVolume(PaperConnector):
    """Counts trades instead of what was traded."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        found = await super().bars(symbol, interval, count)
        return tuple(attrs.evolve(bar, volume=Quantity(Decimal(5))) for bar in found)


class NeverSaysItIsUp(PaperConnector):
    """Does not tell about its link."""

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        super().subscribe(symbol, sink, lambda *_: None)


class KeepsTheFirstSubscriber(PaperConnector):
    """Adds a subscriber instead of replacing it."""

    _first: Any = None

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        first, self._first = self._first, self._first or sink

        def both(tick: TradeTick) -> None:
            if first is not None:
                first(tick)
            sink(tick)

        super().subscribe(symbol, both, link)


class IgnoresUnsubscribing(PaperConnector):
    """Unsubscribes at the venue and goes on delivering what still comes."""

    def unsubscribe(self, symbol: Symbol) -> None:
        return None


class RepeatsTrades(PaperConnector):
    """Delivers from two connections at once."""

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        def twice(tick: TradeTick) -> None:
            sink(tick)
            sink(tick)

        super().subscribe(symbol, twice, link)


class InventsPairs(PaperConnector):
    """Returns rules for whatever it is asked."""

    async def instrument(self, symbol: Symbol) -> Instrument:
        known = next(iter(self._market.instruments.values()))
        return attrs.evolve(known, symbol=symbol)


class ClosesOnce(PaperConnector):
    """Fails when it is closed again."""

    _over = False

    async def close(self) -> None:
        if self._over:
            raise RetryableVenueError("already closed")
        self._over = True
        await super().close()


class GoesOnAfterClosing(PaperConnector):
    """Leaves its task running."""

    async def close(self) -> None:
        return None


class MixesUpPairs(PaperConnector):
    """Answers with the rules of another pair."""

    async def instrument(self, symbol: Symbol) -> Instrument:
        await super().instrument(symbol)
        return await super().instrument(Symbol("ETHUSDT"))


class ChangesItsMind(PaperConnector):
    """Finds out what it can do as it goes."""

    _looks = 0

    @property
    def capabilities(self) -> Capabilities:
        self._looks += 1
        return attrs.evolve(super().capabilities, can_short=self._looks % 2 == 0)


class GivesEveryBar(PaperConnector):
    """Ignores how many are wanted."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        return await super().bars(symbol, interval, count + 2)


class HidesThatItCannotBackfill(PaperConnector):
    """Answers with nothing."""

    @property
    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities, has_backfill=False)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        return ()


class HidesItsHistory(PaperConnector):
    """Has bars and denies it."""

    @property
    def capabilities(self) -> Capabilities:
        return attrs.evolve(super().capabilities, has_history=False)
