"""Market data over a link that is cut, fails or carries several pairs, with one planted bug each.

Each is a real connector with one method spoiled, so that everything else about it is right.
"""

from __future__ import annotations

from typing import Any

import attrs

from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector
from robson_domain.errors import RetryableVenueError
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.symbols import Symbol


class RulesOfAnotherStep(PaperConnector):
    """Reads the step size of orders at market for that of all."""

    async def instrument(self, symbol: Symbol) -> Instrument:
        found = await super().instrument(symbol)
        return attrs.evolve(found, step_size=found.step_size * 10)


class HidesTheCut(MemoryConnector):
    """Connects again and tells nobody."""

    def set_link(self, symbol: Symbol, up: bool) -> None:
        (self._down.discard if up else self._down.add)(symbol)


class StaysDown(MemoryConnector):
    """Does not say that trades flow again."""

    def set_link(self, symbol: Symbol, up: bool) -> None:
        sinks = self._trade_sinks.get(symbol)
        super().set_link(symbol, up)
        if up and sinks is not None:
            sinks[1](symbol, False)


class RepeatsTheLastTrade(MemoryConnector):
    """Delivers the last trade before a cut again after it."""

    def set_link(self, symbol: Symbol, up: bool) -> None:
        super().set_link(symbol, up)
        sinks = self._trade_sinks.get(symbol)
        if up and sinks is not None:
            sinks[0](self._ticks[symbol][-1])
            sinks[0](self._ticks[symbol][-1])


class ForgetsTheGap(MemoryConnector):
    """Back-fills from what its own stream delivered."""

    _heard: frozenset[tuple[Symbol, int]] = frozenset()

    def feed(self, symbol: Symbol, *args: Any) -> TradeTick:
        tick = super().feed(symbol, *args)
        if symbol not in self._down:
            self._heard |= {(symbol, tick.trade_id)}
        return tick

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return tuple(each for each in found if (symbol, each.trade_id) in self._heard)


class NamesEveryPairTheFirst(PaperConnector):
    """One stream, one name."""

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        first = next(iter(self._market.instruments))
        super().subscribe(symbol, lambda tick: sink(tick._replace(symbol=first)), link)


class LeavesEveryPair(PaperConnector):
    """Closes the stream when one pair is left."""

    def unsubscribe(self, symbol: Symbol) -> None:
        self._trade_sinks.clear()


class NoAnswerIsNoTrades(MemoryConnector):
    """Takes a failed question for a quiet market: what was crossed in the gap is missed."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        try:
            return await super().trades_since(symbol, after_trade_id)
        except RetryableVenueError:
            return ()


class NoAnswerIsNoBars(MemoryConnector):
    """Takes a failed question for a venue without history."""

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        try:
            return await super().bars(symbol, interval, count)
        except RetryableVenueError:
            return ()


class TradeTimesInMilliseconds(PaperConnector):
    """Passes the venue's milliseconds on as they are."""

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        def in_ms(tick: TradeTick) -> None:
            sink(tick._replace(ts_event=tick.ts_event // 1_000_000))

        super().subscribe(symbol, in_ms, link)


class ReceivesWhenItHappened(PaperConnector):
    """Takes the venue's time for the time of receipt, and both in seconds."""

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        def stamped(tick: TradeTick) -> None:
            sink(tick._replace(ts_received=tick.ts_event // 1_000_000_000))

        super().subscribe(symbol, stamped, link)


class FetchedLongAgo(PaperConnector):
    """Stamps fetched trades as if they had been received when they happened."""

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        found = await super().trades_since(symbol, after_trade_id)
        return tuple(tick._replace(ts_received=tick.ts_event) for tick in found)
