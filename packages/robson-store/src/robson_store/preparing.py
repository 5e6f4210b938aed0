"""What a batch becomes before anything is written: checked, chained, last one wins.

Pure, and shared by every store, so that the same batches give the same log, the same refusals
and the same head whatever keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from robson_domain import (
    Batch,
    DetectorState,
    Event,
    Head,
    Intent,
    IntentStatus,
    Ledger,
    Order,
    Position,
    PositionStatus,
    Snapshot,
    StoreConflict,
    StoreError,
)
from robson_domain.chain import link
from robson_domain.codec import dumps
from robson_domain.intents import INTENT_TRANSITIONS

EventRow = tuple[int, str, str, str, str]
"""Sequence, position id, event type, canonical text, chain hash: the columns of the log."""

SNAPSHOTS_KEPT: Final = 3
"""The last one is used; the ones before it are for a person who doubts it."""


@attrs.frozen(kw_only=True)
class Anchored:
    """A snapshot tied to the log: the chain hash of the event it was taken at."""

    snapshot: Snapshot
    hash: str


@attrs.frozen(kw_only=True)
class Prepared:
    """A batch that may be written as it stands.

    Attributes:
        head: End of the log with this batch.
        intents: New and changed intents; those already stored as they are were left out.
        ledger: The last one of the batch.
    """

    head: Head
    events: list[EventRow]
    intents: tuple[Intent, ...]
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    detectors: tuple[DetectorState, ...]
    snapshots: tuple[Anchored, ...]
    ledger: Ledger | None

    @property
    def may_end_detectors(self) -> bool:
        """Whether a detector's row may have to go: its position waits no longer."""
        return bool(self.detectors) or any(
            position.status is not PositionStatus.ARMED for position in self.positions
        )


def prepare(batch: Batch, head: Head, stored: Iterable[Intent]) -> Prepared:
    """Return ``batch`` as what is to be written after ``head``.

    Args:
        stored: Every stored intent that shares its id, its client order id or its place
            (position, kind, n) with one of the batch.

    Raises:
        StoreError: When the batch contradicts what is stored; nothing may be written then.
    """
    after, rows = chained(head, batch.events)
    positions = {s.position_id: s for s in batch.states if isinstance(s, Position)}
    detectors = {s.position_id: s for s in batch.states if isinstance(s, DetectorState)}
    ledgers = [s for s in batch.states if isinstance(s, Ledger)]
    return Prepared(
        head=after,
        events=rows,
        intents=changed_intents(batch.intents, stored),
        positions=tuple(positions.values()),
        orders=tuple(orders_of(positions.values())),
        detectors=tuple(detectors.values()),
        snapshots=tuple(_anchored(s, head, rows) for s in batch.states if isinstance(s, Snapshot)),
        ledger=ledgers[-1] if ledgers else None,
    )


def chained(head: Head, events: Sequence[Event]) -> tuple[Head, list[EventRow]]:
    """Return the head after ``events`` and their rows.

    Raises:
        StoreError: When their sequences do not continue ``head`` or one is not storable.
    """
    rows: list[EventRow] = []
    sequence, digest = head.sequence, head.hash
    for event in events:
        if event.sequence != sequence + 1:
            raise StoreError(
                f"event {event.sequence} does not continue the log, which ends at {sequence}"
            )
        sequence += 1
        body = dumps(event)
        digest = link(digest, body)
        rows.append((sequence, event.position_id, event.event_type, body, digest))
    return (attrs.evolve(head, sequence=sequence, hash=digest) if rows else head), rows


def orders_of(positions: Iterable[Position]) -> Iterable[Order]:
    """Yield the orders that ``positions`` carry."""
    for position in positions:
        yield from position.orders


def _anchored(snapshot: Snapshot, head: Head, rows: list[EventRow]) -> Anchored:
    place = snapshot.sequence - head.sequence
    if not 0 <= place <= len(rows):
        raise StoreError(
            f"a snapshot at {snapshot.sequence} does not fit a log that ends at"
            f" {head.sequence + len(rows)}"
        )
    return Anchored(snapshot=snapshot, hash=rows[place - 1][4] if place else head.hash)


def changed_intents(intents: Sequence[Intent], stored: Iterable[Intent]) -> tuple[Intent, ...]:
    """Return what of ``intents`` has to be written, in order, the last status of each.

    Raises:
        StoreError: When one contradicts a stored one, or takes a step its lifecycle forbids.
    """
    known = {intent.intent_id: intent for intent in stored}
    orders = {intent.client_order_id: intent for intent in known.values()}
    places = {_place(intent): intent for intent in known.values()}
    changed: dict[str, Intent] = {}
    for intent in intents:
        rivals = (
            known.get(intent.intent_id),
            orders.get(intent.client_order_id),
            places.get(_place(intent)),
        )
        for rival in rivals:
            _refuse_rival(intent, rival)
        before = rivals[0]
        if before == intent:
            continue
        _refuse_step(intent, before)
        known[intent.intent_id] = orders[intent.client_order_id] = intent
        places[_place(intent)] = changed[intent.intent_id] = intent
    return tuple(changed.values())


def _place(intent: Intent) -> tuple[str, str, int]:
    return intent.position_id, intent.kind, intent.n


def is_same_decision(one: Intent, other: Intent) -> bool:
    """Say whether two intents are the same decision, wherever each of them stands."""
    return attrs.evolve(one, status=other.status) == other


def _refuse_rival(intent: Intent, rival: Intent | None) -> None:
    if rival is None or is_same_decision(intent, rival):
        return
    if rival.intent_id == intent.intent_id:
        shared = f"id {intent.intent_id}"
    elif rival.client_order_id == intent.client_order_id:
        shared = f"client order id {intent.client_order_id}"
    else:
        shared = f"place ({intent.position_id}, {intent.kind.value}, {intent.n})"
    raise StoreConflict(f"another intent already has {shared}; a decision is never rewritten")


def _refuse_step(intent: Intent, before: Intent | None) -> None:
    if before is None:
        if intent.status is not IntentStatus.RECORDED:
            raise StoreConflict(
                f"intent {intent.intent_id} is {intent.status} but was never recorded"
            )
    elif intent.status not in INTENT_TRANSITIONS[before.status].values():
        raise StoreConflict(
            f"intent {intent.intent_id} cannot go from {before.status} to {intent.status}"
        )
