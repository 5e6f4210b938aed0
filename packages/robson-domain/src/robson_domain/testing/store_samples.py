"""Batches for the store cards: many positions, one gap-free log, intents that fit it.

Everything is numbered, so that a card can say "the third" and a failure names it.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from robson_domain.account_events import RiskLimitsSet
from robson_domain.batch import DetectorState, Head, Snapshot
from robson_domain.chain import empty_head, link
from robson_domain.codec import dumps
from robson_domain.events import Event, PositionErrored
from robson_domain.identity import (
    CORE_PREFIX,
    IntentId,
    PositionId,
    TradeId,
    client_order_id,
    event_id,
)
from robson_domain.intents import Intent, IntentKind, IntentStatus
from robson_domain.orders import Order, OrderStatus
from robson_domain.position import Position, PositionStatus
from robson_domain.symbols import Side
from robson_domain.testing.builders import (
    ACCOUNT,
    EPOCH,
    SECOND,
    T0,
    a_detector_state,
    a_fill,
    a_ledger,
    a_position,
    an_intent,
    an_order,
)
from robson_domain.testing.builders_protection import a_guard
from robson_domain.testing.unions import an_event, every_event

BULK: Final = 200
"""More events in one batch than any store sends one by one."""


def position_id(number: int) -> PositionId:
    """Return the id of the ``number``-th position."""
    return PositionId(f"position-{number}")


def an_event_at(sequence: int, number: int = 1) -> Event:
    """Return an event of the ``number``-th position for place ``sequence`` of the log."""
    return PositionErrored(
        event_id=event_id(EPOCH, sequence),
        sequence=sequence,
        position_id=position_id(number),
        ts_event=T0 + sequence * SECOND,
        ts_received=T0 + sequence * SECOND + 1,
        cause_id=f"time:{T0 + sequence * SECOND}",
        problem=f"problem {sequence}",
    )


def a_limit_at(sequence: int) -> Event:
    """Return an event of the account, which is no position's, for place ``sequence`` of the log."""
    return an_event(RiskLimitsSet, event_id=event_id(EPOCH, sequence), sequence=sequence)


def a_log(first: int, count: int) -> tuple[Event, ...]:
    """Return ``count`` events from place ``first`` on, of three positions in turn."""
    return tuple(an_event_at(n, number=n % 3 + 1) for n in range(first, first + count))


def one_of_each(first: int = 1) -> tuple[Event, ...]:
    """Return one event of every type, numbered from ``first`` on."""
    return tuple(
        attrs.evolve(event, sequence=sequence)
        for sequence, event in enumerate(every_event(), start=first)
    )


def head_after(epoch: str, events: tuple[Event, ...]) -> Head:
    """Return the head of a log that holds exactly ``events``, reckoned from the first."""
    head = empty_head(epoch)
    for event in events:
        head = Head(epoch=epoch, sequence=event.sequence, hash=link(head.hash, dumps(event)))
    return head


def an_intent_of(
    number: int, kind: IntentKind = IntentKind.ENTRY, n: int = 1, ts_created: int = 0
) -> Intent:
    """Return the ``n``-th intent of a kind of the ``number``-th position, just recorded."""
    owner = position_id(number)
    order = client_order_id(
        CORE_PREFIX, account=ACCOUNT, epoch=EPOCH, position_id=owner, kind=kind, n=n
    )
    return an_intent(
        kind=kind,
        intent_id=IntentId(f"{owner}-{kind}-{n}"),
        position_id=owner,
        n=n,
        client_order_id=order,
        ts_created=ts_created or T0 + number * SECOND,
    )


def an_intent_in(number: int, status: IntentStatus) -> Intent:
    """Return the entry intent of the ``number``-th position, in ``status``."""
    return attrs.evolve(an_intent_of(number), status=status)


def an_order_of(
    number: int,
    kind: IntentKind = IntentKind.ENTRY,
    status: OrderStatus = OrderStatus.SUBMITTED,
    n: int = 1,
) -> Order:
    """Return the order behind :func:`an_intent_of`; entries come first, then stops, then exits."""
    intent = an_intent_of(number, kind, n)
    late = {IntentKind.EXIT: 100 * SECOND, IntentKind.VENUE_STOP: 50 * SECOND}.get(kind, 0)
    order = an_order(
        client_order_id=intent.client_order_id,
        position_id=intent.position_id,
        kind=kind.value,
        side=intent.side,
        stop_price=intent.stop_price,
        ts_created=intent.ts_created + late + n,
    )
    if status is OrderStatus.FILLED:
        return order.with_fill(a_fill(trade_id=TradeId(f"{number}-{kind}-{n}")))
    return attrs.evolve(order, status=status)


def an_armed(number: int, **fields: Any) -> Position:
    """Return the ``number``-th position, armed that many seconds after the start."""
    given = {"armed_at": T0 + number * SECOND, **fields}
    return a_position(PositionStatus.ARMED, position_id=position_id(number), **given)


def a_position_in(
    number: int, status: PositionStatus, side: Side = Side.LONG, exits: int = 1
) -> Position:
    """Return the ``number``-th position in ``status``, with orders of its own.

    Args:
        exits: Its exit order is the one with this number.
    """
    position = a_position(
        status, side, position_id=position_id(number), armed_at=T0 + number * SECOND
    )
    entry, leave = position.entry_order, position.exit_order
    if entry is not None:
        entry = an_order_of(number, IntentKind.ENTRY, entry.status)
    if leave is not None:
        leave = an_order_of(number, IntentKind.EXIT, leave.status, exits)
    return attrs.evolve(position, entry_order=entry, exit_order=leave)


def a_protected(number: int, ref: str = "", **fields: Any) -> Position:
    """Return the ``number``-th position, active, with a stop at the venue that calls it ``ref``."""
    stop = an_order_of(number, IntentKind.VENUE_STOP, OrderStatus.ACCEPTED, n=1)
    active = a_position_in(number, PositionStatus.ACTIVE)
    given = {"venue_stop": stop, "stops": 1, "venue_position_ref": ref, **fields}
    return attrs.evolve(active, **given)


def a_guard_of(number: int, **fields: Any) -> Position:
    """Return a guard as the ``number``-th position, opened that many seconds after the start."""
    given = {"armed_at": T0 + number * SECOND, **fields}
    return a_guard(position_id=PositionId(f"guard-btcusdt-{number}"), **given)


def a_detector_of(number: int, mark: int = 1) -> DetectorState:
    """Return the memory of the ``number``-th position's detector up to trade ``mark``."""
    return a_detector_state(position_id=position_id(number), data=f'{{"seen":{mark}}}', mark=mark)


def a_snapshot_at(sequence: int, *positions: Position) -> Snapshot:
    """Return the whole state at ``sequence``."""
    return Snapshot(sequence=sequence, ledger=a_ledger(sequence=sequence), positions=positions)
