"""The disaster stop: one order at a time that rests at the venue behind the trailing stop.

Invariants:
    1. At most one may work at a time: the next is decided when the last one's end is known.
    2. While it may work nothing else is sent for its quantity; but where the venue itself cannot
       sell one coin twice, an exit is not held back by a stop of which nobody hears.
    3. What it executes is an exit like any other.
"""

from __future__ import annotations

from robson_domain import (
    CancelOrder,
    CancelRequested,
    Intent,
    IntentId,
    IntentKind,
    Order,
    OrderRejected,
    OrderReport,
    OrderStatus,
    PlaceVenueStop,
    Position,
    PositionStatus,
    Price,
    QueryAccount,
    VenueStopPlaced,
)
from robson_engine.config import (
    CANCEL_AGAIN_NS,
    LEAVING_CANCEL_AGAIN_NS,
    RETRY_FIRST_NS,
    STOP_RETRY_MAX_NS,
)
from robson_engine.quantities import exit_quantity
from robson_engine.turn import Turn
from robson_engine.venue_stop_rules import due_of, level_of

TRIGGERED = "TRIGGERED"
"""Code of a refusal: the price is at the stop or beyond it already."""
_ASKED = frozenset({OrderStatus.PENDING_CANCEL, OrderStatus.IN_DOUBT})


def tend(turn: Turn, position: Position) -> None:
    """Place the stop, or take it back, when that is due.

    When a report came or time passed; never in the step of a price: a summary of the stop carries
    no input, so nothing that follows from it in the same step could be decided again.
    """
    limits = turn.ledger.limits
    if turn.now < due_of(position, limits):
        return
    working, level = position.working_stop, level_of(position, limits)
    if working is not None:
        take_back(turn, position, working)
    else:
        assert level is not None  # else nothing would be due
        place(turn, position, level)


def place(turn: Turn, position: Position, level: Price) -> None:
    """Decide a stop at ``level`` for all that is open."""
    n, key = position.stops + 1, position.position_id
    intent = Intent(
        intent_id=IntentId(f"{key}-stop-{n}"),
        position_id=key,
        kind=IntentKind.VENUE_STOP,
        n=n,
        symbol=position.symbol,
        side=position.side.exit_side,
        quantity=exit_quantity(position),
        client_order_id=turn.state.config.order_id(key, IntentKind.VENUE_STOP, n),
        reason="disaster stop",
        ts_created=turn.now,
        stop_price=level,
    )
    turn.emit(VenueStopPlaced, key, intent=intent)
    turn.command(PlaceVenueStop(intent=intent))


def take_back(turn: Turn, position: Position, stop: Order) -> None:
    """Ask the venue to cancel it; asked again for an exit, look also whether that must wait."""
    is_leaving = position.exit_reason is not None
    turn.emit(
        CancelRequested,
        position.position_id,
        client_order_id=stop.client_order_id,
        retry_at=turn.now + (LEAVING_CANCEL_AGAIN_NS if is_leaving else CANCEL_AGAIN_NS),
    )
    turn.command(CancelOrder(symbol=stop.symbol, client_order_id=stop.client_order_id))
    if is_leaving and stop.status is OrderStatus.PENDING_CANCEL:
        look(turn, position)


def look(turn: Turn, position: Position) -> None:
    """Ask what the account holds: an exit may not have to wait for the stop's fate."""
    turn.command(QueryAccount(symbol=position.symbol, position_id=position.position_id))


def is_in_the_way(turn: Turn, position: Position) -> bool:
    """Say whether a stop at the venue may still work; it is asked to be canceled if it was not."""
    working = position.working_stop
    if working is None:
        return False
    again = working.status is OrderStatus.PENDING_CANCEL and turn.now >= position.stop_retry_at
    if again or working.status not in _ASKED:
        take_back(turn, position, working)
    return True


def put_back(turn: Turn, position: Position) -> None:
    """Place the stop again after an exit was refused, before the next is tried."""
    level = level_of(position, turn.ledger.limits)
    may = position.working_stop is None and turn.now >= _not_before(position)
    if level is not None and may:
        place(turn, position, level)


def place_again(turn: Turn, position: Position) -> None:
    """Place the stop at once when none works: what it was refused for is not so any more."""
    level = level_of(position, turn.ledger.limits)
    if level is not None and position.working_stop is None:
        place(turn, position, level)


def _not_before(position: Position) -> int:
    return position.stop_retry_at if position.stop_rejections else 0


def refused(turn: Turn, position: Position, report: OrderReport) -> None:
    """Log that the venue refused it; the next follows after a pause that grows."""
    attempt = position.stop_rejections + 1
    pause = min(RETRY_FIRST_NS << min(attempt - 1, 10), STOP_RETRY_MAX_NS)
    turn.emit(
        OrderRejected,
        position.position_id,
        client_order_id=report.client_order_id,
        code=report.code,
        message=report.message,
        attempt=attempt,
        retry_at=turn.now + pause,
    )


def was_passed(position: Position, report: OrderReport) -> bool:
    """Say whether a refusal means that the price is beyond the stop: the market is left now."""
    stop = position.venue_stop
    is_it = stop is not None and stop.client_order_id == report.client_order_id
    standing = position.exit_reason is None and position.status is not PositionStatus.CLOSED
    return is_it and standing and report.code == TRIGGERED
