"""A market played back from a recording, at the pace of the clock.

Invariants:
    1. Trades are delivered in the order of the recording, each when the clock has reached the
       latest receive time so far: recorded times may step back, the clock never does.
    2. What can be fetched is exactly what has been delivered.
"""

from __future__ import annotations

import asyncio
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from robson_connectors.bars import bars_of
from robson_domain import codec, decimals
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, PriceOrigin, TradeTick
from robson_domain.ports.system import Clock
from robson_domain.symbols import Symbol

_BEHIND_NS: Final = 1_000_000_000
_VERSION: Final = 1


class RecordedMarket:
    """Recorded trades as if they happened now.

    Args:
        ticks: In order of arrival; several pairs may be mixed; trade ids unique per pair.
        instruments: One for every pair in ``ticks`` (a single instrument for a single pair).

    Raises:
        ValidationError: For an empty recording or a pair without an instrument.
    """

    def __init__(
        self,
        ticks: Sequence[TradeTick],
        instruments: Instrument | Mapping[Symbol, Instrument],
        clock: Clock,
    ) -> None:
        if isinstance(instruments, Instrument):
            instruments = {instruments.symbol: instruments}
        unknown = {tick.symbol for tick in ticks} - instruments.keys()
        if not ticks or unknown:
            what = f"no instrument for {', '.join(sorted(unknown))}" if unknown else "is empty"
            raise ValidationError("recording", what)
        self._ticks = tuple(ticks)
        self._due = tuple(accumulate((tick.ts_received for tick in ticks), max))
        self._clock = clock
        self.instruments = dict(instruments)
        self.identity = _identity(self._ticks, self.instruments)
        self.finished = asyncio.Event()
        """Set once the last trade was delivered and the orders it caused are settled."""

    async def run(self, deliver: Callable[[TradeTick], None], missed: Callable[[], None]) -> None:
        """Deliver every trade when it is due, from the next one on; return after the last."""
        for position in range(self._delivered(), len(self._ticks)):
            due = self._due[position]
            await self._clock.sleep_until(due)
            if self._clock.now_ns() - due > _BEHIND_NS:
                # The clock runs faster than we do: let others have their turn.
                await asyncio.sleep(0)
            deliver(self._ticks[position])

    def past(self, symbol: Symbol, since: int) -> Iterator[TradeTick]:
        """Yield the trades due from ``since`` (UTC ns) up to now, oldest first."""
        for position in range(bisect_left(self._due, since), self._delivered()):
            if self._ticks[position].symbol == symbol:
                yield self._ticks[position]

    def last_trade(self, symbol: Symbol) -> TradeTick | None:
        """Return the last trade up to now, None before the first."""
        for position in range(self._delivered() - 1, -1, -1):
            if self._ticks[position].symbol == symbol:
                return self._ticks[position]
        return None

    async def trades_since(self, symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        """Return the trades with an id above ``after`` up to now, by id, received now."""
        now = self._clock.now_ns()
        found = [
            tick._replace(ts_received=now, origin=PriceOrigin.GAP)
            for tick in self.past(symbol, 0)
            if tick.trade_id > after
        ]
        return tuple(sorted(found, key=lambda tick: tick.trade_id))

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last ``count`` complete bars that the recording holds before now."""
        if count < 1:
            return ()
        found = bars_of(
            self.past(symbol, 0), self.instruments[symbol], interval, self._clock.now_ns()
        )
        return found[-count:]

    def _delivered(self) -> int:
        """Return how many trades are due by now."""
        return bisect_right(self._due, self._clock.now_ns())


def _identity(ticks: Sequence[TradeTick], instruments: Mapping[Symbol, Instrument]) -> str:
    digest = hashlib.sha256()
    for tick in ticks:
        digest.update(
            f"{tick.symbol} {tick.trade_id} {tick.ticks} {tick.steps} {tick.ts_received}\n".encode()
        )
    sizes: dict[str, codec.JsonValue] = {
        str(symbol): [decimals.text(found.tick_size), decimals.text(found.step_size)]
        for symbol, found in instruments.items()
    }
    return codec.canonical(
        {
            "market": "recorded",
            "version": _VERSION,
            "sha256": digest.hexdigest(),
            "sizes": sizes,
        }
    )
