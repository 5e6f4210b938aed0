"""What a pair owes, known in time for buying it back.

Buying back more than is owed would open a long, so an exit of a short asks what is owed; and it
does not wait long for the answer, because the price runs. What goes before it gives a lead: the
stop that rests at the venue is canceled first, and the question goes out beside that cancel.

Invariants:
    1. An exit waits at most :data:`EXIT_READ_S` for the answer, wherever it is held up.
    2. An answer serves one exit, and none that comes :data:`LEAD_NS` after its question.
"""

from __future__ import annotations

import asyncio
from typing import Final

from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.pools import SECOND_NS, Lane
from robson_domain.errors import VenueError
from robson_domain.holdings import PairBalances
from robson_domain.ports.system import Clock
from robson_domain.symbols import Symbol

EXIT_READ_S: Final = 0.3
"""About two usual answers; an exit is worth more than the answer."""
LEAD_NS: Final = SECOND_NS

_Reading = asyncio.Task[PairBalances | None]


class ExitReads:
    """Asks for pairs that are about to be bought back."""

    def __init__(self, account: AccountReader, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._leads: dict[Symbol, tuple[int, _Reading]] = {}

    def expect(self, symbol: Symbol) -> None:
        """Ask already, where a short stands as far as is known; returns at once."""
        known = self._account.last(symbol)
        if known is not None and known.base.debt:
            self._give_up(symbol)
            self._leads[symbol] = self._clock.now_ns(), self._begin(symbol)

    async def pair(self, symbol: Symbol) -> PairBalances | None:
        """Return the pair as it is now or was a moment ago, None when that is not to be had."""
        asked_at, reading = self._leads.get(symbol, (0, None))
        if reading is None or self._clock.now_ns() - asked_at > LEAD_NS:
            return await self._read(symbol)
        del self._leads[symbol]
        return await reading

    async def close(self) -> None:
        """Ask nothing any more; idempotent."""
        readings = [self._give_up(symbol) for symbol in tuple(self._leads)]
        await asyncio.gather(*(each for each in readings if each), return_exceptions=True)

    def _give_up(self, symbol: Symbol) -> _Reading | None:
        _, reading = self._leads.pop(symbol, (0, None))
        if reading is not None:
            reading.cancel()
        return reading

    def _begin(self, symbol: Symbol) -> _Reading:
        return asyncio.get_running_loop().create_task(self._read(symbol), name=f"owed {symbol}")

    async def _read(self, symbol: Symbol) -> PairBalances | None:
        try:
            # Not the request's own patience alone: it may wait for its turn as well.
            async with asyncio.timeout(EXIT_READ_S):
                return await self._account.balances(symbol, Lane.EXIT, EXIT_READ_S)
        except (TimeoutError, VenueError):
            return None
