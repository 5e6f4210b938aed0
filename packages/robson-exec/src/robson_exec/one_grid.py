"""One tick size a pair, for as long as anything on it lives.

A venue may change the tick size of a pair while a position is open. Positions, their stops and the
trigger index count in the ticks they began with, so every trade and every instrument is told in
those; a price between two of them counts as the nearest.

A connector tells all trades of a pair in the tick size it first told, so only what was stored by an
earlier process can differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    Bar,
    Capabilities,
    Clock,
    Instrument,
    MarketDataPort,
    Symbol,
    TradeTick,
    VenueError,
)
from robson_exec.activity import Activity
from robson_exec.limits import SECOND_NS
from robson_exec.supervision import Supervisor

LEARN_PAUSE_NS: Final = SECOND_NS
"""Between two questions for the rules of a pair whose prices wait for them."""
TradeSink = Callable[[TradeTick], None]
LinkSink = Callable[[Symbol, bool], None]


@attrs.define(kw_only=True, eq=False)
class OneGrid(MarketDataPort):
    """A market in the ticks of what is open.

    Attributes:
        market: The connector.
        tick_of: The tick size of what lives on a pair, None when nothing does.
    """

    market: MarketDataPort
    tick_of: Callable[[Symbol], Decimal | None]
    clock: Clock
    supervisor: Supervisor
    activity: Activity
    _own: dict[Symbol, Decimal] = attrs.field(factory=dict, init=False)
    _waiting: dict[Symbol, object] = attrs.field(factory=dict, init=False)

    @property
    def capabilities(self) -> Capabilities:
        """As the port."""
        return self.market.capabilities

    async def learn(self, symbols: Iterable[Symbol], deadline: int) -> None:
        """Ask for the rules of pairs on which something lives; what fails is asked for again."""
        for symbol in symbols:
            await self.supervisor.within(deadline, self._learned(symbol))

    async def instrument(self, symbol: Symbol) -> Instrument:
        """As the port; in the tick size of what lives on the pair."""
        found = await self.market.instrument(symbol)
        self._own[symbol] = found.tick_size
        wanted = self.tick_of(symbol)
        if wanted is None or wanted == found.tick_size:
            return found
        return attrs.evolve(found, tick_size=wanted)

    def subscribe(self, symbol: Symbol, sink: TradeSink, link: LinkSink) -> None:
        """As the port; once the connector's tick size is known, where something lives already."""
        self._waiting.pop(symbol, None)
        if self.tick_of(symbol) is None or symbol in self._own:
            self.market.subscribe(symbol, self._telling(symbol, sink), link)
            return
        ticket = self._waiting[symbol] = object()

        async def later() -> None:
            while self._waiting.get(symbol) is ticket:
                if await self._learned(symbol):
                    if self._waiting.get(symbol) is ticket:
                        self.subscribe(symbol, sink, link)
                    return
                await self.clock.sleep_until(self.clock.now_ns() + LEARN_PAUSE_NS)

        _ = self.supervisor.spawn(f"rules {symbol}", later(), token=self.activity.token())

    def unsubscribe(self, symbol: Symbol) -> None:
        """As the port."""
        self._waiting.pop(symbol, None)
        self.market.unsubscribe(symbol)

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """As the port."""
        if symbol not in self._own:
            _ = await self.instrument(symbol)
        found = await self.market.trades_since(symbol, after_trade_id)
        told = self._conversion(symbol)
        return found if told is None else tuple(map(told, found))

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """As the port."""
        return await self.market.bars(symbol, interval, count)

    async def close(self) -> None:
        """As the port."""
        await self.market.close()

    async def _learned(self, symbol: Symbol) -> bool:
        try:
            _ = await self.instrument(symbol)
        except VenueError:
            return False
        return True

    def _telling(self, symbol: Symbol, sink: TradeSink) -> TradeSink:
        told = self._conversion(symbol)
        if told is None:
            return sink
        return lambda tick: sink(told(tick))

    def _conversion(self, symbol: Symbol) -> Callable[[TradeTick], TradeTick] | None:
        """Return what turns the connector's ticks into ours, None when they are the same."""
        own, wanted = self._own.get(symbol), self.tick_of(symbol)
        if own is None or wanted is None or own == wanted:
            return None
        (up, down), (times, by) = own.as_integer_ratio(), wanted.as_integer_ratio()
        over, under = up * by, down * times

        def told(tick: TradeTick) -> TradeTick:
            nearest = (2 * tick.ticks * over + under) // (2 * under)
            return tick._replace(ticks=max(1, nearest))

        return told
