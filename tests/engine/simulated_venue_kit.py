"""A small venue and its market, for the tests of the simulated venue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from robson_domain.identity import ClientOrderId
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.ports.execution import NewOrder
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Money, Notional, Quantity
from robson_engine.simulated_venue import SimulatedVenue, VenueAssumptions

BTC: Final = Symbol("BTCUSDT")
ETH: Final = Symbol("ETHUSDT")
BUY: Final = OrderSide.BUY
SELL: Final = OrderSide.SELL
RULES: Final = {
    symbol: Instrument(
        symbol=symbol,
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.001"),
        quantity_min=Quantity("0.002"),
        quantity_max=Quantity(100),
        notional_min=Notional(5),
    )
    for symbol in (BTC, ETH)
}


def a_venue(balance: int = 10_000, **assumed: Any) -> SimulatedVenue:
    """Return a venue with latency 0 and 1 % commission unless told otherwise."""
    assumptions = VenueAssumptions(**{"taker_fee_rate": "0.01", "latency_ns": 0, **assumed})
    return SimulatedVenue(assumptions, RULES, Money(balance))


def trade(
    ts: int, price: int = 100, number: int = 0, steps: int = 0, symbol: Symbol = BTC
) -> TradeTick:
    """Return a market trade at ``price`` received at ``ts``."""
    return TradeTick(symbol, price * 100, number or ts, ts - 1, ts, steps)


def order(
    name: str,
    side: OrderSide,
    quantity: str,
    *,
    reduces: bool = False,
    symbol: Symbol = BTC,
) -> NewOrder:
    """Return an order."""
    return NewOrder(
        client_order_id=ClientOrderId(name),
        symbol=symbol,
        side=side,
        quantity=Quantity(quantity),
        reduces=reduces,
    )
