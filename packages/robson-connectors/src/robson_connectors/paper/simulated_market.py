"""A market that needs nobody: every trade is a pure function of (seed, pair, trade id).

Invariants:
    1. Trade ids ascend from 1 at the origin; the same id is always the same trade, in every
       process, so any range can be fetched again.
    2. Times of trades ascend strictly per pair.
    3. Trades before the origin exist only as history; they are never delivered.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from robson_connectors.bars import bars_of
from robson_connectors.paper.noise import PricePath, mixed, seed_of
from robson_connectors.paper.pairs import DEFAULT_PAIRS, PairSpec
from robson_domain import codec, decimals
from robson_domain.errors import DefinitiveVenueError, ValidationError
from robson_domain.market import Bar, PriceOrigin, TradeTick
from robson_domain.ports.system import Clock
from robson_domain.symbols import Symbol

HISTORY_TRADES: Final = 100_000
"""Trades before the origin: about five and a half hours at five a second."""
BACKFILL_MAX: Final = 1_000_000
"""Trades fetched at most at once: more than two days at five a second, some seconds of work."""
GAP_NS: Final = 5_000_000_000
"""A process that slept longer than this has missed trades and is told so."""
_PAUSE_EVERY: Final = 500
"""Trades made at a stretch, about 5 ms: others on the loop wait no longer."""
_QUOTE_SIZE_MAX: Final = 3_000
_VERSION: Final = 1


class _Pair:
    """One pair: when its trades happen and what they are."""

    def __init__(self, spec: PairSpec, seed: int, origin_ns: int, volatility: int) -> None:
        self.instrument = spec.instrument
        self._symbol = spec.symbol
        self._interval = spec.interval_ns
        self._origin = origin_ns
        self._path = PricePath(
            seed_of(seed, spec.symbol, "price"), spec.instrument.ticks(spec.start), volatility
        )
        self._time_key = seed_of(seed, spec.symbol, "time")
        self._size_key = seed_of(seed, spec.symbol, "size")
        largest = decimals.div(decimals.to_decimal(_QUOTE_SIZE_MAX), spec.start.value)
        self._steps_max = max(1, decimals.floor_div(largest, spec.instrument.step_size))

    def time(self, number: int) -> int:
        """Return when trade ``number`` happens, UTC ns."""
        late = mixed(self._time_key, number) % (self._interval * 3 // 4)
        return self._origin + (number - 1) * self._interval + late

    def last_at(self, ts: int) -> int:
        """Return the number of the last trade at or before ``ts``."""
        number = (ts - self._origin) // self._interval + 1
        return number if self.time(number) <= ts else number - 1

    def trade(self, number: int) -> TradeTick:
        """Return trade ``number``; below 1 it is history."""
        bits = mixed(self._size_key, number)
        spread = self._steps_max
        ts = self.time(number)
        # The product of two draws: many small trades, few large ones.
        steps = 1 + (bits % spread) * ((bits >> 32) % spread) // spread
        return TradeTick(self._symbol, self._path.ticks(number), number, ts, ts, steps)


class SimulatedMarket:
    """Pairs whose prices wander around a start price, alive as long as the clock runs.

    Args:
        seed: Another seed, another market.
        origin_ns: When trade 1 happens, UTC ns.
        pairs: What is traded; by default BTCUSDT, ETHUSDT and SOLUSDT.
        volatility: Height of the swings, percent of the usual; 0 = only the start price.
        gap_ns: Delay of the process, ns, from which on trades count as missed.
    """

    def __init__(
        self,
        seed: int,
        clock: Clock,
        origin_ns: int,
        pairs: Sequence[PairSpec] = DEFAULT_PAIRS,
        *,
        volatility: int = 100,
        gap_ns: int = GAP_NS,
    ) -> None:
        if not 0 <= volatility <= 1_000:
            raise ValidationError("volatility", "must be between 0 and 1000 percent")
        self._clock = clock
        self._gap_ns = gap_ns
        self._pairs = {spec.symbol: _Pair(spec, seed, origin_ns, volatility) for spec in pairs}
        self.instruments = {symbol: pair.instrument for symbol, pair in self._pairs.items()}
        self.identity = _identity(seed, origin_ns, volatility, pairs)
        self.finished = asyncio.Event()
        """Never set: this market has no end."""

    async def run(self, deliver: Callable[[TradeTick], None], missed: Callable[[], None]) -> None:
        """Deliver every trade when it happens, from the next one on; never returns.

        ``missed`` is called when the process slept over trades; they are not delivered.
        """
        coming = self._next(self._clock.now_ns())
        while True:
            ts, rank, symbol, number = coming[0]
            await self._clock.sleep_until(ts)
            now = self._clock.now_ns()
            if now - ts > self._gap_ns:
                coming = self._next(now)
                missed()
                continue
            pair = self._pairs[symbol]
            heapq.heapreplace(coming, (pair.time(number + 1), rank, symbol, number + 1))
            deliver(pair.trade(number))

    def past(self, symbol: Symbol, since: int) -> Iterator[TradeTick]:
        """Yield the trades from ``since`` (UTC ns) up to now, oldest first."""
        pair = self._pairs[symbol]
        for number in range(pair.last_at(since - 1) + 1, self._last(symbol) + 1):
            yield pair.trade(number)

    def last_trade(self, symbol: Symbol) -> TradeTick | None:
        """Return the last trade up to now; before the origin one of its history."""
        return self._pairs[symbol].trade(self._last(symbol))

    async def trades_since(self, symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        """Return the trades after id ``after`` up to now, received now.

        Raises:
            DefinitiveVenueError: When these are more than are fetched at once.
        """
        pair, now = self._pairs[symbol], self._clock.now_ns()
        first, last = max(after, 0) + 1, pair.last_at(now)
        if last - first >= BACKFILL_MAX:
            raise DefinitiveVenueError(f"no more than {BACKFILL_MAX} trades back", "TOO_FAR_BACK")
        found = []
        for number in range(first, last + 1):
            found.append(pair.trade(number)._replace(ts_received=now, origin=PriceOrigin.GAP))
            if number % _PAUSE_EVERY == 0:
                await asyncio.sleep(0)
        return tuple(found)

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last ``count`` complete bars; history reaches back 100,000 trades."""
        pair, now = self._pairs[symbol], self._clock.now_ns()
        first_start = (now // interval - count) * interval
        oldest = pair.time(1 - HISTORY_TRADES)
        if first_start < oldest:
            # The bar in which history begins lacks its first trades.
            first_start = -(-oldest // interval) * interval
        found = []
        for number in range(pair.last_at(first_start - 1) + 1, pair.last_at(now) + 1):
            found.append(pair.trade(number))
            if number % _PAUSE_EVERY == 0:
                await asyncio.sleep(0)
        return bars_of(found, pair.instrument, interval, now)[-count:] if count > 0 else ()

    def _last(self, symbol: Symbol) -> int:
        return self._pairs[symbol].last_at(self._clock.now_ns())

    def _next(self, now: int) -> list[tuple[int, int, Symbol, int]]:
        coming = []
        for rank, (symbol, pair) in enumerate(self._pairs.items()):
            number = max(1, pair.last_at(now) + 1)
            coming.append((pair.time(number), rank, symbol, number))
        heapq.heapify(coming)
        return coming


def _identity(seed: int, origin_ns: int, volatility: int, pairs: Sequence[PairSpec]) -> str:
    listed: list[codec.JsonValue] = [
        {
            "symbol": str(spec.symbol),
            "start": str(spec.start),
            "tick_size": decimals.text(spec.instrument.tick_size),
            "step_size": decimals.text(spec.instrument.step_size),
            "interval_ns": spec.interval_ns,
        }
        for spec in pairs
    ]
    return codec.canonical(
        {
            "market": "simulated",
            "version": _VERSION,
            "seed": seed,
            "origin_ns": origin_ns,
            "volatility": volatility,
            "pairs": listed,
        }
    )
