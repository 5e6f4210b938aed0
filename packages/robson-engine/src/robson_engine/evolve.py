"""How events change a position and the ledger: the only code that does.

Pure and total over the lifecycle table: an event the table does not allow raises and nothing
happened. Quantities follow from fills alone, never from what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from robson_domain import (
    EntryDenied,
    EntryFilled,
    EntryOrderPlaced,
    EntrySignalReceived,
    ExitFilled,
    ExitOrderPlaced,
    ExitTriggered,
    Fill,
    GuardOpened,
    Ledger,
    Money,
    Order,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    OrderStatus,
    Position,
    PositionArmed,
    PositionClosed,
    PositionCloseRequested,
    PositionDisarmed,
    PositionErrored,
    PositionEvent,
    PositionStatus,
    Quantity,
    TrailingStopUpdated,
    decimals,
    next_position_status,
)
from robson_domain.copying import completed, evolved, prepare
from robson_domain.errors import InvariantError
from robson_domain.position import CloseReason
from robson_engine.evolve_guards import GUARD_HANDLERS, guard_opened
from robson_engine.evolve_parts import order_of, with_open_qty, with_order
from robson_engine.evolve_venue import VENUE_HANDLERS

REFUSED_KEPT: Final = 20
"""Refused exits a position remembers, the latest."""
_BEGINNINGS: Final = (PositionArmed, GuardOpened)
prepare(Position, Order, Ledger)


def evolve_position(before: Position | None, event: PositionEvent) -> Position:
    """Return the position after ``event``.

    Raises:
        InvariantError: For an event of a position that was never armed, or armed twice.
        IllegalTransition: For an event its status does not allow.
    """
    if isinstance(event, _BEGINNINGS):
        if before is not None:
            raise InvariantError(f"position {event.position_id} is armed twice")
        return _armed(event) if isinstance(event, PositionArmed) else guard_opened(event)
    if before is None:
        raise InvariantError(f"event {event.sequence}: position {event.position_id} is unknown")
    status = next_position_status(before.status, event.event_type)
    if isinstance(event, TrailingStopUpdated):
        # By far the most frequent event: one copy instead of two.
        return evolved(
            before,
            status=status,
            best=event.best,
            stop=event.stop,
            summarized_at=event.timestamp,
            mark=max(before.mark, event.mark),
            sequence=event.sequence,
        )
    after: Position = _HANDLERS[type(event)](before, event)
    mark = max(before.mark, event.mark)
    return completed(after, before, status=status, mark=mark, sequence=event.sequence)


def _armed(event: PositionArmed) -> Position:
    command = event.command
    return Position(
        position_id=command.position_id,
        symbol=command.symbol,
        side=command.side,
        status=PositionStatus.ARMED,
        risk=command.risk,
        instrument=command.instrument,
        detector=command.detector,
        armed_at=event.timestamp,
        accept_costs=command.accept_costs,
        expires_at=command.expires_at,
        mark=event.mark,
        sequence=event.sequence,
    )


def _disarmed(before: Position, event: PositionDisarmed) -> Position:
    return evolved(before, close_reason=event.reason, closed_at=event.timestamp)


def _signal(before: Position, event: EntrySignalReceived) -> Position:
    return evolved(before, signal=event.signal, signal_at=event.timestamp)


def _denied(before: Position, event: EntryDenied) -> Position:
    return evolved(
        before,
        denial_code=event.code,
        close_reason=CloseReason.DENIED,
        closed_at=event.timestamp,
    )


def _entry_placed(before: Position, event: EntryOrderPlaced) -> Position:
    return evolved(
        before,
        entry_order=order_of(event.intent),
        stop_distance=event.stop_distance,
        fee_rate=event.fee_rate,
        commission_in_base=event.commission_in_base,
        borrows=event.borrows,
    )


def _kept(orders: tuple[Order, ...]) -> tuple[Order, ...]:
    """Drop the oldest of the exits that were refused: a venue may refuse for days."""
    refused = [order for order in orders if order.status is OrderStatus.REJECTED]
    dropped = set(map(id, refused[:-REFUSED_KEPT]))
    return tuple(order for order in orders if id(order) not in dropped)


def _exit_placed(before: Position, event: ExitOrderPlaced) -> Position:
    past = before.past_exits
    if before.exit_order is not None:
        past = _kept((*past, before.exit_order))
    return evolved(
        before,
        exit_order=order_of(event.intent),
        past_exits=past,
        exits=before.exits + 1,
        retry_at=0,
    )


def _with_commission(after: Position, before: Position, fill: Fill) -> Position:
    if fill.commission_asset == before.symbol.base:
        return completed(after, before, fees_base=before.fees_base + fill.commission)
    if fill.commission_asset == before.symbol.quote:
        fees = Money(decimals.add(before.fees_quote.value, fill.commission.value))
        return completed(after, before, fees_quote=fees)
    return after


def _with_doubt_left(after: Position, before: Position) -> Position:
    """Keep the evidence only while it is about the same order as before."""
    if before.doubt is None:
        return after
    was, left = before.order_in_doubt, after.order_in_doubt
    is_same = was is not None and left is not None and was.client_order_id == left.client_order_id
    return after if is_same else evolved(after, doubt=None)


def _entry_filled(before: Position, event: EntryFilled) -> Position:
    order = before.entry_order
    if order is None:
        raise InvariantError(f"event {event.sequence}: a fill of an entry never placed")
    fill = event.fill
    reopened = before.status is PositionStatus.CLOSED
    after = evolved(
        before,
        entry_order=completed(order.with_fill(fill), order, status=event.order_status),
        entry_qty=before.entry_qty + fill.quantity,
        entry_cost=before.entry_cost + fill.notional,
        opened_at=fill.ts_event if reopened else before.opened_at or fill.ts_event,
        best=event.best,
        stop=event.stop,
        summarized_at=event.timestamp,
        venue_position_ref=before.venue_position_ref or event.venue_position_ref,
        # What opens after the end is protected like anything else: its latch starts anew.
        exit_reason=None if reopened else before.exit_reason,
    )
    return _with_doubt_left(with_open_qty(_with_commission(after, before, fill), before), before)


def _exit_filled(before: Position, event: ExitFilled) -> Position:
    fill = event.fill
    after = completed(
        with_order(before, event.client_order_id, lambda order: _filled(order, event)),
        before,
        exit_qty=before.exit_qty + fill.quantity,
        exit_value=before.exit_value + fill.notional,
        exit_rejections=0,
    )
    return _with_doubt_left(with_open_qty(_with_commission(after, before, fill), before), before)


def _filled(order: Order, event: ExitFilled) -> Order:
    return completed(order.with_fill(event.fill), order, status=event.order_status)


def _close_requested(before: Position, event: PositionCloseRequested) -> Position:
    return evolved(before, close_requested=event.reason)


def _triggered(before: Position, event: ExitTriggered) -> Position:
    return evolved(before, exit_reason=event.reason)


def _rejected(before: Position, event: OrderRejected) -> Position:
    def reject(order: Order) -> Order:
        return evolved(order, status=OrderStatus.REJECTED, reject_code=event.code)

    after = _with_doubt_left(with_order(before, event.client_order_id, reject), before)
    stop = after.venue_stop
    if stop is not None and stop.client_order_id == event.client_order_id:
        return evolved(after, stop_rejections=event.attempt, stop_retry_at=event.retry_at)
    if event.retry_at:
        return evolved(after, exit_rejections=event.attempt, retry_at=event.retry_at)
    return after


def _in_doubt(before: Position, event: OrderInDoubt) -> Position:
    def doubt(order: Order) -> Order:
        return evolved(order, status=OrderStatus.IN_DOUBT)

    after = with_order(before, event.client_order_id, doubt)
    about = after.order_in_doubt
    is_about = about is not None and about.client_order_id == event.client_order_id
    return evolved(after, doubt=event.doubt) if is_about else after


def _resolved(before: Position, event: OrderResolved) -> Position:
    def resolve(order: Order) -> Order:
        return evolved(order, status=event.order_status)

    after = _with_doubt_left(with_order(before, event.client_order_id, resolve), before)
    stop = after.venue_stop
    if stop is not None and stop.client_order_id == event.client_order_id:
        return evolved(after, stop_rejections=0)
    return after


def _closed(before: Position, event: PositionClosed) -> Position:
    return evolved(
        before,
        close_reason=event.reason,
        realized_pnl=event.realized_pnl,
        dust=event.dust,
        debt=event.debt,
        interest=event.interest,
        open_qty=Quantity(0),
        closed_at=event.timestamp,
        retry_at=0,
    )


def _errored(before: Position, event: PositionErrored) -> Position:
    return evolved(before, error=event.problem)


_HANDLERS: Final[dict[type, Callable[[Position, Any], Position]]] = {
    **GUARD_HANDLERS,
    **VENUE_HANDLERS,
    PositionDisarmed: _disarmed,
    EntrySignalReceived: _signal,
    EntryDenied: _denied,
    EntryOrderPlaced: _entry_placed,
    EntryFilled: _entry_filled,
    PositionCloseRequested: _close_requested,
    ExitTriggered: _triggered,
    ExitOrderPlaced: _exit_placed,
    ExitFilled: _exit_filled,
    OrderRejected: _rejected,
    OrderInDoubt: _in_doubt,
    OrderResolved: _resolved,
    PositionClosed: _closed,
    PositionErrored: _errored,
}
