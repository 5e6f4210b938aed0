"""From decided to durable: one batch after the other, and only then the commands.

With a store that completes in line a batch is written where it was decided; otherwise, and
after a failure, by a task of its own that merges what has piled up. A batch that cannot be
written is tried again, unchanged and in order, for ever: nothing later overtakes it, nothing
undurable is carried out, and deciding goes on meanwhile. One that contradicts what is stored ends
the process: the next start decides on what is stored.
"""

from __future__ import annotations

from asyncio import Event as Flag
from collections import deque
from typing import Protocol

from robson_domain import Batch, Clock, Durable, Store, StoreConflict
from robson_exec.activity import Activity, Token, work_under
from robson_exec.bus import EventBus
from robson_exec.limits import (
    BATCHES_BETWEEN_UPKEEP,
    GROUP_EVENTS_MAX,
    STORE_ALERT_EVERY,
    STORE_RETRY_FIRST_NS,
    STORE_RETRY_MAX_NS,
)
from robson_exec.pending import Unit, merged


class Release(Protocol):
    """What is done with a unit that has become durable; in line, in order."""

    def __call__(self, durable: Durable, unit: Unit) -> None:
        """Carry out the unit's commands and tell observers."""
        ...


class Committer:
    """The only caller of ``Store.submit``.

    Attributes:
        failures: Tries in a row that failed; 0 while the store works.
    """

    def __init__(
        self, store: Store, release: Release, *, clock: Clock, activity: Activity, bus: EventBus
    ) -> None:
        self._store = store
        self._release = release
        self._clock = clock
        self._activity = activity
        self._bus = bus
        self._queue: deque[Unit] = deque()
        self._token: Token | None = None
        self._came = Flag()
        self._drained = Flag()
        self._drained.set()
        self._durable: Durable | None = None
        self._until_upkeep = 0
        self.failures = 0

    @property
    def backlog(self) -> int:
        """Units that wait to be written."""
        return len(self._queue)

    async def put(self, unit: Unit) -> None:
        """Write ``unit`` now (in-line store that works) or queue it; never waits for the world."""
        if self._store.is_inline and self._token is None:
            durable = await self._try(unit.batch)
            if durable is not None:
                self._release(durable, unit)
                return
        self._queue.append(unit)
        if self._token is None:
            self._token = self._activity.token()
            self._drained.clear()
            self._came.set()

    async def rest(self) -> None:
        """Give the store a quiet moment when it is time for one; the first moment is."""
        if self._until_upkeep > 0 or self._token is not None or self.failures:
            return
        self._until_upkeep = BATCHES_BETWEEN_UPKEEP
        try:
            await self._store.idle()
        except Exception as error:
            facts = {"error": type(error).__name__, "message": str(error)}
            self._bus.notify("warning", "store_upkeep_failed", facts)

    async def run(self) -> None:
        """Write what is queued, for ever."""
        while True:
            await self._came.wait()
            work_under(self._token)
            while self._queue:
                await self._commit(self._group())
            self._came.clear()
            if self._token is not None:
                self._token.close()
                self._token = None
            self._drained.set()

    async def drained(self) -> None:
        """Return once nothing waits to be written."""
        await self._drained.wait()

    def _group(self) -> Unit:
        first = self._queue.popleft()
        if self.failures:
            # It was tried alone and may have been written: only the same batch can be repeated.
            return first
        group, size = [first], len(first.events)
        while self._queue and size + len(self._queue[0].events) <= GROUP_EVENTS_MAX:
            group.append(self._queue.popleft())
            size += len(group[-1].events)
        return merged(group) if len(group) > 1 else first

    async def _commit(self, unit: Unit) -> None:
        batch, pause = unit.batch, STORE_RETRY_FIRST_NS
        durable = None if self.failures else await self._try(batch)
        while durable is None:
            await self._clock.sleep_until(self._clock.now_ns() + pause)
            pause = min(2 * pause, STORE_RETRY_MAX_NS)
            durable = await self._try(batch)
        self._release(durable, unit)

    async def _try(self, batch: Batch) -> Durable | None:
        try:
            if batch or self._durable is None:
                self._durable = await self._store.submit(batch)
                self._until_upkeep -= 1
        except StoreConflict:
            # Never to be written: trying again for ever would hold up every exit behind it. What
            # was decided on a wrong view of the past is dropped with this process.
            raise
        except Exception as error:
            self._failed(error)
            return await self._written_after_all(batch)
        if self.failures:
            self._bus.notify("warning", "store_works_again", {"failures": str(self.failures)})
            self.failures = 0
        return self._durable

    async def _written_after_all(self, batch: Batch) -> Durable | None:
        """Compare heads: a connection lost during the commit leaves open whether it happened."""
        if not batch.events:
            return None
        try:
            head = await self._store.head()
        except Exception:
            return None
        return Durable(head=head) if head.sequence == batch.events[-1].sequence else None

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if self.failures % STORE_ALERT_EVERY == 1:
            facts = {"error": type(error).__name__, "message": str(error)}
            self._bus.notify("critical", "store_failed", facts | {"failures": str(self.failures)})
