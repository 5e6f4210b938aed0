"""Metrics under the stable names, in a registry of their own.

Filled from durable events, so that what is counted is what the log says.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from robson_domain import (
    ClientOrderId,
    EntryFilled,
    EntryOrderPlaced,
    Event,
    ExitFilled,
    ExitOrderPlaced,
    Intent,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    OrderStatus,
    Symbol,
    VenueStopPlaced,
)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MARKET: Final = "market"
_STOP: Final = "stop"
_LABEL_MAX: Final = 40
"""Characters of a label that comes from outside; each value is a series of its own."""
_OPEN_MAX: Final = 1_000
"""Orders remembered until the venue has said its last word on them."""


def _number(amount: Decimal) -> float:
    # The exposition format knows floats only; nothing is decided on them.
    return float(amount)


@attrs.define
class _Open:
    """An order whose end is not known; what was already counted of it."""

    intent: Intent
    failed: bool = False


class Metrics:
    """Every metric that has a function in this version."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._open: dict[ClientOrderId, _Open] = {}
        self._orders()
        self._account()
        self._safety()
        self._plumbing()

    def _orders(self) -> None:
        self.submitted = Counter(
            "orders_submitted_total",
            "Orders decided and handed to the venue",
            ["symbol", "side", "order_type"],
            registry=self.registry,
        )
        self.filled = Counter(
            "orders_filled_total",
            "Orders filled completely",
            ["symbol", "side"],
            registry=self.registry,
        )
        self.failed = Counter(
            "orders_failed_total",
            "Orders refused by the venue or left in doubt",
            ["symbol", "reason"],
            registry=self.registry,
        )
        self.duration = Histogram(
            "order_submission_duration_seconds",
            "From handing an order over to the first word of the venue",
            buckets=(0.1, 0.5, 1, 2, 5),
            registry=self.registry,
        )

    def _account(self) -> None:
        self.open_positions = Gauge(
            "open_positions", "Positions with an open quantity", ["symbol"], registry=self.registry
        )
        self.unrealized = Gauge(
            "unrealized_pnl_usd",
            "PnL of what is open at the last price, quote currency",
            ["symbol"],
            registry=self.registry,
        )
        self.daily_pnl = Gauge(
            "daily_pnl_usd", "PnL realized this UTC day, quote currency", registry=self.registry
        )

    def _safety(self) -> None:
        self.alerts = Counter(
            "risk_alerts_total",
            "Alerts that a person may have to act on",
            ["severity", "type"],
            registry=self.registry,
        )
        self.skipped = Counter(
            "safety_net_positions_skipped_total",
            "Pairs that a look of the Safety Net left alone",
            ["reason"],
            registry=self.registry,
        )
        self.monitored = Counter(
            "safety_net_positions_monitored_total",
            "Positions of the person's that a look of the Safety Net guarded",
            ["symbol"],
            registry=self.registry,
        )

    def _plumbing(self) -> None:
        self.published = Counter(
            "eventbus_published_total",
            "Messages published to observers",
            ["topic"],
            registry=self.registry,
        )
        self.subscribers = Gauge(
            "eventbus_subscribers", "Observers of a topic", ["topic"], registry=self.registry
        )
        self.sockets = Gauge(
            "websocket_connections", "Open sockets of observers", registry=self.registry
        )
        self.socket_messages = Counter(
            "websocket_messages_sent_total",
            "Messages sent to observers",
            ["type"],
            registry=self.registry,
        )

    def on_events(self, events: Iterable[Event]) -> None:
        """Count what durable events say about orders."""
        for event in events:
            match event:
                case EntryOrderPlaced(intent=intent) | ExitOrderPlaced(intent=intent):
                    self._placed(intent, _MARKET)
                case VenueStopPlaced(intent=intent):
                    self._placed(intent, _STOP)
                case EntryFilled() | ExitFilled():
                    self._filled(event)
                case OrderRejected(client_order_id=order_id, code=code):
                    self._failed(order_id, code or "rejected")
                case OrderInDoubt(client_order_id=order_id, code=code):
                    self._failed(order_id, code or "in_doubt")

                case OrderResolved(client_order_id=order_id, order_status=status):
                    self._resolved(order_id, status)

    def _placed(self, intent: Intent, order_type: str) -> None:
        self.submitted.labels(str(intent.symbol), intent.side.value, order_type).inc()
        if len(self._open) >= _OPEN_MAX:
            del self._open[next(iter(self._open))]
        self._open[intent.client_order_id] = _Open(intent)

    def _filled(self, event: EntryFilled | ExitFilled) -> None:
        if event.client_order_id in self._open and event.order_status is OrderStatus.FILLED:
            intent = self._open.pop(event.client_order_id).intent
            self.filled.labels(str(intent.symbol), intent.side.value).inc()

    def _failed(self, order_id: ClientOrderId, reason: str) -> None:
        order = self._open.get(order_id)
        if order is not None and not order.failed:
            order.failed = True
            self.failed.labels(str(order.intent.symbol), reason[:_LABEL_MAX]).inc()

    def _resolved(self, order_id: ClientOrderId, status: OrderStatus) -> None:
        # A stop at the venue usually ends unfilled; its place is for orders that still work.
        if status.is_terminal and status is not OrderStatus.FILLED:
            self._open.pop(order_id, None)

    def on_alert(self, severity: str, name: str) -> None:
        """Count an alert."""
        self.alerts.labels(severity[:_LABEL_MAX], name[:_LABEL_MAX]).inc()

    def on_skipped(self, reason: str) -> None:
        """Count a pair that one look of the Safety Net left alone."""
        self.skipped.labels(reason[:_LABEL_MAX]).inc()

    def on_monitored(self, symbol: Symbol) -> None:
        """Count a pair that one look of the Safety Net guarded."""
        self.monitored.labels(str(symbol)).inc()

    def on_sent(self, duration_ns: int) -> None:
        """Take note how long the venue took to answer a send."""
        self.duration.observe(duration_ns / 1e9)

    def set_account(
        self, open_count: dict[Symbol, int], unrealized: dict[Symbol, Decimal], today: Decimal
    ) -> None:
        """Show how the account stands; pairs that were shown before keep their series at 0."""
        self.daily_pnl.set(_number(today))
        for symbol, count in open_count.items():
            self.open_positions.labels(str(symbol)).set(count)
        for symbol, amount in unrealized.items():
            self.unrealized.labels(str(symbol)).set(_number(amount))

    def text(self) -> bytes:
        """Return everything in the exposition format."""
        return generate_latest(self.registry)
