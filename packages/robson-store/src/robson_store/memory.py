"""A store that forgets: for tests, demos and simulation. Same rules, same log, same head."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from robson_domain import (
    Batch,
    ClientOrderId,
    DetectorState,
    Durable,
    Event,
    EventRepository,
    Head,
    Intent,
    IntentId,
    IntentJournal,
    IntentKind,
    Ledger,
    Order,
    OrderRepository,
    Position,
    PositionId,
    PositionRepository,
    PositionStatus,
    Recovered,
    Side,
    SignalId,
    Spent,
    StoredEvent,
    StoreError,
    Symbol,
)
from robson_domain.chain import empty_head
from robson_store.heads import HeadFile
from robson_store.preparing import (
    SNAPSHOTS_KEPT,
    Anchored,
    EventRow,
    Prepared,
    is_same_decision,
    prepare,
)
from robson_store.upcasting import read_event


class MemoryStore:
    """The ports of storage over plain dictionaries; everything is gone with the object."""

    def __init__(self, epoch: str, head_file: HeadFile) -> None:
        self._head = empty_head(epoch)
        self._head_file = head_file
        self._closed = False
        self.kept = Kept()
        self.positions: PositionRepository = MemoryPositions(self)
        self.orders: OrderRepository = MemoryOrders(self)
        self.events: EventRepository = MemoryEvents(self)
        self.intents: IntentJournal = MemoryIntents(self)

    @property
    def epoch(self) -> str:
        """Identity of this store."""
        return self._head.epoch

    @property
    def is_inline(self) -> bool:
        """Always: there is nothing to wait for."""
        return True

    @property
    def problem(self) -> str:
        """Always empty: memory is always there."""
        return ""

    @property
    def head_problem(self) -> str:
        """Why the head is not exported; empty while it is."""
        return self._head_file.problem

    async def submit(self, batch: Batch) -> Durable:
        """Keep ``batch``, all of it or nothing.

        Raises:
            StoreError: When it contradicts what is stored.
        """
        if self._closed:
            raise StoreError("the store is closed")
        prepared = prepare(batch, self._head, self.kept.rivals(batch.intents))
        self.kept.take(prepared)
        self._head = prepared.head
        if prepared.events:
            self._head_file.write(self._head)
        return Durable(head=self._head)

    async def head(self) -> Head:
        """Return the end of the log."""
        return self._head

    async def recover(self) -> Recovered:
        """Return what start-up needs."""
        anchored = self.kept.snapshots[-1] if self.kept.snapshots else None
        after = anchored.snapshot.sequence if anchored else 0
        return Recovered(
            head=self._head,
            snapshot=anchored.snapshot if anchored else None,
            events=tuple([event async for event in self.events.read(after)]),
            detectors=tuple(self.kept.detectors.values()),
            unresolved=await self.intents.find_unresolved(),
            spent=Spent(
                positions=tuple(sorted(PositionId(key) for key in self.kept.positions)),
                signals=tuple(
                    sorted(
                        SignalId(intent.intent_id)
                        for intent in self.kept.intents.values()
                        if intent.kind is IntentKind.ENTRY
                    )
                ),
            ),
        )

    async def ledger(self) -> Ledger | None:
        """Return the last stored ledger."""
        return self.kept.ledger

    async def idle(self) -> None:
        """Use a quiet moment; there is nothing to do."""

    async def close(self) -> None:
        """Refuse further batches; idempotent."""
        self._closed = True


class Kept:
    """The rows."""

    def __init__(self) -> None:
        self.events: list[EventRow] = []
        self.intents: dict[str, Intent] = {}
        self._taken: dict[object, IntentId] = {}
        self.positions: dict[str, Position] = {}
        self.orders: dict[str, Order] = {}
        self.detectors: dict[str, DetectorState] = {}
        self.snapshots: list[Anchored] = []
        self.ledger: Ledger | None = None

    def rivals(self, intents: Iterable[Intent]) -> list[Intent]:
        keys = [key for intent in intents for key in _identity(intent)]
        found = {self._taken[key]: None for key in keys if key in self._taken}
        return [self.intents[intent_id] for intent_id in found]

    def take(self, prepared: Prepared) -> None:
        self.events += prepared.events
        for intent in prepared.intents:
            self.intents[intent.intent_id] = intent
            self._taken |= dict.fromkeys(_identity(intent), intent.intent_id)
        self.positions |= {position.position_id: position for position in prepared.positions}
        self.orders |= {order.client_order_id: order for order in prepared.orders}
        self.detectors |= {detector.position_id: detector for detector in prepared.detectors}
        self.ledger = prepared.ledger or self.ledger
        if prepared.may_end_detectors:
            self._end_detectors()
        for anchored in prepared.snapshots:
            self._take_snapshot(anchored)

    def _end_detectors(self) -> None:
        for position_id in list(self.detectors):
            position = self.positions.get(position_id)
            if position is not None and position.status is not PositionStatus.ARMED:
                del self.detectors[position_id]

    def _take_snapshot(self, anchored: Anchored) -> None:
        rest = [k for k in self.snapshots if k.snapshot.sequence != anchored.snapshot.sequence]
        rest.append(anchored)
        rest.sort(key=lambda kept: kept.snapshot.sequence)
        self.snapshots = rest[-SNAPSHOTS_KEPT:]


def _identity(intent: Intent) -> tuple[object, ...]:
    return (
        ("id", intent.intent_id),
        ("order", intent.client_order_id),
        ("place", intent.position_id, intent.kind, intent.n),
    )


class MemoryPositions:
    """Positions as of the last batch."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def save(self, position: Position) -> None:
        """Write one position."""
        await self._store.submit(Batch(states=(position,)))

    async def find_by_id(self, position_id: PositionId) -> Position | None:
        """Return the position, or None."""
        return self._store.kept.positions.get(position_id)

    async def find_active(self) -> tuple[Position, ...]:
        """Return every position that is not Closed, in order of arming."""
        found = [p for p in self._store.kept.positions.values() if not p.is_closed]
        return tuple(sorted(found, key=lambda position: position.armed_at))

    async def find_active_by_symbol_and_side(
        self, symbol: Symbol, side: Side
    ) -> tuple[Position, ...]:
        """Return core's positions that are not Closed on this pair and side, in order of arming."""
        core = await self._active_of_core()
        return tuple(p for p in core if p.symbol == symbol and p.side is side)

    async def find_by_venue_position_ref(self, ref: str) -> tuple[Position, ...]:
        """Return core's positions that are not Closed and recorded under ``ref`` at the venue."""
        core = await self._active_of_core()
        return tuple(p for p in core if ref and p.venue_position_ref == ref)

    async def _active_of_core(self) -> list[Position]:
        return [p for p in await self.find_active() if not p.is_guard]


class MemoryOrders:
    """Orders as of the last batch."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def save(self, order: Order) -> None:
        """Write one order."""
        self._store.kept.orders[order.client_order_id] = order

    async def find_by_id(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order, or None."""
        return self._store.kept.orders.get(client_order_id)

    async def find_by_position(self, position_id: PositionId) -> tuple[Order, ...]:
        """Return the orders of a position, oldest first."""
        return tuple(order for order in self._oldest_first() if order.position_id == position_id)

    async def find_pending(self) -> tuple[Order, ...]:
        """Return the orders whose status is not terminal, oldest first."""
        return tuple(order for order in self._oldest_first() if not order.status.is_terminal)

    def _oldest_first(self) -> list[Order]:
        return sorted(self._store.kept.orders.values(), key=lambda order: order.ts_created)


class MemoryEvents:
    """The log."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def append(self, event: Event) -> None:
        """Append one event.

        Raises:
            StoreError: When its sequence does not continue the log.
        """
        await self._store.submit(Batch(events=(event,)))

    async def find_by_position(self, position_id: PositionId) -> tuple[Event, ...]:
        """Return the events of a position in sequence."""
        rows = [row for row in self._store.kept.events if row[1] == position_id]
        return tuple(read_event(row[0], row[3]) for row in rows)

    async def get_latest_seq(self) -> int:
        """Return the sequence of the last event, 0 for an empty log."""
        return len(self._store.kept.events)

    async def read(self, after: int = 0, limit: int | None = None) -> AsyncIterator[Event]:
        """Yield events after sequence ``after``, at most ``limit``, in sequence."""
        end = None if limit is None else after + limit
        for row in self._store.kept.events[after:end]:
            yield read_event(row[0], row[3])

    async def rows(self, after: int = 0) -> AsyncIterator[StoredEvent]:
        """Yield the raw rows after sequence ``after``, in sequence."""
        for row in self._store.kept.events[after:]:
            yield StoredEvent(sequence=row[0], body=row[3], hash=row[4])


class MemoryIntents:
    """The journal."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def record_intent(self, intent: Intent) -> None:
        """Write one intent; the same one twice changes nothing.

        Raises:
            StoreError: When another intent has its id, client order id or place.
        """
        before = await self.get_intent(intent.intent_id)
        if before is None or not is_same_decision(before, intent):
            await self._store.submit(Batch(intents=(intent,)))

    async def get_intent(self, intent_id: IntentId) -> Intent | None:
        """Return the intent, or None."""
        return self._store.kept.intents.get(intent_id)

    async def complete_intent(self, intent: Intent) -> None:
        """Write the new status of a recorded intent.

        Raises:
            StoreError: When it was never recorded, or its lifecycle forbids the step.
        """
        if await self.get_intent(intent.intent_id) is None:
            raise StoreError(f"intent {intent.intent_id} was never recorded")
        await self._store.submit(Batch(intents=(intent,)))

    async def find_unresolved(self) -> tuple[Intent, ...]:
        """Return intents that are RECORDED or IN_DOUBT, oldest first."""
        found = [i for i in self._store.kept.intents.values() if not i.status.is_resolved]
        return tuple(sorted(found, key=lambda intent: intent.ts_created))
