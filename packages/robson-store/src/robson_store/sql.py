"""The ports of storage over a SQL database, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from robson_domain import (
    Batch,
    ChainBroken,
    ClientOrderId,
    Durable,
    Event,
    EventRepository,
    Head,
    Intent,
    IntentId,
    IntentJournal,
    Ledger,
    Order,
    OrderRepository,
    Position,
    PositionId,
    PositionRepository,
    Recovered,
    Side,
    SignalId,
    Spent,
    StoreError,
    Symbol,
)
from robson_domain.chain import empty_head
from robson_store import records
from robson_store.database import Database, Write
from robson_store.heads import HeadFile
from robson_store.preparing import Anchored, Prepared, is_same_decision, prepare
from robson_store.statements import Statements
from robson_store.upcasting import read_event
from robson_store.verification import StoredRow, verified

_PAGE: Final = 500


class SqlStore:
    """One database that this process has to itself."""

    def __init__(
        self, database: Database, statements: Statements, head: Head, head_file: HeadFile
    ) -> None:
        self._database = database
        self._statements = statements
        self._head = head
        self._head_file = head_file
        self.positions: PositionRepository = SqlPositions(self, database, statements)
        self.orders: OrderRepository = SqlOrders(database, statements)
        self.events: EventRepository = SqlEvents(self, database, statements)
        self.intents: IntentJournal = SqlIntents(self, database, statements)

    @property
    def epoch(self) -> str:
        """Identity of this database."""
        return self._head.epoch

    @property
    def is_inline(self) -> bool:
        """Whether ``submit`` completes without ever yielding to the event loop."""
        return self._database.is_inline

    @property
    def head_problem(self) -> str:
        """Why the head is not exported; empty while it is."""
        return self._head_file.problem

    @property
    def problem(self) -> str:
        """Why nothing can be saved any more although it is open; empty while it can."""
        return self._database.problem

    async def submit(self, batch: Batch) -> Durable:
        """Write ``batch`` in one transaction and return once it is durable.

        Raises:
            StoreError: Nothing was written; or the database could not be reached again, then
                the same batch may be submitted again and is written once.
        """
        prepared = prepare(batch, self._head, await self._rivals(batch))
        await self._write(prepared)
        self._head = prepared.head
        if prepared.events:
            self._head_file.write(self._head)
        return Durable(head=self._head)

    async def _rivals(self, batch: Batch) -> list[Intent]:
        rows = [
            row
            for intent in batch.intents
            for row in await self._database.fetch(
                self._statements.rivals, records.intent_key(intent)
            )
        ]
        return [records.read_intent(row) for row in rows]

    async def _write(self, prepared: Prepared) -> None:
        writes = records.writes_of(prepared, self._statements)
        if writes:
            await self._database.write(writes)

    async def head(self) -> Head:
        """Return the end of the log."""
        return self._head

    async def recover(self) -> Recovered:
        """Return what start-up needs, after verifying the chain from the snapshot on.

        Raises:
            ChainBroken, UnknownSchema: What is stored cannot be trusted.
        """
        anchored = await self._last_snapshot()
        start = await self._start(anchored)
        rows = await verified(start, self.events.rows(start.sequence))
        return Recovered(
            head=self._head,
            snapshot=anchored.snapshot if anchored else None,
            events=tuple(read_event(row.sequence, row.body) for row in rows),
            detectors=tuple(
                records.read_detector(row)
                for row in await self._database.fetch(self._statements.detectors)
            ),
            unresolved=await self.intents.find_unresolved(),
            spent=await self._spent(),
        )

    async def _spent(self) -> Spent:
        positions = await self._database.fetch(self._statements.position_ids)
        signals = await self._database.fetch(self._statements.entry_ids)
        return Spent(
            positions=tuple(sorted(PositionId(row[0]) for row in positions)),
            signals=tuple(sorted(SignalId(row[0]) for row in signals)),
        )

    async def _last_snapshot(self) -> Anchored | None:
        rows = await self._database.fetch(self._statements.last_snapshot)
        return records.read_snapshot(rows[0]) if rows else None

    async def _start(self, anchored: Anchored | None) -> Head:
        start = empty_head(self.epoch)
        if anchored is None or not anchored.snapshot.sequence:
            return start
        sequence = anchored.snapshot.sequence
        rows = await self._database.fetch(self._statements.event_hash, (sequence,))
        if not rows:
            raise ChainBroken(sequence, "a snapshot was taken here, but the event is missing")
        if rows[0][0] != anchored.hash:
            raise ChainBroken(sequence, "it is not the event at which the snapshot was taken")
        return Head(epoch=self.epoch, sequence=sequence, hash=anchored.hash)

    async def ledger(self) -> Ledger | None:
        """Return the last stored ledger."""
        rows = await self._database.fetch(self._statements.get_meta, (records.LEDGER_KEY,))
        return records.read_ledger(rows[0]) if rows else None

    async def idle(self) -> None:
        """Use a quiet moment for what would otherwise delay a batch."""
        await self._database.idle()

    async def close(self) -> None:
        """Flush and release; idempotent."""
        await self._database.close()


class SqlPositions:
    """Positions as of the last durable batch."""

    def __init__(self, store: SqlStore, database: Database, statements: Statements) -> None:
        self._store = store
        self._database = database
        self._statements = statements

    async def save(self, position: Position) -> None:
        """Write one position."""
        await self._store.submit(Batch(states=(position,)))

    async def find_by_id(self, position_id: PositionId) -> Position | None:
        """Return the position, or None."""
        rows = await self._database.fetch(self._statements.position, (position_id,))
        return records.read_position(rows[0]) if rows else None

    async def find_active(self) -> tuple[Position, ...]:
        """Return every position that is not Closed, in order of arming."""
        rows = await self._database.fetch(self._statements.active)
        return tuple(records.read_position(row) for row in rows)

    async def find_active_by_symbol_and_side(
        self, symbol: Symbol, side: Side
    ) -> tuple[Position, ...]:
        """Return core's positions that are not Closed on this pair and side, in order of arming."""
        wanted = (str(symbol), side.value)
        rows = await self._database.fetch(self._statements.active_on, wanted)
        return tuple(records.read_position(row) for row in rows)

    async def find_by_venue_position_ref(self, ref: str) -> tuple[Position, ...]:
        """Return core's positions that are not Closed and recorded under ``ref`` at the venue."""
        rows = await self._database.fetch(self._statements.active_as, (records.ref_key(ref),))
        return tuple(records.read_position(row) for row in rows)


class SqlOrders:
    """Our orders as of the last durable batch."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements

    async def save(self, order: Order) -> None:
        """Write one order."""
        await self._database.write([Write(self._statements.put_order, [records.order_row(order)])])

    async def find_by_id(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order, or None."""
        rows = await self._database.fetch(self._statements.order, (client_order_id,))
        return records.read_order(rows[0]) if rows else None

    async def find_by_position(self, position_id: PositionId) -> tuple[Order, ...]:
        """Return the orders of a position, oldest first."""
        rows = await self._database.fetch(self._statements.orders_of, (position_id,))
        return tuple(records.read_order(row) for row in rows)

    async def find_pending(self) -> tuple[Order, ...]:
        """Return the orders whose status is not terminal, oldest first."""
        rows = await self._database.fetch(self._statements.pending)
        return tuple(records.read_order(row) for row in rows)


class SqlEvents:
    """The log."""

    def __init__(self, store: SqlStore, database: Database, statements: Statements) -> None:
        self._store = store
        self._database = database
        self._statements = statements

    async def append(self, event: Event) -> None:
        """Append one event.

        Raises:
            StoreError: When its sequence does not continue the log.
        """
        await self._store.submit(Batch(events=(event,)))

    async def find_by_position(self, position_id: PositionId) -> tuple[Event, ...]:
        """Return the events of a position in sequence."""
        rows = await self._database.fetch(self._statements.events_of, (position_id,))
        return tuple(read_event(row[0], row[3]) for row in rows)

    async def get_latest_seq(self) -> int:
        """Return the sequence of the last event, 0 for an empty log."""
        return (await self._store.head()).sequence

    async def read(self, after: int = 0, limit: int | None = None) -> AsyncIterator[Event]:
        """Yield events after sequence ``after``, at most ``limit``, in sequence.

        Raises:
            UnknownSchema: At a row of an unknown type or version.
        """
        async for row in self._rows(after, limit):
            yield read_event(row.sequence, row.body)

    async def rows(self, after: int = 0) -> AsyncIterator[StoredRow]:
        """Yield the raw rows after sequence ``after``, in sequence."""
        async for row in self._rows(after, None):
            yield row

    async def _rows(self, after: int, limit: int | None) -> AsyncIterator[StoredRow]:
        # In pages: a reader of a long log holds up no batch, and a slow one keeps no
        # transaction open.
        while limit is None or limit > 0:
            size = _PAGE if limit is None else min(limit, _PAGE)
            page = await self._database.fetch(self._statements.event_page, (after, size))
            for sequence, position_id, event_type, body, digest in page:
                yield StoredRow(
                    sequence=sequence,
                    position_id=position_id,
                    event_type=event_type,
                    body=body,
                    hash=digest,
                )
            if len(page) < size:
                return
            after = page[-1][0]
            limit = None if limit is None else limit - size


class SqlIntents:
    """The journal."""

    def __init__(self, store: SqlStore, database: Database, statements: Statements) -> None:
        self._store = store
        self._database = database
        self._statements = statements

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
        rows = await self._database.fetch(self._statements.intent, (intent_id,))
        return records.read_intent(rows[0]) if rows else None

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
        rows = await self._database.fetch(self._statements.unresolved)
        return tuple(records.read_intent(row) for row in rows)
