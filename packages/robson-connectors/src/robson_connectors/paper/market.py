"""What the paper venue trades against: a market whose past can be looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from robson_connectors.paper.pairs import DEFAULT_PAIRS, PairSpec
from robson_connectors.paper.recorded_market import RecordedMarket
from robson_connectors.paper.simulated_market import SimulatedMarket
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.symbols import Symbol

__all__ = ["DEFAULT_PAIRS", "PairSpec", "PaperMarket", "RecordedMarket", "SimulatedMarket"]


class PaperMarket(Protocol):
    """Trades of some pairs, live and past; time comes from its clock alone.

    Attributes:
        instruments: Every pair that is traded.
        identity: Canonical JSON that tells this market from every other.
        finished: Set by the paper connector when a market with an end is over and settled.
    """

    instruments: dict[Symbol, Instrument]
    identity: str
    finished: asyncio.Event

    async def run(self, deliver: Callable[[TradeTick], None], missed: Callable[[], None]) -> None:
        """Deliver trades when they are due, from the next one on; return at the end, if any.

        ``missed`` is called when trades were not delivered because the process slept.
        """
        ...

    def past(self, symbol: Symbol, since: int) -> Iterator[TradeTick]:
        """Yield the trades due from ``since`` (UTC ns) up to now, oldest first."""
        ...

    def last_trade(self, symbol: Symbol) -> TradeTick | None:
        """Return the last trade up to now."""
        ...

    async def trades_since(self, symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        """Return the trades after id ``after`` up to now, by id, origin ``GAP``."""
        ...

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last ``count`` complete bars, oldest first."""
        ...
