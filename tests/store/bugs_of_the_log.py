"""Stores with one bug each, in the log or in how batches are taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import attrs

from robson_domain import (
    Batch,
    DetectorState,
    Durable,
    Event,
    Head,
    Position,
    PositionId,
    StoredEvent,
    StoreError,
)
from robson_store.memory import (
    MemoryEvents,
)
from tests.store.kept_store import KeptStore


class CountsFromOne(KeptStore):
    async def head(self) -> Head:
        head = await super().head()
        return head if head.sequence else attrs.evolve(head, hash="0" * 64)


class SharesItsEpoch(KeptStore):
    @property
    def epoch(self) -> str:
        return "epoch"


class ForgetsThePredecessor(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        self._head = attrs.evolve(self._head, hash="")
        return await super().submit(batch)


class DropsTheInput(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        bare = tuple(attrs.evolve(event, input=None) for event in batch.events)
        return await super().submit(attrs.evolve(batch, events=bare))


class IgnoresTheLimit(KeptStore):
    class Events(MemoryEvents):
        async def read(self, after: int = 0, limit: int | None = None) -> AsyncIterator[Event]:
            async for event in super().read(after):
                yield event

    def __init__(self) -> None:
        super().__init__()
        self.events = self.Events(self)


class TidiesItsRows(KeptStore):
    class Events(MemoryEvents):
        async def rows(self, after: int = 0) -> AsyncIterator[StoredEvent]:
            async for row in super().rows(after):
                yield attrs.evolve(row, body=row.body.replace(",", ", "))

    def __init__(self) -> None:
        super().__init__()
        self.events = self.Events(self)


class AcceptsGaps(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        if batch.events:
            self._head = attrs.evolve(self._head, sequence=batch.events[0].sequence - 1)
        return await super().submit(batch)


class CutsLongBatches(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        return await super().submit(attrs.evolve(batch, events=batch.events[:100]))


class FindsNobodysEvents(KeptStore):
    class Events(MemoryEvents):
        async def find_by_position(self, position_id: PositionId) -> tuple[Event, ...]:
            return tuple([event async for event in self.read()])

    def __init__(self) -> None:
        super().__init__()
        self.events = self.Events(self)


class AppendsAnything(KeptStore):
    class Events(MemoryEvents):
        async def append(self, event: Event) -> None:
            place = await self.get_latest_seq() + 1
            await super().append(attrs.evolve(event, sequence=place))

    def __init__(self) -> None:
        super().__init__()
        self.events = self.Events(self)


class LeavesStatesForLater(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        return await super().submit(attrs.evolve(batch, states=()) if batch.intents else batch)


class KeepsEventsOfRefusedBatches(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        try:
            return await super().submit(batch)
        except StoreError:
            await super().submit(Batch(events=batch.events))
            raise


class KeepsStatesOfRefusedBatches(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        await super().submit(Batch(states=tuple(s for s in batch.states if _is_state(s))))
        return await super().submit(batch)


def _is_state(state: object) -> bool:
    return isinstance(state, Position | DetectorState)


class GivesUpAfterARefusal(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        try:
            return await super().submit(batch)
        except StoreError:
            self._closed = True
            raise


class CountsEmptyBatches(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        return durable if batch else Durable(head=attrs.evolve(durable.head, sequence=0))


class OnlySaysItIsInline(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        await asyncio.sleep(0)
        return await super().submit(batch)
