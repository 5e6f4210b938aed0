"""Stores with one bug each. The cards must catch every one of them, and each card at least one.

Memory stores that are handed on when "opened again": durable as far as a card can see.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, Self, cast

import attrs

from robson_domain import (
    Batch,
    DetectorState,
    Durable,
    Event,
    Head,
    Intent,
    IntentStatus,
    Order,
    Position,
    PositionErrored,
    PositionId,
    Price,
    Recovered,
    Side,
    Snapshot,
    Store,
    StoredEvent,
    StoreError,
    Symbol,
    decimals,
)
from robson_domain.chain import link
from robson_store.heads import HeadFile
from robson_store.memory import (
    Kept,
    MemoryEvents,
    MemoryIntents,
    MemoryOrders,
    MemoryPositions,
    MemoryStore,
)


class KeptStore(MemoryStore):
    """A memory store that can be handed on; without a bug."""

    count = 0

    def __init__(self) -> None:
        KeptStore.count += 1
        super().__init__(f"epoch-{KeptStore.count}", HeadFile(None))

    def again(self) -> Self:
        """Return what opening this store again gives."""
        other = type(self)()
        other.kept, other._head = self.kept, self._head
        return other

    def after_crash(self) -> Self:
        """Return what opening this store after a crash gives."""
        return self.again()


@attrs.define
class KeptHarness:
    """Makes stores of one class."""

    kind: type[KeptStore]
    survives: bool = True

    async def make(self) -> Store:
        return self.kind()

    async def reopen(self, store: Store) -> Store:
        await store.close()
        return cast(KeptStore, store).again()

    async def crash(self, store: Store) -> Store:
        return cast(KeptStore, store).after_crash()


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


class ForgetsIntents(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        return await super().submit(attrs.evolve(batch, intents=()))


class RefusesRepetition(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        if self.kept.rivals(i for i in batch.intents if i.status is IntentStatus.RECORDED):
            raise StoreError("already there")
        return await super().submit(batch)


class RewritesDecisions(KeptStore):
    class Rows(Kept):
        def rivals(self, intents: Iterable[Intent]) -> list[Intent]:
            return []

    def __init__(self) -> None:
        super().__init__()
        self.kept = self.Rows()


class LooksAtIdsAlone(KeptStore):
    class Rows(Kept):
        def rivals(self, intents: Iterable[Intent]) -> list[Intent]:
            ids = {intent.intent_id for intent in intents}
            return [intent for intent in self.intents.values() if intent.intent_id in ids]

    def __init__(self) -> None:
        super().__init__()
        self.kept = self.Rows()


class LooksAtTheDatabaseAlone(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        for intent in batch.intents:
            await super().submit(Batch(intents=(intent,)))
        return await super().submit(attrs.evolve(batch, intents=()))


class AllowsAnyStep(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        for intent in batch.intents:
            if intent.intent_id in self.kept.intents:
                self.kept.intents[intent.intent_id] = intent
        return await super().submit(batch)


class AllowsAnyBeginning(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        first = [attrs.evolve(i, status=IntentStatus.RECORDED) for i in batch.intents]
        unknown = [i for i in first if i.intent_id not in self.kept.intents]
        await super().submit(Batch(intents=tuple(unknown)))
        return await super().submit(batch)


class TakesDoubtForAnAnswer(KeptStore):
    class Intents(MemoryIntents):
        async def find_unresolved(self) -> tuple[Intent, ...]:
            found = await super().find_unresolved()
            return tuple(i for i in found if i.status is not IntentStatus.IN_DOUBT)

    def __init__(self) -> None:
        super().__init__()
        self.intents = self.Intents(self)


class MixesUpAges(KeptStore):
    class Intents(MemoryIntents):
        async def find_unresolved(self) -> tuple[Intent, ...]:
            return tuple(sorted(await super().find_unresolved(), key=lambda i: i.intent_id))

    def __init__(self) -> None:
        super().__init__()
        self.intents = self.Intents(self)


class TakesResultsBack(KeptStore):
    class Intents(MemoryIntents):
        async def record_intent(self, intent: Intent) -> None:
            await super().record_intent(intent)
            self._store.kept.intents[intent.intent_id] = intent

    def __init__(self) -> None:
        super().__init__()
        self.intents = self.Intents(self)


class ReturnsStalePositions(KeptStore):
    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, Position] = {}

    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        for key, position in self.kept.positions.items():
            self.kept.positions[key] = self.first.setdefault(key, position)
        return durable


class ListsTheClosed(KeptStore):
    class Positions(MemoryPositions):
        async def find_active(self) -> tuple[Position, ...]:
            return tuple(sorted(self._store.kept.positions.values(), key=lambda p: p.armed_at))

    def __init__(self) -> None:
        super().__init__()
        self.positions = self.Positions(self)


class SortsByName(KeptStore):
    class Positions(MemoryPositions):
        async def find_active(self) -> tuple[Position, ...]:
            return tuple(sorted(await super().find_active(), key=lambda p: p.position_id))

    def __init__(self) -> None:
        super().__init__()
        self.positions = self.Positions(self)


class ConfusesSides(KeptStore):
    class Positions(MemoryPositions):
        async def find_active_by_symbol_and_side(
            self, symbol: Symbol, side: Side
        ) -> tuple[Position, ...]:
            return tuple(p for p in await self.find_active() if p.symbol == symbol)

    def __init__(self) -> None:
        super().__init__()
        self.positions = self.Positions(self)


class ForgetsPastExits(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        for position in self.kept.positions.values():
            for order in position.past_exits:
                self.kept.orders.pop(order.client_order_id, None)
        return durable


class WaitsForTheDead(KeptStore):
    class Orders(MemoryOrders):
        async def find_pending(self) -> tuple[Order, ...]:
            return tuple(self._oldest_first())

    def __init__(self) -> None:
        super().__init__()
        self.orders = self.Orders(self)


class RoundsNumbers(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        states = tuple(
            attrs.evolve(s, best=Price(decimals.rounded(s.best.value, 18)))
            if isinstance(s, Position) and s.best is not None
            else s
            for s in batch.states
        )
        return await super().submit(attrs.evolve(batch, states=states))


class CleansTexts(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        events = tuple(
            attrs.evolve(event, problem=event.problem.replace("\x00", ""))
            if isinstance(event, PositionErrored)
            else event
            for event in batch.events
        )
        return await super().submit(attrs.evolve(batch, events=events))


class ForgetsDetectors(KeptStore):
    async def recover(self) -> Recovered:
        return attrs.evolve(await super().recover(), detectors=())


class KeepsDetectors(KeptStore):
    class Rows(Kept):
        def _end_detectors(self) -> None:
            """Nothing ends."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = self.Rows()


class WakesDetectors(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        if not any(isinstance(state, Position) for state in batch.states):
            late: dict[str, DetectorState] = {
                s.position_id: s for s in batch.states if isinstance(s, DetectorState)
            }
            self.kept.detectors |= late
        return durable


class ReplaysEverything(KeptStore):
    async def recover(self) -> Recovered:
        everything = tuple([event async for event in self.events.read()])
        return attrs.evolve(await super().recover(), events=everything)


class TrustsTheOldestSnapshot(KeptStore):
    async def recover(self) -> Recovered:
        self.kept.snapshots = self.kept.snapshots[:1]
        return await super().recover()


class TakesSnapshotsAnywhere(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        place = self._head.sequence + len(batch.events)
        states = tuple(
            attrs.evolve(s, sequence=place) if isinstance(s, Snapshot) else s for s in batch.states
        )
        return await super().submit(attrs.evolve(batch, states=states))


class LosesTheLastEvent(KeptStore):
    def again(self) -> Self:
        other = super().again()
        lost = other.kept.events.pop()
        last = other.kept.events[-1][4] if other.kept.events else ""
        other._head = attrs.evolve(other._head, sequence=lost[0] - 1, hash=last)
        return other


class NamesItselfAnew(KeptStore):
    def again(self) -> Self:
        other = super().again()
        other._head = attrs.evolve(other._head, epoch="another")
        return other


class LosesStatesInACrash(KeptStore):
    def after_crash(self) -> Self:
        other = super().after_crash()
        other.kept.positions.clear()
        return other


class BeginsAnewAfterACrash(KeptStore):
    def after_crash(self) -> Self:
        other = super().after_crash()
        other._head = attrs.evolve(other._head, sequence=0, hash=link("", ""))
        return other


class ForgetsDecisionsInACrash(KeptStore):
    def after_crash(self) -> Self:
        other = super().after_crash()
        other.kept.rivals = lambda intents: []  # type: ignore[method-assign]
        return other


class WritesWhenClosed(KeptStore):
    async def close(self) -> None:
        """Nothing is closed."""


BUGS: Final[tuple[tuple[type[KeptStore], int], ...]] = (
    (CountsFromOne, 10),
    (SharesItsEpoch, 20),
    (ForgetsThePredecessor, 30),
    (DropsTheInput, 40),
    (IgnoresTheLimit, 50),
    (TidiesItsRows, 60),
    (AcceptsGaps, 70),
    (CutsLongBatches, 80),
    (FindsNobodysEvents, 90),
    (AppendsAnything, 100),
    (LeavesStatesForLater, 110),
    (KeepsEventsOfRefusedBatches, 120),
    (KeepsStatesOfRefusedBatches, 120),
    (GivesUpAfterARefusal, 130),
    (CountsEmptyBatches, 140),
    (OnlySaysItIsInline, 150),
    (ForgetsIntents, 200),
    (RefusesRepetition, 210),
    (RewritesDecisions, 220),
    (LooksAtIdsAlone, 220),
    (LooksAtTheDatabaseAlone, 230),
    (AllowsAnyStep, 240),
    (AllowsAnyBeginning, 250),
    (TakesDoubtForAnAnswer, 260),
    (MixesUpAges, 260),
    (TakesResultsBack, 270),
    (ReturnsStalePositions, 300),
    (ListsTheClosed, 310),
    (SortsByName, 310),
    (ConfusesSides, 320),
    (ForgetsPastExits, 330),
    (WaitsForTheDead, 340),
    (RoundsNumbers, 350),
    (CleansTexts, 360),
    (ForgetsDetectors, 400),
    (KeepsDetectors, 410),
    (WakesDetectors, 410),
    (ReplaysEverything, 420),
    (TrustsTheOldestSnapshot, 420),
    (TakesSnapshotsAnywhere, 430),
    (LosesTheLastEvent, 500),
    (NamesItselfAnew, 500),
    (LosesStatesInACrash, 510),
    (BeginsAnewAfterACrash, 520),
    (ForgetsDecisionsInACrash, 530),
    (WritesWhenClosed, 540),
)
"""Each with the card that is there for it."""
