"""Stores with one bug each, in intents, positions or orders."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from robson_domain import (
    Batch,
    Durable,
    Intent,
    IntentStatus,
    Order,
    Position,
    PositionErrored,
    Price,
    Side,
    StoreError,
    Symbol,
    decimals,
)
from robson_store.memory import (
    Kept,
    MemoryIntents,
    MemoryOrders,
    MemoryPositions,
)
from tests.store.kept_store import KeptStore


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
