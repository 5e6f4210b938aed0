"""A clock that a market drives: time passes with its trades."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class MarketClock:
    """Time as the market has it."""

    def __init__(self, start_ns: int) -> None:
        self._now = start_ns
        self._number = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        return self._now

    async def sleep_until(self, ts: int) -> None:
        if ts > self._now:
            waking = asyncio.get_running_loop().create_future()
            heapq.heappush(self._sleepers, (ts, next(self._number), waking))
            await waking

    def pass_to(self, ts: int) -> None:
        """Let time pass."""
        self._now = ts
        while self._sleepers and self._sleepers[0][0] <= ts:
            waking = heapq.heappop(self._sleepers)[2]
            if not waking.done():
                waking.set_result(None)
