"""A clock that is not the wall's: stepped by what is due."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import Final

from robson_exec.activity import Activity, Rank, Token, current_token

SETTLE_PASSES: Final = 3
"""Passes of the event loop in which nothing may begin before the clock moves.

A finished future reaches the task that waits for it through at most two passes (``asyncio.wait``
needs both); the third is for the task itself.
"""


class _Sleeper:
    __slots__ = ("future", "is_awake", "token")

    def __init__(self, token: Token | None) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.token = token
        self.is_awake = False


class VirtualClock:
    """Time that passes only when everything due has been done.

    Same inputs, same order, same log, as fast as the machine can. :meth:`run` wakes one sleeper
    after the other, by time, then by :class:`Rank`, then in the order in which they went to
    sleep. A sleeper without work in progress is a source of prices: it waits for its turn even
    when its time has come, so that each price meets an idle runner.
    """

    def __init__(self, activity: Activity, start_ns: int) -> None:
        self.activity = activity
        self._now = start_ns
        self._heap: list[tuple[int, int, int, _Sleeper]] = []
        self._order = count()
        self._came = asyncio.Event()

    def now_ns(self) -> int:
        """Return the virtual UTC time, ns."""
        return self._now

    async def sleep_until(self, ts: int) -> None:
        """Return once the clock has been stepped to ``ts`` (UTC ns)."""
        token = current_token()
        rank = token.rank if token is not None else Rank.SOURCE
        if ts <= self._now and rank is Rank.TASK:
            return
        sleeper = _Sleeper(token)
        place = (max(ts, self._now), rank, next(self._order), sleeper)
        heapq.heappush(self._heap, place)
        if token is not None:
            token.pause()
        self._came.set()
        try:
            await sleeper.future
        finally:
            self._rise(sleeper)

    def _rise(self, sleeper: _Sleeper) -> None:
        """Take note that a sleeper runs again, woken or canceled."""
        if not sleeper.is_awake:
            if sleeper.token is not None:
                sleeper.token.resume()
        elif sleeper.token is None:
            self.activity.leave()

    async def run(self, until: asyncio.Event) -> None:
        """Let time pass until ``until`` is set; everything due by then has been done."""
        while True:
            await self._settle()
            if until.is_set():
                return
            sleeper = self._next()
            if sleeper is None:
                await self._wait_for_sleeper(until)
                continue
            sleeper.is_awake = True
            if sleeper.token is None:
                self.activity.enter()
            else:
                sleeper.token.resume()
            sleeper.future.set_result(None)

    async def _settle(self) -> None:
        activity = self.activity
        while True:
            await activity.wait_idle()
            version = activity.version
            for _ in range(SETTLE_PASSES):
                await asyncio.sleep(0)
            if activity.idle and activity.version == version:
                return

    def _next(self) -> _Sleeper | None:
        while self._heap:
            ts, _, _, sleeper = heapq.heappop(self._heap)
            if not sleeper.future.done():
                self._now = max(self._now, ts)
                return sleeper
        return None

    async def _wait_for_sleeper(self, until: asyncio.Event) -> None:
        self._came.clear()
        waits = [asyncio.ensure_future(event.wait()) for event in (until, self._came)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
