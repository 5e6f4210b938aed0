"""A clock that a test moves."""

from __future__ import annotations

import asyncio
import heapq

_PASSES = 8
"""Passes of the event loop after each step: enough for every task that a step wakes."""


class SteppedClock:
    """Time stands still until :meth:`run_to` or :meth:`run_for` moves it, waking who is due."""

    def __init__(self, start_ns: int) -> None:
        self._now = start_ns
        self._count = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        """Return where the test has set it, UTC ns."""
        return self._now

    async def sleep_until(self, ts: int) -> None:
        """Return once the test has moved the clock to ``ts`` (UTC ns) or further."""
        if ts <= self._now:
            return
        woken = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (ts, self._count, woken))
        await woken

    async def run_for(self, ns: int) -> None:
        """Let ``ns`` nanoseconds pass."""
        await self.run_to(self._now + ns)

    async def run_to(self, ts: int) -> None:
        """Let time pass until ``ts`` (UTC ns); everybody wakes at their own time, in order."""
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= ts:
            due, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._now = max(self._now, due)
            woken.set_result(None)
            await _settle()
        self._now = max(self._now, ts)

    def jump_to(self, ts: int) -> None:
        """Set the clock without waking anybody: a machine that was asleep."""
        self._now = ts


async def _settle() -> None:
    for _ in range(_PASSES):
        await asyncio.sleep(0)
