"""The durable truth: an event log with states and an intent journal beside it.

The daemon writes by :meth:`Store.submit` alone; repository writes serve tests and tools.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import attrs

from robson_domain.batch import Batch, DetectorState, Durable, Head, Snapshot
from robson_domain.events import Event
from robson_domain.identity import ClientOrderId, IntentId, PositionId, SignalId
from robson_domain.intents import Intent
from robson_domain.orders import Order
from robson_domain.position import Position
from robson_domain.symbols import Side, Symbol


class PositionRepository(Protocol):
    """Positions as of the last durable batch."""

    async def save(self, position: Position) -> None:
        """Write one position (tests and tools)."""
        ...

    async def find_by_id(self, position_id: PositionId) -> Position | None:
        """Return the position, or None."""
        ...

    async def find_active(self) -> tuple[Position, ...]:
        """Return every position that is not Closed, guards too, in order of arming."""
        ...

    async def find_active_by_symbol_and_side(
        self, symbol: Symbol, side: Side
    ) -> tuple[Position, ...]:
        """Return core's positions that are not Closed on this pair and side, in order of arming.

        Guards of the Safety Net are none of core's.
        """
        ...

    async def find_by_venue_position_ref(self, ref: str) -> tuple[Position, ...]:
        """Return core's positions that are not Closed and recorded under ``ref`` at the venue.

        In order of arming; an empty ``ref`` is nobody's.
        """
        ...


class OrderRepository(Protocol):
    """Our orders as of the last durable batch (kept up to date from saved positions)."""

    async def save(self, order: Order) -> None:
        """Write one order (tests and tools)."""
        ...

    async def find_by_id(self, client_order_id: ClientOrderId) -> Order | None:
        """Return the order, or None."""
        ...

    async def find_by_position(self, position_id: PositionId) -> tuple[Order, ...]:
        """Return the orders of a position, oldest first."""
        ...

    async def find_pending(self) -> tuple[Order, ...]:
        """Return the orders whose status is not terminal, oldest first."""
        ...


@attrs.frozen(kw_only=True)
class StoredEvent:
    """A row of the log as it stands: canonical text and chain hash."""

    sequence: int
    body: str
    hash: str


class EventRepository(Protocol):
    """The log. Append-only: no method changes or removes a row."""

    async def append(self, event: Event) -> None:
        """Append one event continuing the sequence (tests and tools).

        Raises:
            StoreError: When its sequence does not continue the log.
        """
        ...

    async def find_by_position(self, position_id: PositionId) -> tuple[Event, ...]:
        """Return the events of a position in sequence."""
        ...

    async def get_latest_seq(self) -> int:
        """Return the sequence of the last event, 0 for an empty log."""
        ...

    def read(self, after: int = 0, limit: int | None = None) -> AsyncIterator[Event]:
        """Yield events after sequence ``after``, at most ``limit``, in sequence.

        Raises:
            UnknownSchema: At a row of an unknown type or version.
        """
        ...

    def rows(self, after: int = 0) -> AsyncIterator[StoredEvent]:
        """Yield the raw rows after sequence ``after``, in sequence, for verification."""
        ...


class IntentJournal(Protocol):
    """Decisions, durable before anything is sent."""

    async def record_intent(self, intent: Intent) -> None:
        """Write one intent (tests and tools). Recording the same one twice changes nothing.

        Raises:
            StoreError: When another intent has its id or its client order id.
        """
        ...

    async def get_intent(self, intent_id: IntentId) -> Intent | None:
        """Return the intent, or None."""
        ...

    async def complete_intent(self, intent: Intent) -> None:
        """Write the new status of a recorded intent (tests and tools).

        Raises:
            StoreError: When it was never recorded.
        """
        ...

    async def find_unresolved(self) -> tuple[Intent, ...]:
        """Return intents that are RECORDED or IN_DOUBT, oldest first."""
        ...


@attrs.frozen(kw_only=True)
class Spent:
    """Ids that were used once and are never used again, however long ago that was; sorted.

    Attributes:
        positions: Of every position ever armed, and of every guard.
        signals: Of every signal that led to an entry.
    """

    positions: tuple[PositionId, ...] = ()
    signals: tuple[SignalId, ...] = ()


@attrs.frozen(kw_only=True)
class Recovered:
    """What start-up reads: a snapshot, the events after it, and the waiting detectors."""

    head: Head
    snapshot: Snapshot | None
    events: tuple[Event, ...]
    detectors: tuple[DetectorState, ...]
    unresolved: tuple[Intent, ...]
    spent: Spent = Spent()


class Store(Protocol):
    """One database. A method that returns has seen the disk; one that raises has written nothing.

    ``submit`` calls must not overlap: the next begins when the last has returned.
    """

    positions: PositionRepository
    orders: OrderRepository
    events: EventRepository
    intents: IntentJournal

    @property
    def epoch(self) -> str:
        """Identity of this database, made when it was created; part of every id."""
        ...

    @property
    def is_inline(self) -> bool:
        """Whether ``submit`` completes without ever yielding to the event loop."""
        ...

    async def submit(self, batch: Batch) -> Durable:
        """Write ``batch`` in one transaction and return once it is durable.

        Raises:
            StoreConflict: It contradicts what is stored; nothing was written, and never will be.
            StoreError: Nothing was written, or (connection lost during commit) it is unknown
                and the caller must reopen and compare heads.
        """
        ...

    async def head(self) -> Head:
        """Return the end of the log."""
        ...

    async def recover(self) -> Recovered:
        """Return what start-up needs, after verifying the chain from the snapshot on.

        Raises:
            ChainBroken, UnknownSchema: What is stored cannot be trusted.
        """
        ...

    async def idle(self) -> None:
        """Use a quiet moment for upkeep that would otherwise delay a batch; never overlaps one.

        Raises:
            StoreError: It could not be done; nothing is lost.
        """
        ...

    async def close(self) -> None:
        """Flush and release; idempotent."""
        ...
