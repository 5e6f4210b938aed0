"""Real time: UTC that never goes back."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_JUMP_NS: Final = 1_000_000_000
"""How far the wall clock may be ahead before it is believed (suspend, clock set)."""
_NAP_NS: Final = 1_000_000_000
"""Longest single sleep, so that a jump of the wall clock is noticed."""


class RealClock:
    """UTC taken once, carried on by the monotonic clock.

    A wall clock that is set back changes nothing until the next start; one that is more than a
    second ahead (the machine slept) is taken over at once.
    """

    def __init__(self) -> None:
        self._anchor()

    def _anchor(self) -> None:
        self._wall = time.time_ns()
        self._monotonic = time.monotonic_ns()

    def now_ns(self) -> int:
        """Return UTC time, ns; never goes back."""
        now = self._wall + time.monotonic_ns() - self._monotonic
        if time.time_ns() - now > _JUMP_NS:
            self._anchor()
            return self._wall
        return now

    async def sleep_until(self, ts: int) -> None:
        """Return once :meth:`now_ns` is at least ``ts`` (UTC ns)."""
        while (left := ts - self.now_ns()) > 0:  # noqa: ASYNC110 (time itself is awaited)
            await asyncio.sleep(min(left, _NAP_NS) / 1e9)
