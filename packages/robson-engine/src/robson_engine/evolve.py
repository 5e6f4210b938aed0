"""How events change a position and the ledger: the only code that does.

Pure and total over the lifecycle table: an event the table does not allow raises and nothing
happened. Quantities follow from fills alone, never from what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from robson_domain import (
    CancelRequested,
    ClientOrderId,
    EntryDenied,
    EntryFilled,
    EntryOrderPlaced,
    EntrySignalReceived,
    ExitFilled,
    ExitOrderPlaced,
    ExitTriggered,
    Fill,
    GuardOpened,
    Intent,
    InterestAccrued,
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
    PositionReduced,
    PositionStatus,
    Quantity,
    RepayRequested,
    Side,
    TrailingStopUpdated,
    VenueStopPlaced,
    decimals,
    next_position_status,
)
from robson_domain.copying import completed, evolved, prepare
from robson_domain.errors import InvariantError
from robson_domain.position import CloseReason
from robson_engine.config import STOP_MOVE_NS
from robson_engine.evolve_guards import GUARD_HANDLERS, guard_opened

REFUSED_KEPT: Final = 20
"""Refused exits a position remembers, the latest."""
_ONE: Final = ("entry_order", "exit_order", "venue_stop")
_MANY: Final = ("past_exits", "past_stops")
STOPS_KEPT: Final = 5
"""Venue stops without an execution a position remembers, the latest."""
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


def order_of(intent: Intent) -> Order:
    """Return the order an intent stands for, as it is before the venue has said anything."""
    return Order(
        client_order_id=intent.client_order_id,
        position_id=intent.position_id,
        symbol=intent.symbol,
        side=intent.side,
        kind=intent.kind.value,
        order_qty=intent.quantity,
        ts_created=intent.ts_created,
        stop_price=intent.stop_price,
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


def net_base(position: Position) -> Decimal:
    """Return what the position holds of the base asset, net of commissions; negative = owed."""
    bought, sold = position.entry_qty.value, position.exit_qty.value
    if position.side is Side.SHORT:
        bought, sold = sold, bought
    return decimals.sub(decimals.sub(bought, sold), position.fees_base.value)


def held_of(position: Position) -> Decimal:
    """Return what is held (long) or owed (short), net of commissions; negative = beyond flat."""
    net = net_base(position)
    return net if position.side is Side.LONG else decimals.neg(net)


def _with_open_qty(after: Position, before: Position) -> Position:
    open_qty = Quantity(max(held_of(after), decimals.ZERO))
    return completed(after, before, open_qty=open_qty)


def _with_doubt_left(position: Position) -> Position:
    """Drop the evidence when no order is in doubt any more: another order's end keeps it.

    Only one order can be in doubt at a time: exits and venue stops need a fill of the entry, what
    has a fill is not in doubt, and neither is sent while the other's fate is unknown.
    """
    if position.doubt is None:
        return position
    orders = (position.entry_order, position.exit_order, position.venue_stop)
    if any(order is not None and order.status is OrderStatus.IN_DOUBT for order in orders):
        return position
    return evolved(position, doubt=None)


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
    return _with_doubt_left(_with_open_qty(_with_commission(after, before, fill), before))


def _exit_filled(before: Position, event: ExitFilled) -> Position:
    fill = event.fill
    after = completed(
        _with_order(before, event.client_order_id, lambda order: _filled(order, event)),
        before,
        exit_qty=before.exit_qty + fill.quantity,
        exit_value=before.exit_value + fill.notional,
        exit_rejections=0,
    )
    return _with_doubt_left(_with_open_qty(_with_commission(after, before, fill), before))


def _filled(order: Order, event: ExitFilled) -> Order:
    return completed(order.with_fill(event.fill), order, status=event.order_status)


def _with_order(
    before: Position, order_id: ClientOrderId, change: Callable[[Order], Order]
) -> Position:
    for name in _ONE:
        order = getattr(before, name)
        if order is not None and order.client_order_id == order_id:
            return _with(before, name, change(order))
    for name in _MANY:
        orders = getattr(before, name)
        if any(order.client_order_id == order_id for order in orders):
            changed = tuple(change(o) if o.client_order_id == order_id else o for o in orders)
            return _with(before, name, changed)
    raise InvariantError(f"position {before.position_id}: order {order_id} is unknown")


def _with(before: Position, name: str, value: Any) -> Position:
    fields: dict[str, Any] = {name: value}
    return evolved(before, **fields)


def _close_requested(before: Position, event: PositionCloseRequested) -> Position:
    return evolved(before, close_requested=event.reason)


def _triggered(before: Position, event: ExitTriggered) -> Position:
    return evolved(before, exit_reason=event.reason)


def _rejected(before: Position, event: OrderRejected) -> Position:
    def reject(order: Order) -> Order:
        return evolved(order, status=OrderStatus.REJECTED, reject_code=event.code)

    after = _with_doubt_left(_with_order(before, event.client_order_id, reject))
    stop = after.venue_stop
    if stop is not None and stop.client_order_id == event.client_order_id:
        return evolved(after, stop_rejections=event.attempt, stop_retry_at=event.retry_at)
    if event.retry_at:
        return evolved(after, exit_rejections=event.attempt, retry_at=event.retry_at)
    return after


def _in_doubt(before: Position, event: OrderInDoubt) -> Position:
    def doubt(order: Order) -> Order:
        return evolved(order, status=OrderStatus.IN_DOUBT)

    return evolved(_with_order(before, event.client_order_id, doubt), doubt=event.doubt)


def _resolved(before: Position, event: OrderResolved) -> Position:
    def resolve(order: Order) -> Order:
        return evolved(order, status=event.order_status)

    after = _with_doubt_left(_with_order(before, event.client_order_id, resolve))
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


def _stop_placed(before: Position, event: VenueStopPlaced) -> Position:
    past = before.past_stops
    if before.venue_stop is not None:
        past = _latest((*past, before.venue_stop))
    return evolved(
        before,
        venue_stop=order_of(event.intent),
        past_stops=past,
        stops=before.stops + 1,
        stop_retry_at=event.timestamp + STOP_MOVE_NS,
    )


def _latest(orders: tuple[Order, ...]) -> tuple[Order, ...]:
    """Drop the oldest stops that were never executed: one that trails far is moved often."""
    idle = [order for order in orders if not order.filled_qty]
    dropped = set(map(id, idle[:-STOPS_KEPT]))
    return tuple(order for order in orders if id(order) not in dropped)


def _cancel_requested(before: Position, event: CancelRequested) -> Position:
    def ask(order: Order) -> Order:
        return evolved(order, status=OrderStatus.PENDING_CANCEL)

    after = _with_order(before, event.client_order_id, ask)
    return evolved(after, stop_retry_at=event.retry_at)


def _accrued(before: Position, event: InterestAccrued) -> Position:
    return evolved(before, interest=event.interest)


def _repaid(before: Position, event: RepayRequested) -> Position:
    first = before.debt if before.repays else event.owed
    return evolved(before, repays=event.n, retry_at=event.retry_at, debt=first)


def _reduced(before: Position, event: PositionReduced) -> Position:
    after = evolved(
        before,
        exit_qty=before.exit_qty + event.quantity,
        exit_value=before.exit_value + event.quantity * event.price,
    )
    return _with_open_qty(after, before)


def _errored(before: Position, event: PositionErrored) -> Position:
    return evolved(before, error=event.problem)


_HANDLERS: Final[dict[type, Callable[[Position, Any], Position]]] = {
    **GUARD_HANDLERS,
    VenueStopPlaced: _stop_placed,
    CancelRequested: _cancel_requested,
    InterestAccrued: _accrued,
    RepayRequested: _repaid,
    PositionReduced: _reduced,
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
