"""How a position changes by what happens at the venue beside entry and exits: the only code that
does. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from robson_domain import (
    CancelRequested,
    InterestAccrued,
    Order,
    OrderStatus,
    Position,
    PositionReduced,
    RepayRequested,
    VenueStopPlaced,
)
from robson_domain.copying import evolved
from robson_engine.config import STOP_MOVE_NS
from robson_engine.evolve_parts import order_of, with_open_qty, with_order

STOPS_KEPT: Final = 5
"""Venue stops without an execution a position remembers, the latest."""


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
        if order.status is OrderStatus.IN_DOUBT:
            return order  # to be canceled, whether it is there or not
        return evolved(order, status=OrderStatus.PENDING_CANCEL)

    after = with_order(before, event.client_order_id, ask)
    return evolved(after, stop_retry_at=event.retry_at)


def _accrued(before: Position, event: InterestAccrued) -> Position:
    return evolved(before, interest=event.interest)


def _repaid(before: Position, event: RepayRequested) -> Position:
    # Of a guard it is known from before its exit.
    first = before.debt if before.repays or before.is_guard else event.owed
    return evolved(before, repays=event.n, retry_at=event.retry_at, debt=first)


def _reduced(before: Position, event: PositionReduced) -> Position:
    after = evolved(
        before,
        exit_qty=before.exit_qty + event.quantity,
        exit_value=before.exit_value + event.quantity * event.price,
    )
    return with_open_qty(after, before)


VENUE_HANDLERS: Final[dict[type, Callable[[Position, Any], Position]]] = {
    VenueStopPlaced: _stop_placed,
    CancelRequested: _cancel_requested,
    InterestAccrued: _accrued,
    RepayRequested: _repaid,
    PositionReduced: _reduced,
}
