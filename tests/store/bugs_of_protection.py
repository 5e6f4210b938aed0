"""Stores with one bug each, in guards, names at the venue or stops there."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from robson_domain import Batch, Durable, Intent, Position, PositionKind, Side, StoreError, Symbol
from robson_store.memory import Kept, MemoryPositions
from tests.store.kept_store import KeptStore


class DropsStopPrices(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        plain = tuple(attrs.evolve(intent, stop_price=None) for intent in batch.intents)
        return await super().submit(attrs.evolve(batch, intents=plain))


class TakesStopsForExits(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        places = {(i.position_id, i.kind.value.startswith("ENT"), i.n) for i in batch.intents}
        if len(places) < len(batch.intents):
            raise StoreError("another intent already has the place")
        return await super().submit(batch)


class MovesStops(KeptStore):
    class Rows(Kept):
        def rivals(self, intents: Iterable[Intent]) -> list[Intent]:
            asked = {intent.intent_id: intent for intent in intents}
            return [
                attrs.evolve(rival, stop_price=asked[rival.intent_id].stop_price)
                if rival.intent_id in asked
                else rival
                for rival in super().rivals(asked.values())
            ]

    def __init__(self) -> None:
        super().__init__()
        self.kept = self.Rows()

    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        self.kept.intents |= {intent.intent_id: intent for intent in batch.intents}
        return durable


class TakesGuardsForCoreBySide(KeptStore):
    class Positions(MemoryPositions):
        async def find_active_by_symbol_and_side(
            self, symbol: Symbol, side: Side
        ) -> tuple[Position, ...]:
            active = await self.find_active()
            return tuple(p for p in active if p.symbol == symbol and p.side is side)

    def __init__(self) -> None:
        super().__init__()
        self.positions = self.Positions(self)


class _OtherNames(KeptStore):
    """Looks for names in a way of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = self.Positions(self)

    class Positions(MemoryPositions):
        async def find_by_venue_position_ref(self, ref: str) -> tuple[Position, ...]:
            active = [p for p in await self.candidates() if not p.is_guard]
            return tuple(p for p in active if ref and self.fits(p, ref))

        async def candidates(self) -> tuple[Position, ...]:
            return await self.find_active()

        def fits(self, position: Position, ref: str) -> bool:
            return position.venue_position_ref == ref


class TakesGuardsForCoreByName(_OtherNames):
    class Positions(_OtherNames.Positions):
        async def find_by_venue_position_ref(self, ref: str) -> tuple[Position, ...]:
            return tuple(p for p in await self.find_active() if p.venue_position_ref == ref)


class HidesGuards(KeptStore):
    class Positions(MemoryPositions):
        async def find_active(self) -> tuple[Position, ...]:
            return tuple(p for p in await super().find_active() if not p.is_guard)

    def __init__(self) -> None:
        super().__init__()
        self.positions = self.Positions(self)


class OnceAGuardAlwaysAGuard(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        guards = {key for key, kept in self.kept.positions.items() if kept.is_guard}
        durable = await super().submit(batch)
        for key in guards:
            kept = self.kept.positions[key]
            self.kept.positions[key] = attrs.evolve(kept, kind=PositionKind.GUARD)
        return durable


class FindsTheClosedByName(_OtherNames):
    class Positions(_OtherNames.Positions):
        async def candidates(self) -> tuple[Position, ...]:
            return tuple(sorted(self._store.kept.positions.values(), key=lambda p: p.armed_at))


class FindsTheNameless(_OtherNames):
    class Positions(_OtherNames.Positions):
        async def find_by_venue_position_ref(self, ref: str) -> tuple[Position, ...]:
            return tuple(p for p in await self.find_active() if p.venue_position_ref == ref)


class FindsOneOfEachName(_OtherNames):
    class Positions(_OtherNames.Positions):
        async def find_by_venue_position_ref(self, ref: str) -> tuple[Position, ...]:
            return (await super().find_by_venue_position_ref(ref))[:1]


class FindsPartsOfNames(_OtherNames):
    class Positions(_OtherNames.Positions):
        def fits(self, position: Position, ref: str) -> bool:
            return ref in position.venue_position_ref


class RemembersTheFirstName(_OtherNames):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str] = {}

    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        for key, kept in self.kept.positions.items():
            self.names.setdefault(key, kept.venue_position_ref)
        return durable

    class Positions(_OtherNames.Positions):
        def fits(self, position: Position, ref: str) -> bool:
            store = self._store
            assert isinstance(store, RemembersTheFirstName)
            return store.names[position.position_id] == ref


class CutsNames(_OtherNames):
    class Positions(_OtherNames.Positions):
        def fits(self, position: Position, ref: str) -> bool:
            return position.venue_position_ref.split("\x00")[0] == ref.split("\x00")[0]


class ForgetsStops(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        for position in self.kept.positions.values():
            if position.venue_stop is not None:
                self.kept.orders.pop(position.venue_stop.client_order_id, None)
        return durable


class ForgetsPastStops(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        for position in self.kept.positions.values():
            for order in position.past_stops:
                self.kept.orders.pop(order.client_order_id, None)
        return durable
