"""What the sockets and metrics are told: durable events and positions, and prices beside them."""

from __future__ import annotations

import asyncio
from typing import Final

from robson_domain import AccountEvent, Event, Position, PositionId, Symbol, codec
from robson_exec import LastPrice, Notice, Observation, OrderSent, Published, SafetyNetLooked
from robsond import logs, safety_view, views
from robsond.facade import Facade
from robsond.hub import Hub, Message, message
from robsond.telemetry import Metrics

log = logs.logger(__name__)

PRICES_SECONDS: Final = 0.25
"""Prices are shown so often; every single one would be noise to people."""


class Broadcast:
    """A listener on the event bus."""

    def __init__(self, hub: Hub, metrics: Metrics, facade: Facade) -> None:
        self._hub = hub
        self._metrics = metrics
        self._facade = facade
        self._symbols: dict[PositionId, Symbol] = {
            one.position_id: one.symbol for one in (*facade.positions(), *facade.guards())
        }
        self._shown: dict[Symbol, LastPrice] = {}

    def on(self, item: Observation) -> None:
        """Pass on what has become durable."""
        if isinstance(item, OrderSent):
            self._metrics.on_sent(item.duration_ns)
        if isinstance(item, Notice):
            self._metrics.on_alert(item.severity, item.name)
        if isinstance(item, SafetyNetLooked):
            self._looked(item)
        if not isinstance(item, Published):
            return
        self._metrics.on_events(item.events)
        for position in item.positions:
            self._symbols[position.position_id] = position.symbol
        for event in item.events:
            self._event(event)
        for position in item.positions:
            self._position(position)

    def _event(self, event: Event) -> None:
        symbol = self._symbols.get(event.position_id)
        if symbol is None and not isinstance(event, AccountEvent):
            return

        def make() -> Message:
            return message("event", codec.encode(event), event.timestamp, event.sequence)

        self._hub.publish("events", symbol, make)

    def _position(self, position: Position) -> None:
        def make() -> Message:
            view = views.position(position, self._facade.prices())
            return message("position", view, self._facade.now(), position.sequence)

        self._hub.publish("positions", position.symbol, make)

    def _looked(self, look: SafetyNetLooked) -> None:
        def make() -> Message:
            view = safety_view.safety_net(self._facade)
            return message("safety_net", view, look.at, self._facade.head().sequence)

        self._hub.publish("safety_net", None, make)

    async def prices(self) -> None:
        """Show prices that have changed, again and again."""
        while True:
            await asyncio.sleep(PRICES_SECONDS)
            for symbol, seen in self._facade.prices().items():
                if self._shown.get(symbol) != seen:
                    self._shown[symbol] = seen
                    self._price(symbol, seen)

    def _price(self, symbol: Symbol, seen: LastPrice) -> None:
        def make() -> Message:
            data = {"symbol": str(symbol), "last_price": str(seen.price)}
            return message("price", data, seen.ts_received, self._facade.head().sequence)

        self._hub.publish("prices", symbol, make)
