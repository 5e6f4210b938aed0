"""Toybox messages as Robson's values. Pure: no call, no clock, no state."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson_domain import (
    AccountSnapshot,
    ClientOrderId,
    Fill,
    Instrument,
    Notional,
    OrderReport,
    Price,
    Quantity,
    ReportStatus,
    Symbol,
    TradeId,
    TradeTick,
)
from robson_domain.decimals import to_decimal

Message = dict[str, Any]
MS = 1_000_000


def instrument(message: Message) -> Instrument:
    """Return the rules of a pair."""
    return Instrument(
        symbol=Symbol(message["pair"]),
        tick_size=message["tick"],
        step_size=message["step"],
        notional_min=Notional(message["min_value"]),
    )


def tick(message: Message, rules: Instrument, received: int) -> TradeTick:
    """Return a trade of the tape, received at ``received`` (UTC ns)."""
    return TradeTick(
        rules.symbol,
        rules.ticks(Price(message["price"])),
        message["no"],
        message["ms"] * MS,
        received,
        rules.steps(Quantity(message["size"])),
    )


def fill(message: Message, symbol: Symbol) -> Fill:
    """Return an execution; Toybox takes its fee in cash, also on a buy."""
    return Fill(
        trade_id=TradeId(str(message["no"])),
        price=Price(message["price"]),
        quantity=Quantity(message["size"]),
        commission=Quantity(message["fee"]),
        commission_asset=symbol.quote,
        ts_event=message["ms"] * MS,
    )


def report(
    message: Message, symbol: Symbol, ref: ClientOrderId, venue_ms: int, received: int
) -> OrderReport:
    """Return what the venue says about an order, or that it does not know it."""
    fills = tuple(fill(each, symbol) for each in message.get("fills", ()))
    known = "error" not in message
    return OrderReport(
        client_order_id=ref,
        symbol=symbol,
        status=ReportStatus.FILLED if known else ReportStatus.NOT_FOUND,
        ts_event=venue_ms * MS,
        ts_received=received,
        filled_qty=sum((each.quantity for each in fills), Quantity(0)),
        fills=fills,
        venue_order_id=str(message["no"]) if known else "",
    )


def snapshot(message: Message, symbol: Symbol, fee_rate: Decimal, received: int) -> AccountSnapshot:
    """Return the account: no debt and nothing to borrow, because Toybox is a spot exchange."""
    return AccountSnapshot(
        symbol=symbol,
        ts_event=message["ms"] * MS,
        ts_received=received,
        net_qty=to_decimal(message["coins"]),
        collateral=Notional(message["cash"]),
        taker_fee_rate=fee_rate,
    )
