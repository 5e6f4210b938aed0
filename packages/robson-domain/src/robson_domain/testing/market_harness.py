"""How the market cards get at an adapter, and what several of them do."""

from __future__ import annotations

import itertools
from typing import Protocol

from robson_domain.market import TradeTick
from robson_domain.ports.market_data import MarketDataPort
from robson_domain.symbols import Symbol


class MarketHarness(Protocol):
    """A market under the control of the test; a fresh one for every card."""

    @property
    def market(self) -> MarketDataPort:
        """The adapter, connected."""
        ...

    @property
    def symbol(self) -> Symbol:
        """A pair that is traded there."""
        ...

    @property
    def interval(self) -> int:
        """Length of a bar, ns, in which at least two trades happen."""
        ...

    def now_ns(self) -> int:
        """Return the time as the adapter sees it, UTC ns."""
        ...

    async def trades(self, count: int) -> None:
        """Let at least ``count`` trades happen; return when those subscribed have had them."""
        ...

    async def bars(self, count: int) -> None:
        """Let trades happen until ``count`` more bars are complete and the next has begun."""
        ...


class Listener:
    """Takes what is delivered, in order."""

    def __init__(self) -> None:
        self.ticks: list[TradeTick] = []
        self.told: list[object] = []

    def tick(self, tick: TradeTick) -> None:
        self.ticks.append(tick)
        self.told.append(tick)

    def link(self, symbol: Symbol, up: bool) -> None:
        self.told.append((symbol, up))


def listen(harness: MarketHarness, symbol: Symbol | None = None) -> Listener:
    """Subscribe to a pair, the harness's own unless another is named."""
    listener = Listener()
    harness.market.subscribe(symbol or harness.symbol, listener.tick, listener.link)
    return listener


def trade_of(tick: TradeTick) -> tuple[int, int, int]:
    """Return what every telling of a trade has alike."""
    return tick.trade_id, tick.ticks, tick.ts_event


def ascend(numbers: list[int]) -> bool:
    """Say whether every number is above the one before."""
    return all(a < b for a, b in itertools.pairwise(numbers))
