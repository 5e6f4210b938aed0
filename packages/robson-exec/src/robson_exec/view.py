"""What may be shown: the durable state, and beside it, kept apart, what the market says."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from robson_domain import (
    Event,
    Head,
    Instrument,
    Ledger,
    Position,
    PositionId,
    Price,
    Symbol,
    TradeTick,
)
from robson_exec.limits import CLOSED_SHOWN


@attrs.frozen(kw_only=True)
class LastPrice:
    """The last trade seen of a pair: a fact of the market, not of the log.

    Attributes:
        ts_event: Venue time, UTC ns.
        ts_received: Our receive time, UTC ns.
    """

    symbol: Symbol
    price: Price
    ts_event: int
    ts_received: int

    def age_ns(self, now: int) -> int:
        """Return how long ago it was received, ns; never below zero."""
        return max(0, now - self.ts_received)


class Prices:
    """Last trade of every pair in use; written by the runner on every price."""

    def __init__(self) -> None:
        self.last: dict[Symbol, TradeTick] = {}
        self._instruments: dict[Symbol, Instrument] = {}

    def learn(self, instrument: Instrument) -> None:
        """Take note of a pair's rules, which say what a tick is."""
        self._instruments[instrument.symbol] = instrument

    def forget(self, symbol: Symbol) -> None:
        """The pair is not followed any more; a price of it would only grow old."""
        self.last.pop(symbol, None)

    def of(self, symbol: Symbol) -> Price | None:
        """Return the last price of a pair, None when none was seen."""
        tick, instrument = self.last.get(symbol), self._instruments.get(symbol)
        if tick is None or instrument is None:
            return None
        return instrument.price(tick.ticks)

    def fact(self, symbol: Symbol) -> LastPrice | None:
        """Return the last price of a pair with its times, None when none was seen."""
        price = self.of(symbol)
        if price is None:
            return None
        tick = self.last[symbol]
        return LastPrice(
            symbol=symbol, price=price, ts_event=tick.ts_event, ts_received=tick.ts_received
        )


class View:
    """Durable read model: never ahead of what would survive a crash.

    Attributes:
        head: End of the log as of this view.
        ledger: Account-wide totals as of this view.
        events: How many events of each type were published in this process.
    """

    def __init__(
        self, head: Head, ledger: Ledger, positions: Mapping[PositionId, Position], prices: Prices
    ) -> None:
        self.head = head
        self.ledger = ledger
        self.events: dict[str, int] = {}
        self._positions = dict(positions)
        self._closed = {key: None for key, item in positions.items() if item.is_closed}
        self._prices = prices

    def take(
        self,
        head: Head,
        *,
        ledger: Ledger | None,
        positions: tuple[Position, ...],
        events: tuple[Event, ...],
    ) -> None:
        """Take up what has become durable."""
        self.head = head
        self.ledger = ledger or self.ledger
        for event in events:
            self.events[event.event_type] = self.events.get(event.event_type, 0) + 1
        for position in positions:
            self._positions[position.position_id] = position
            if position.is_closed:
                self._closed[position.position_id] = None
            else:
                self._closed.pop(position.position_id, None)
        while len(self._closed) > CLOSED_SHOWN:
            oldest = next(iter(self._closed))
            del self._closed[oldest], self._positions[oldest]

    def find(self, position_id: PositionId) -> Position | None:
        """Return one position, None when it is unknown or closed long ago."""
        return self._positions.get(position_id)

    def positions(self) -> tuple[Position, ...]:
        """Return every position of core's, the latest closed ones included, in order of arming."""
        return tuple(item for item in self._positions.values() if not item.is_guard)

    def active(self) -> tuple[Position, ...]:
        """Return every position of core's that is not Closed, in order of arming."""
        return tuple(item for item in self.positions() if not item.is_closed)

    def guards(self) -> tuple[Position, ...]:
        """Return the guards of what the person opened, the latest closed ones included."""
        return tuple(item for item in self._positions.values() if item.is_guard)

    def last_price(self, symbol: Symbol) -> LastPrice | None:
        """Return the last trade seen of a pair; a fact of the market, with its age."""
        return self._prices.fact(symbol)

    def last_prices(self) -> tuple[LastPrice, ...]:
        """Return the last trade seen of every pair that is followed."""
        facts = (self._prices.fact(symbol) for symbol in self._prices.last)
        return tuple(fact for fact in facts if fact is not None)
