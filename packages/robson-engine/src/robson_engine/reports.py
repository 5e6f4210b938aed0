"""What a venue's report about an order leads to. Venue facts are never illegal."""

from __future__ import annotations

from decimal import Decimal

from robson_domain import (
    CloseReason,
    EntryFilled,
    ExitFilled,
    ExitTriggered,
    Fill,
    IntentKind,
    Order,
    OrderRejected,
    OrderReport,
    OrderResolved,
    OrderStatus,
    Position,
    PositionStatus,
    Price,
    Quantity,
    QueryOrder,
    ReportStatus,
    Side,
    decimals,
    position_ref,
)
from robson_engine import doubt, exits, venue_stops
from robson_engine.evolve_parts import held_of
from robson_engine.quantities import exit_quantity
from robson_engine.trailing import better, stop_for, tighter
from robson_engine.turn import Turn

_ENDED = {
    ReportStatus.FILLED: OrderStatus.FILLED,
    ReportStatus.CANCELED: OrderStatus.CANCELED,
    ReportStatus.EXPIRED: OrderStatus.EXPIRED,
}
_MAY_END = frozenset({PositionStatus.ENTERING, PositionStatus.ACTIVE})


def find_order(position: Position, report: OrderReport) -> Order | None:
    """Return the order of ``position`` a report speaks of, or None."""
    wanted = report.client_order_id
    return next((o for o in position.orders if o.client_order_id == wanted), None)


def on_report(turn: Turn, report: OrderReport) -> None:
    """Apply a report: its new fills, then what it says of the order's end or doubt."""
    key = turn.state.orders.get(report.client_order_id)
    position = turn.find(key) if key is not None else None
    order = find_order(position, report) if position else None
    if position is None or order is None:
        return
    if any(not order.has(fill) for fill in report.fills):
        had_ended = order.status.is_terminal
        position = apply_fills(turn, position, report)
        order = find_order(position, report) or order
        if had_ended and not order.status.is_terminal:
            # Refused, said the venue, and then it filled: nobody asks about it any more.
            _ask(turn, order)
        if order is not position.entry_order and order is not position.exit_order:
            exits.call_back(turn, position)
    _on_status(turn, position, order, report)
    _after(turn, turn.get(position.position_id), report)


def apply_fills(turn: Turn, position: Position, report: OrderReport) -> Position:
    """Log every fill of the report that is not known yet, in its order."""
    ended = position.is_closed
    for fill in report.fills:
        order = find_order(position, report)
        if order is None or order.has(fill):
            continue
        if order is position.entry_order:
            position = entry_fill(turn, position, report, fill)
        else:
            position = exit_fill(turn, position, order, fill)
    if ended and not position.is_closed:
        exits.late_fill(turn, position, report.client_order_id)
    return turn.get(position.position_id)


def entry_fill(turn: Turn, position: Position, report: OrderReport, fill: Fill) -> Position:
    """Log an entry fill with the best price and the stop that follow from it."""
    turn.summarize(position.position_id)
    position = turn.get(position.position_id)
    side, distance, order = position.side, position.stop_distance, position.entry_order
    assert distance is not None  # fixed when the entry was placed
    assert order is not None
    known_as = report.venue_order_id and position_ref(report.symbol, report.venue_order_id)
    best = better(side, position.best, fill.price)
    stop = stop_for(position.instrument, side, best, distance)
    return turn.emit(
        EntryFilled,
        position.position_id,
        client_order_id=order.client_order_id,
        fill=fill,
        order_status=order.with_fill(fill).status,
        open_qty=_open_after(position, fill, fill.quantity.value),
        best=best,
        stop=tighter(side, position.stop, stop),
        venue_position_ref=position.venue_position_ref or known_as,
    )


def exit_fill(turn: Turn, position: Position, order: Order, fill: Fill) -> Position:
    """Log an exit fill; the first of the stop at the venue closes the latch."""
    is_stop = order.kind == IntentKind.VENUE_STOP
    if is_stop and position.exit_reason is None and not position.is_closed:
        turn.summarize(position.position_id)
        position = turn.get(position.position_id)
        turn.emit(
            ExitTriggered,
            position.position_id,
            reason=CloseReason.DISASTER_STOP,
            price=fill.price,
            stop=position.stop,
        )
        position = turn.get(position.position_id)
    return turn.emit(
        ExitFilled,
        position.position_id,
        client_order_id=order.client_order_id,
        fill=fill,
        order_status=order.with_fill(fill).status,
        open_qty=_open_after(position, fill, decimals.neg(fill.quantity.value)),
    )


def _open_after(position: Position, fill: Fill, opened: Decimal) -> Quantity:
    """Return what is held or owed after ``fill``, which opened or closed (−) that much."""
    left = decimals.add(held_of(position), opened)
    if fill.commission_asset == position.symbol.base:
        paid = fill.commission.value
        left = decimals.sub(left, paid if position.side is Side.LONG else decimals.neg(paid))
    return Quantity(max(left, decimals.ZERO))


def _on_status(turn: Turn, position: Position, order: Order, report: OrderReport) -> None:
    match report.status:
        case ReportStatus.FILLED | ReportStatus.CANCELED | ReportStatus.EXPIRED:
            _ended(turn, position, order, report)
        case ReportStatus.ACCEPTED | ReportStatus.PARTIALLY_FILLED:
            _known(turn, position, order, report)
        case _ if order.status.is_terminal:
            pass  # it was ended by better knowledge
        case ReportStatus.REJECTED | ReportStatus.NO_REPLY if order.filled_qty:
            # What was executed exists: no refusal and no doubt, only its end is to be asked for.
            _ask(turn, order)
        case ReportStatus.REJECTED:
            _rejected(turn, position, order, report)
        case ReportStatus.NO_REPLY:
            doubt.begin(turn, position, order, report)
        case ReportStatus.NOT_FOUND if not order.filled_qty:
            doubt.not_found(turn, position, order, report)


def _ask(turn: Turn, order: Order) -> None:
    turn.command(QueryOrder(symbol=order.symbol, client_order_id=order.client_order_id))


def _rejected(turn: Turn, position: Position, order: Order, report: OrderReport) -> None:
    if order is position.venue_stop:
        venue_stops.refused(turn, position, report)
        return
    is_exit = order is position.exit_order
    attempt = position.exit_rejections + 1 if is_exit else 1
    turn.emit(
        OrderRejected,
        position.position_id,
        client_order_id=order.client_order_id,
        code=report.code,
        message=report.message,
        attempt=attempt,
        retry_at=turn.now + exits.retry_delay(attempt) if is_exit else 0,
    )
    if is_exit:
        venue_stops.put_back(turn, turn.get(position.position_id))


def _known(turn: Turn, position: Position, order: Order, report: OrderReport) -> None:
    """The venue knows the order: a doubt ends; fills it counts and we lack are asked for."""
    if order.status is OrderStatus.IN_DOUBT:
        _resolve(turn, position, order, (OrderStatus.ACCEPTED, "the venue knows the order"))
    elif order is position.venue_stop and order.status is OrderStatus.SUBMITTED:
        _resolve(turn, position, order, (OrderStatus.ACCEPTED, "it rests at the venue"))
    if report.filled_qty > order.filled_qty:
        _ask(turn, order)


def _ended(turn: Turn, position: Position, order: Order, report: OrderReport) -> None:
    lacks_fills = report.status is ReportStatus.FILLED and not order.filled_qty
    if lacks_fills or report.filled_qty > order.filled_qty:
        _ask(turn, order)
    elif not order.status.is_terminal:
        _resolve(turn, position, order, (_ENDED[report.status], "the venue's answer"))


def _resolve(
    turn: Turn, position: Position, order: Order, verdict: tuple[OrderStatus, str]
) -> None:
    turn.emit(
        OrderResolved,
        position.position_id,
        client_order_id=order.client_order_id,
        order_status=verdict[0],
        filled_qty=order.filled_qty,
        evidence=verdict[1],
    )


def _after(turn: Turn, position: Position, report: OrderReport) -> None:
    """Go on from where the report left the position."""
    if venue_stops.was_passed(position, report):
        exits.trigger_exit(turn, position, CloseReason.DISASTER_STOP, None)
        return
    after_order(turn, position, report.fills[-1].price if report.fills else None)


def after_order(turn: Turn, position: Position, price: Price | None) -> None:
    """Act on what an order's change left: enter, latch a remembered close, go on exiting."""
    if position.exit_reason is not None:
        if not position.is_closed:
            exits.continue_exit(turn, position, price)
    elif position.close_requested is not None and position.open_qty:
        exits.trigger_exit(turn, position, position.close_requested, price)
    elif _has_come_to_nothing(position, price):
        exits.close_flat(turn, position, CloseReason.NOT_ENTERED)
    else:
        venue_stops.tend(turn, position)


def _has_come_to_nothing(position: Position, price: Price | None) -> bool:
    """Say whether the entry is over, left nothing to close, and nothing waits at the venue."""
    may_end = position.status in _MAY_END and position.working_stop is None
    return may_end and _entry_ended(position) and _is_nothing(position, price)


def _entry_ended(position: Position) -> bool:
    return position.entry_order is not None and position.entry_order.status.is_terminal


def _is_nothing(position: Position, price: Price | None) -> bool:
    """Say whether what is open is too small for the venue to take back."""
    if not position.open_qty:
        return True
    reference = price or position.stop or position.average_entry_price
    quantity = exit_quantity(position)
    return reference is None or not position.instrument.is_tradable(quantity, reference)
