"""Proving that the log is the one that was written.

Row by row, so that a log of any length is verified in little memory, and from any trusted head,
so that recovery need not start at the first event.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

import attrs

from robson_domain import (
    ChainBroken,
    Head,
    HeadMismatch,
    Ledger,
    Store,
    StoredEvent,
    UnknownSchema,
)
from robson_domain.chain import empty_head, link
from robson_domain.codec import JsonValue, loads


@attrs.frozen(kw_only=True)
class StoredRow(StoredEvent):
    """A row of the log with the columns that repeat parts of its text."""

    position_id: str
    event_type: str


@runtime_checkable
class _KeepsLedger(Protocol):
    async def ledger(self) -> Ledger | None: ...


async def verify(store: Store, exported: Head | None) -> Head:
    """Verify the whole log of ``store``, and that it contains the ``exported`` head.

    The states beside the log are written in one transaction with it, so a log that ends before
    the last event they are made of was cut, with or without an exported head to tell.

    Returns:
        The head of the log.

    Raises:
        ChainBroken: At the first row that does not fit, named by its sequence.
        HeadMismatch: When the exported head is ahead of the log or not part of it, or the stored
            ledger or a stored position is ahead of the log.
    """
    # Asked first: a log that grows meanwhile is then ahead of them, never behind.
    states = await _states_end(store)
    head = empty_head(store.epoch)
    seen = exported is None or head == exported
    async for row in store.events.rows():
        head = extended(head, row)
        seen = seen or head == exported
    if exported is not None and not seen:
        raise HeadMismatch(_difference(head, exported))
    for name, sequence in states.items():
        if sequence > head.sequence:
            missing = f"events {head.sequence + 1} to {sequence}"
            raise HeadMismatch(
                f"{missing} are missing from the end of the log: {name} is stored as of the last"
            )
    return head


async def _states_end(store: Store) -> dict[str, int]:
    """Return which event each stored state is as of."""
    found = {}
    if isinstance(store, _KeepsLedger) and (ledger := await store.ledger()) is not None:
        found["the ledger"] = ledger.sequence
    for position in await store.positions.find_active():
        found[f"position {position.position_id}"] = position.sequence
    return found


def _difference(head: Head, exported: Head) -> str:
    if exported.epoch != head.epoch:
        return f"the exported head belongs to another database ({exported.epoch})"
    if exported.sequence > head.sequence:
        missing = f"events {head.sequence + 1} to {exported.sequence}"
        return f"{missing} are missing from the end of the log"
    return (
        f"event {exported.sequence} is not the one whose hash was exported: the log was rewritten"
    )


async def verified(head: Head, rows: AsyncIterator[StoredEvent]) -> list[StoredEvent]:
    """Return ``rows`` after verifying that they continue ``head``.

    Raises:
        ChainBroken: At the first row that does not fit.
    """
    kept = []
    async for row in rows:
        head = extended(head, row)
        kept.append(row)
    return kept


def extended(head: Head, row: StoredEvent) -> Head:
    """Return the head with ``row`` after it.

    Raises:
        ChainBroken: When the row does not fit there.
    """
    if row.sequence != head.sequence + 1:
        raise ChainBroken(head.sequence + 1, f"expected here, found event {row.sequence}")
    if not hmac.compare_digest(link(head.hash, row.body), row.hash):
        raise ChainBroken(row.sequence, "its content or its predecessor was altered")
    _compare_columns(row)
    return attrs.evolve(head, sequence=row.sequence, hash=row.hash)


def _compare_columns(row: StoredEvent) -> None:
    try:
        body = loads(row.body)
    except UnknownSchema as error:
        raise ChainBroken(row.sequence, f"its content is {error}") from None
    told: dict[str, JsonValue] = body if isinstance(body, dict) else {}
    columns: dict[str, JsonValue] = {"sequence": row.sequence}
    if isinstance(row, StoredRow):
        columns |= {"position_id": row.position_id, "type": row.event_type}
    for name, value in columns.items():
        if told.get(name) != value:
            raise ChainBroken(row.sequence, f"its column for {name} disagrees with its content")
