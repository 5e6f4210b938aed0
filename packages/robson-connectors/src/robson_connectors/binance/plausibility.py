"""Prints far from the quote wait a moment before they count.

A print more than 10 % off a quote at most 1 s old waits for the next print or 250 ms, then
counts: a single wrong one then has no way of being the only thing a stop sees, and a crash is
delayed by a quarter of a second at most. Times come in, so the same inputs give the same answer.

Invariants:
    1. Every print counts exactly once, in the order it came.
    2. At most one print waits.
"""

from __future__ import annotations

from typing import Final

from robson_domain.market import TradeTick

QUOTE_AGE_MAX_NS: Final = 1_000_000_000
WAIT_NS: Final = 250_000_000


class Plausibility:
    """The gate of one pair.

    Attributes:
        waiting: The print that waits, None when none does.
        held: How many had to wait.
    """

    __slots__ = ("_ask", "_bid", "_quoted_at", "held", "waiting")

    def __init__(self) -> None:
        self._bid = self._ask = 0
        self._quoted_at: int | None = None
        self.waiting: TradeTick | None = None
        self.held = 0

    def quote(self, bid: int, ask: int, received: int) -> None:
        """Take the newest quote.

        Args:
            bid: Whole ticks; 0 = nobody bids.
            ask: Whole ticks; 0 = nobody asks.
            received: UTC ns.
        """
        self._bid, self._ask, self._quoted_at = bid, ask, received

    def forget(self) -> None:
        """Judge by no quote: those that were known are of another connection."""
        self._quoted_at = None

    def is_off(self, tick: TradeTick) -> bool:
        """Say whether a print is more than 10 % off a quote at most 1 s older than it."""
        if self._quoted_at is None or tick.ts_received - self._quoted_at > QUOTE_AGE_MAX_NS:
            return False
        tenfold = 10 * tick.ticks
        return tenfold < 9 * self._bid or 0 < 11 * self._ask < tenfold

    @property
    def due(self) -> int:
        """When the waiting print counts at the latest, UTC ns; 0 when none waits."""
        return self.waiting.ts_received + WAIT_NS if self.waiting is not None else 0

    def take(self, tick: TradeTick) -> tuple[TradeTick, ...]:
        """Return the prints that count now that ``tick`` has come, in order."""
        before = self.release()
        if self.is_off(tick):
            self.waiting = tick
            self.held += 1
            return before
        return (*before, tick)

    def passed(self, now: int) -> tuple[TradeTick, ...]:
        """Return the prints that count now that it is ``now`` (UTC ns)."""
        return self.release() if self.waiting is not None and now >= self.due else ()

    def release(self) -> tuple[TradeTick, ...]:
        """Return what waits, which counts now."""
        waiting, self.waiting = self.waiting, None
        return () if waiting is None else (waiting,)
