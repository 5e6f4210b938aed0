"""What the market shows: trades and bars."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import attrs

from robson_domain.symbols import Symbol
from robson_domain.values import Price, Quantity


class PriceOrigin(IntEnum):
    """How a price reached us; it decides what the price may do."""

    LIVE = 0
    """A trade as it happened: may exit and may raise the best."""
    GAP = 1
    """A trade fetched after a gap, in trade-id order: as live, exits name the gap."""
    REST = 2
    """A single asked-for price: may exit, never raises."""


class TradeTick(NamedTuple):
    """One market trade, the input of the hot path: integers scaled by tick and step size.

    A named tuple because one is made for every trade of the market: it is immutable like every
    other input and several times cheaper to construct.

    Attributes:
        symbol: The pair.
        ticks: Price in whole ticks of the instrument.
        trade_id: The market's own ascending id of the trade; 0 when it has none.
        ts_event: Venue time, UTC ns.
        ts_received: Our receive time, UTC ns; may be before ``ts_event``.
        steps: Quantity in whole steps; 0 when unknown.
        origin: How the price reached us.
    """

    symbol: Symbol
    ticks: int
    trade_id: int
    ts_event: int
    ts_received: int
    steps: int = 0
    origin: PriceOrigin = PriceOrigin.LIVE


@attrs.frozen(kw_only=True)
class Bar:
    """Open, high, low, close of one interval, from its first to its last trade.

    Attributes:
        ts_open: Start of the interval, UTC ns (inclusive).
        interval: Length, ns.
        volume: Sum of traded quantities, base asset.
    """

    symbol: Symbol
    ts_open: int
    interval: int
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity = Quantity(0)

    @property
    def ts_close(self) -> int:
        """End of the interval, UTC ns (exclusive)."""
        return self.ts_open + self.interval
