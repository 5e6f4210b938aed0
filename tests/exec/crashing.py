"""Death at a chosen moment: every way out of the process is a point at which it may end.

A point lies before and after every call of a port. At the chosen one the process dies: the call
never returns, no later call has any effect, and nothing the world says reaches it any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs

from robson_domain import Batch, Durable, OrderReport, Symbol, TradeTick

_ASYNC = frozenset(
    {
        "submit", "cancel", "query_order", "open_orders", "fills_since", "account",
        "instrument", "trades_since", "bars",
    }
)  # fmt: skip


@attrs.define
class Life:
    """One process.

    Attributes:
        dies_at: Point at which it dies; 0 = never.
        points: Points passed so far.
    """

    dies_at: int = 0
    points: int = 0
    died: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def point(self) -> None:
        self.points += 1
        if self.points == self.dies_at:
            self.died.set()
        if self.died.is_set():
            await asyncio.get_running_loop().create_future()


class MortalVenue:
    """A venue as one process sees it."""

    def __init__(self, venue: Any, life: Life) -> None:
        self._venue = venue
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._venue, name)
        if name not in _ASYNC:
            return found

        async def call(*arguments: Any) -> Any:
            await self._life.point()
            answer = await found(*arguments)
            await self._life.point()
            return answer

        return call

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        def alive(report: OrderReport) -> None:
            if not self._life.died.is_set():
                sink(report)

        self._venue.subscribe_reports(alive)

    def subscribe(
        self,
        symbol: Symbol,
        sink: Callable[[TradeTick], None],
        link: Callable[[Symbol, bool], None],
    ) -> None:
        def alive(tick: TradeTick) -> None:
            if not self._life.died.is_set():
                sink(tick)

        def alive_link(symbol: Symbol, up: bool) -> None:
            if not self._life.died.is_set():
                link(symbol, up)

        self._venue.subscribe(symbol, alive, alive_link)

    def unsubscribe(self, symbol: Symbol) -> None:
        if not self._life.died.is_set():
            self._venue.unsubscribe(symbol)

    async def close(self) -> None:
        """The venue outlives its clients."""


class MortalStore:
    """A store as one process sees it; in line as long as the process lives."""

    def __init__(self, store: Any, life: Life) -> None:
        self._store = store
        self._life = life
        self.durable: list[Batch] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @property
    def is_inline(self) -> bool:
        return True

    async def submit(self, batch: Batch) -> Durable:
        await self._life.point()
        durable: Durable = await self._store.submit(batch)
        await self._life.point()
        return durable

    async def close(self) -> None:
        """The disk outlives the process."""


async def bury(before: set[asyncio.Task[Any]]) -> None:
    """End every task that was started since ``before`` was taken; none gets to do anything."""
    current = asyncio.current_task()
    while tasks := [t for t in asyncio.all_tasks() if t not in before and t is not current]:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
