"""Every statement the stores send, written once and compiled to text per database.

Compiled when a store is opened: the drivers then get constant text and plain tuples, which is
what makes an append cost little more than the disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import attrs
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from robson_domain import IntentKind, IntentStatus, OrderStatus, PositionKind, PositionStatus
from robson_store.preparing import SNAPSHOTS_KEPT
from robson_store.schema import detectors, events, intents, meta, orders, positions, snapshots

EVENT_COLUMNS: Final = ("sequence", "position_id", "event_type", "body", "hash")
_COPY_EVENTS: Final = f"COPY events ({', '.join(EVENT_COLUMNS)}) FROM STDIN"


@attrs.frozen(kw_only=True)
class Statements:
    """Text of every statement; its parameters stand in the order named beside it."""

    put_event: str  # sequence, position_id, event_type, body, hash
    put_intent: str  # intent_id, position_id, kind, n, client_order_id, status, ts_created, body
    put_position: str  # id, symbol, side, status, armed_at, body, kind, venue_position_ref
    put_order: str  # client_order_id, position_id, status, ts_created, body
    put_detector: str  # position_id, name, version, data, mark
    put_snapshot: str  # sequence, hash, seal, body
    put_meta: str  # key, value
    end_detectors: str
    forget_snapshots: str
    get_meta: str  # key
    head: str
    event_page: str  # after, limit
    events_of: str  # position_id
    event_hash: str  # sequence
    rivals: str  # intent_id, client_order_id, position_id, kind, n
    intent: str  # intent_id
    unresolved: str
    position: str  # id
    active: str
    position_ids: str
    entry_ids: str
    active_on: str  # symbol, side
    active_as: str  # venue_position_ref
    order: str  # client_order_id
    orders_of: str  # position_id
    pending: str
    detectors: str
    last_snapshot: str
    copy_events: str = ""  # the columns of put_event, as a bulk load


def sqlite_statements() -> Statements:
    """Return the statements for SQLite."""
    return _compiled(sqlite.dialect(), sqlite.insert)


def postgres_statements() -> Statements:
    """Return the statements for PostgreSQL with psycopg."""
    dialect: Dialect = postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
    statements = _compiled(dialect, postgresql.insert)
    return attrs.evolve(statements, copy_events=_COPY_EVENTS)


def _compiled(dialect: Dialect, insert: Any) -> Statements:
    written: dict[str, Any] = {
        **_writes(insert),
        **_log_reads(),
        **_decision_reads(),
        **_state_reads(),
    }
    return Statements(
        **{name: str(each.compile(dialect=dialect)) for name, each in written.items()}
    )


def _writes(insert: Any) -> dict[str, Executable]:
    return {
        "put_event": insert(events),
        "put_intent": _upsert(insert, intents, "intent_id", ("status", "body")),
        "put_position": _upsert(insert, positions, "id"),
        "put_order": _upsert(insert, orders, "client_order_id"),
        "put_detector": _upsert(insert, detectors, "position_id"),
        "put_snapshot": _upsert(insert, snapshots, "sequence"),
        "put_meta": _upsert(insert, meta, "key"),
        "end_detectors": _end_detectors(),
        "forget_snapshots": _forget_snapshots(),
    }


def _upsert(insert: Any, table: Table, key: str, changing: tuple[str, ...] = ()) -> Executable:
    names = [column.name for column in table.c if column.name != "arrival"]
    # Inline: nobody asks for the number that the database gives the row.
    statement = insert(table).values({name: bindparam(name) for name in names}).inline()
    changed = changing or tuple(name for name in names if name != key)
    upsert: Executable = statement.on_conflict_do_update(
        index_elements=[key], set_={name: statement.excluded[name] for name in changed}
    )
    return upsert


def _end_detectors() -> Executable:
    # A position that waits no longer has no use for its detector's memory.
    owner = and_(
        positions.c.id == detectors.c.position_id,
        positions.c.status != _constant(PositionStatus.ARMED),
    )
    return delete(detectors).where(exists().where(owner))


def _forget_snapshots() -> Executable:
    kept = select(snapshots.c.sequence).order_by(snapshots.c.sequence.desc())
    return delete(snapshots).where(
        snapshots.c.sequence.not_in(_first(kept, _whole(SNAPSHOTS_KEPT)))
    )


def _log_reads() -> dict[str, Executable]:
    row = select(*(events.c[name] for name in EVENT_COLUMNS)).order_by(events.c.sequence)
    last = select(events.c.sequence, events.c.hash).order_by(events.c.sequence.desc())
    page = row.where(events.c.sequence > _number("after"))
    return {
        "get_meta": select(meta.c.value).where(meta.c.key == bindparam("key")),
        "head": _first(last, _whole(1)),
        "event_page": _first(page, _number("limit")),
        "events_of": row.where(events.c.position_id == bindparam("position_id")),
        "event_hash": select(events.c.hash).where(events.c.sequence == _number("sequence")),
    }


def _decision_reads() -> dict[str, Executable]:
    oldest = select(intents.c.body).order_by(intents.c.ts_created, intents.c.arrival)
    place = and_(
        intents.c.position_id == bindparam("position_id"),
        intents.c.kind == bindparam("kind"),
        intents.c.n == _number("n"),
    )
    by_id = intents.c.intent_id == bindparam("intent_id")
    by_order = intents.c.client_order_id == bindparam("client_order_id")
    resolved = (status for status in IntentStatus if status.is_resolved)
    return {
        "rivals": select(intents.c.body).where(or_(by_id, by_order, place)),
        "intent": select(intents.c.body).where(by_id),
        "entry_ids": select(intents.c.intent_id).where(
            intents.c.kind == _constant(IntentKind.ENTRY)
        ),
        "unresolved": oldest.where(_none_of(intents.c.status, resolved)),
    }


def _state_reads() -> dict[str, Executable]:
    active = _positions().where(positions.c.status != _constant(PositionStatus.CLOSED))
    core = active.where(positions.c.kind == _constant(PositionKind.CORE))
    terminal = (status for status in OrderStatus if status.is_terminal)
    names = ("position_id", "name", "version", "data", "mark")
    waiting = select(*(detectors.c[name] for name in names)).order_by(detectors.c.arrival)
    kept = select(snapshots.c.sequence, snapshots.c.hash, snapshots.c.seal, snapshots.c.body)
    newest = kept.order_by(snapshots.c.sequence.desc())
    return {
        "position": _positions().where(positions.c.id == bindparam("id")),
        "active": active,
        "position_ids": select(positions.c.id),
        "active_on": core.where(
            positions.c.symbol == bindparam("symbol"), positions.c.side == bindparam("side")
        ),
        "active_as": core.where(
            positions.c.venue_position_ref == bindparam("venue_position_ref"),
        ),
        "order": _orders().where(orders.c.client_order_id == bindparam("client_order_id")),
        "orders_of": _orders().where(orders.c.position_id == bindparam("position_id")),
        "pending": _orders().where(_none_of(orders.c.status, terminal)),
        "detectors": waiting,
        "last_snapshot": _first(newest, _whole(1)),
    }


def _positions() -> Select[Any]:
    return select(positions.c.body).order_by(positions.c.armed_at, positions.c.arrival)


def _orders() -> Select[Any]:
    return select(orders.c.body).order_by(orders.c.ts_created, orders.c.arrival)


def _first(statement: Select[Any], count: Any) -> Select[Any]:
    # SQLite's dialect would make a parameter of the offset that nobody gives.
    return statement.limit(count).offset(_whole(0))


def _whole(number: int) -> ColumnElement[int]:
    return literal_column(str(number), BigInteger)


def _number(name: str) -> Any:
    return bindparam(name, type_=BigInteger)


def _constant(word: StrEnum) -> ColumnElement[str]:
    # Our own words, part of the statement's text: nothing that anybody typed.
    return literal_column(f"'{word.value}'")


def _none_of(column: ColumnElement[Any], statuses: Iterable[StrEnum]) -> ColumnElement[bool]:
    return and_(*(column != _constant(status) for status in statuses))
