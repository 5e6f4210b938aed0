"""Which of our orders may still do something, and what is missing about them.

Derived from the events by the engine's :class:`IntentBook`; this process only adds how much the
venue says was executed, so that a report that counts more than its fills is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from robson_domain import (
    ClientOrderId,
    Event,
    Intent,
    IntentKind,
    IntentStatus,
    Order,
    OrderReport,
    OrderStatus,
    Position,
    Quantity,
    Symbol,
)
from robson_engine import EngineState, IntentBook


@attrs.frozen
class Lack:
    """An order whose known fills are fewer than the venue counts."""

    symbol: Symbol
    client_order_id: ClientOrderId


class OpenOrders:
    """Intents without the venue's last word, and orders with missing fills."""

    def __init__(self, state: EngineState, unresolved: Iterable[Intent]) -> None:
        intents = tuple(unresolved)
        self._state = state
        self._book = IntentBook(intents)
        self._open = {intent.client_order_id: intent for intent in intents}
        self._claimed: dict[ClientOrderId, Quantity] = {}

    @property
    def count(self) -> int:
        """How many intents are without the venue's last word."""
        return len(self._open)

    def take(self, events: tuple[Event, ...]) -> tuple[Intent, ...]:
        """Take note of ``events``; return new intents and new statuses, for the journal."""
        changes = self._book.changes(events)
        for intent in changes:
            if intent.status.is_resolved:
                self._open.pop(intent.client_order_id, None)
            else:
                self._open[intent.client_order_id] = intent
        return changes

    def is_wanted(self, order_id: ClientOrderId) -> bool:
        """Say whether anything about an order is still to be found out."""
        return order_id in self._open or order_id in self._claimed

    def is_in_doubt(self, order_id: ClientOrderId) -> bool:
        """Say whether nobody knows what became of an order.

        Its intent stays in doubt until its end is known; an order that was found working is not.
        """
        intent = self._open.get(order_id)
        if intent is None or intent.status is not IntentStatus.IN_DOUBT:
            return False
        order = self._order(order_id)
        return order is None or order.status is OrderStatus.IN_DOUBT

    def is_exit_in_doubt(self, order_id: ClientOrderId) -> bool:
        """Say whether an order in doubt is an exit at market."""
        intent = self._open.get(order_id)
        is_exit = intent is not None and intent.kind is IntentKind.EXIT
        return is_exit and self.is_in_doubt(order_id)

    def is_resting(self, order_id: ClientOrderId) -> bool:
        """Say whether an order is a stop that is known to rest untouched at the venue."""
        intent = self._open.get(order_id)
        if intent is None or intent.kind is not IntentKind.VENUE_STOP:
            return False
        order = self._order(order_id)
        return order is not None and order.status is OrderStatus.ACCEPTED

    def claim(self, report: OrderReport) -> Lack | None:
        """Take note of what a report counts; return what it lacks after it was processed."""
        order = self._order(report.client_order_id)
        if order is None:
            return None
        key = order.client_order_id
        claimed = max(report.filled_qty, self._claimed.get(key, report.filled_qty))
        if order.filled_qty >= claimed:
            self._claimed.pop(key, None)
            return None
        self._claimed[key] = claimed
        return Lack(report.symbol, key)

    def _order(self, order_id: ClientOrderId) -> Order | None:
        key = self._state.orders.get(order_id)
        position = self._state.positions.get(key) if key is not None else None
        return _order_in(position, order_id) if position is not None else None


def _order_in(position: Position, order_id: ClientOrderId) -> Order | None:
    return next((o for o in position.orders if o.client_order_id == order_id), None)
