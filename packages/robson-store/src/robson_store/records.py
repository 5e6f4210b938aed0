"""Between the vocabulary and rows: what goes into which column, and back."""

from __future__ import annotations

from collections.abc import Iterator

from robson_domain import (
    ChainBroken,
    DetectorState,
    Intent,
    Ledger,
    Order,
    Position,
    PositionId,
    Snapshot,
)
from robson_domain.chain import link
from robson_domain.codec import canonical, decode, dumps, loads
from robson_store.database import Params, Row, Write
from robson_store.preparing import Anchored, Prepared
from robson_store.statements import Statements

LEDGER_KEY = "ledger"
EPOCH_KEY = "epoch"


def writes_of(prepared: Prepared, statements: Statements) -> list[Write]:
    """Return what has to be sent for ``prepared``; nothing for an empty batch."""
    return list(_writes(prepared, statements))


def _writes(prepared: Prepared, statements: Statements) -> Iterator[Write]:
    if prepared.intents:
        yield Write(statements.put_intent, [_intent_row(i) for i in prepared.intents])
    if prepared.events:
        yield Write(statements.put_event, prepared.events, bulk=statements.copy_events)
    if prepared.positions:
        yield Write(statements.put_position, [_position_row(p) for p in prepared.positions])
    if prepared.orders:
        yield Write(statements.put_order, [order_row(o) for o in prepared.orders])
    if prepared.detectors:
        yield Write(statements.put_detector, [_detector_row(d) for d in prepared.detectors])
    if prepared.may_end_detectors:
        yield Write(statements.end_detectors)
    if prepared.ledger is not None:
        yield Write(statements.put_meta, [(LEDGER_KEY, dumps(prepared.ledger))])
    if prepared.snapshots:
        yield Write(statements.put_snapshot, [_snapshot_row(s) for s in prepared.snapshots])
        yield Write(statements.forget_snapshots)


def intent_key(intent: Intent) -> Params:
    """Return the parameters that find every rival of ``intent``."""
    return (
        intent.intent_id,
        intent.client_order_id,
        intent.position_id,
        intent.kind.value,
        intent.n,
    )


def _intent_row(intent: Intent) -> Params:
    return (
        intent.intent_id,
        intent.position_id,
        intent.kind.value,
        intent.n,
        intent.client_order_id,
        intent.status.value,
        intent.ts_created,
        dumps(intent),
    )


def _position_row(position: Position) -> Params:
    return (
        position.position_id,
        str(position.symbol),
        position.side.value,
        position.status.value,
        position.armed_at,
        dumps(position),
        position.kind.value,
        ref_key(position.venue_position_ref),
    )


def ref_key(ref: str) -> str | None:
    """Return what the column of the venue's reference holds: null where there is none.

    As inside canonical JSON, which leaves usual references as they are: what a venue says may
    hold characters that a database does not take as text, and no batch may fail for that.
    """
    return canonical(ref)[1:-1] if ref else None


def order_row(order: Order) -> Params:
    """Return the columns of an order."""
    return (
        order.client_order_id,
        order.position_id,
        order.status.value,
        order.ts_created,
        dumps(order),
    )


def _detector_row(state: DetectorState) -> Params:
    return state.position_id, state.name, state.version, state.data, state.mark


def _snapshot_row(anchored: Anchored) -> Params:
    body = dumps(anchored.snapshot)
    return anchored.snapshot.sequence, anchored.hash, link(anchored.hash, body), body


def read_intent(row: Row) -> Intent:
    """Return the intent of a row.

    Raises:
        UnknownSchema: When it does not fit; so for every reader here.
    """
    return decode(loads(row[0]), Intent)


def read_position(row: Row) -> Position:
    """Return the position of a row."""
    return decode(loads(row[0]), Position)


def read_order(row: Row) -> Order:
    """Return the order of a row."""
    return decode(loads(row[0]), Order)


def read_ledger(row: Row) -> Ledger:
    """Return the ledger of a row."""
    return decode(loads(row[0]), Ledger)


def read_detector(row: Row) -> DetectorState:
    """Return the detector's memory of a row."""
    position_id, name, version, data, mark = row
    return DetectorState(
        position_id=PositionId(position_id), name=name, version=version, data=data, mark=mark
    )


def read_snapshot(row: Row) -> Anchored:
    """Return the snapshot of a row.

    Raises:
        ChainBroken: When it is not the one that was written at its place in the log.
    """
    sequence, digest, seal, body = row
    if link(digest, body) != seal:
        raise ChainBroken(sequence, "the snapshot taken here was altered")
    snapshot = decode(loads(body), Snapshot)
    if snapshot.sequence != sequence:
        raise ChainBroken(sequence, f"its snapshot was taken at {snapshot.sequence}")
    return Anchored(snapshot=snapshot, hash=digest)
