"""What every open or unresolved position could still lose, and what is tied up in it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from robson_domain import (
    ZERO_MONEY,
    Ledger,
    Money,
    Notional,
    Position,
    PositionStatus,
    Price,
    Side,
    Symbol,
    decimals,
)
from robson_engine.evolve_parts import net_base
from robson_engine.sizing import SizingRequest, loss_of


@attrs.frozen(kw_only=True)
class Exposure:
    """Totals over the positions that own a pair.

    Attributes:
        open_positions: How many.
        loss_at_stop: Sum of what each loses if its stop is hit; gains do not count.
        notional: Sum of their values at entry.
        by_symbol: The same per pair.
    """

    ledger: Ledger
    open_positions: int
    loss_at_stop: Money
    notional: Notional
    by_symbol: tuple[tuple[Symbol, Notional], ...]

    def notional_in(self, symbol: Symbol) -> Notional:
        """Return the value tied up in one pair, quote currency."""
        return dict(self.by_symbol).get(symbol, Notional(0))


def exposure_of(ledger: Ledger, positions: Iterable[Position]) -> Exposure:
    """Return the totals over ``positions`` (those that own nothing are passed over)."""
    known = tuple(position for position in positions if not position.is_guard)
    owning = [position for position in known if position.owns_pair]
    by_symbol: dict[Symbol, Notional] = {}
    for position in owning:
        so_far = by_symbol.get(position.symbol, Notional(0))
        by_symbol[position.symbol] = so_far + notional_of(position)
    # What a position in Error has lost is booked when it is acknowledged; till then it counts here.
    unbooked = [p for p in known if p.owns_pair or p.status is PositionStatus.ERROR]
    losses = [loss_at_stop(position).value for position in unbooked]
    return Exposure(
        ledger=ledger,
        open_positions=len(owning),
        loss_at_stop=Money(decimals.total(losses)),
        notional=Notional(decimals.total([value.value for value in by_symbol.values()])),
        by_symbol=tuple(by_symbol.items()),
    )


def notional_of(position: Position) -> Notional:
    """Return the value of what is open or may still be filled, at entry prices."""
    price = position.average_entry_price or _planned_price(position)
    if price is None:
        return Notional(0)
    return (position.open_qty + position.entry_leaves) * price


def loss_at_stop(position: Position) -> Money:
    """Return what the position loses in all if its stop is hit now; never below zero.

    What is already realized of it counts, unless the ledger has it; what of the entry may still be
    filled counts with its whole distance, and commissions at both ends count.
    """
    loss = decimals.add(_loss_of_open(position), _loss_of_leaves(position).value)
    return Money(max(loss, decimals.ZERO))


def _loss_of_open(position: Position) -> Decimal:
    stop = position.stop
    if stop is None or not position.entry_qty:
        return decimals.ZERO
    rest = decimals.mul(position.open_qty.value, stop.value)
    fee = decimals.mul(rest, position.fee_rate)
    booked = position.realized_pnl.value
    return decimals.add(decimals.sub(booked, _gain_at(position, stop)), fee)


def _gain_at(position: Position, price: Price) -> Decimal:
    """Return sales minus purchases minus commissions paid, what is held or owed at ``price``."""
    bought, sold = position.entry_cost.value, position.exit_value.value
    if position.side is Side.SHORT:
        bought, sold = sold, bought
    rest = decimals.mul(net_base(position), price.value)
    traded = decimals.add(decimals.sub(sold, bought), rest)
    return decimals.sub(traded, position.fees_quote.value)


def _loss_of_leaves(position: Position) -> Money:
    signal, distance = position.signal, position.stop_distance
    if signal is None or distance is None or not position.entry_leaves:
        return ZERO_MONEY
    request = SizingRequest(
        instrument=position.instrument,
        side=position.side,
        risk_amount=position.risk.risk_amount,
        capital=position.risk.capital,
        price=signal.entry_price,
        distance=distance,
        fee_rate=position.fee_rate,
    )
    return loss_of(request, position.entry_leaves)


def _planned_price(position: Position) -> Price | None:
    return position.signal.entry_price if position.signal else None


def pnl_at(position: Position, price: Price) -> Money:
    """Return the position's PnL, realized and open, if the rest were closed at ``price``.

    Commissions paid so far count; the one of a future exit does not.
    """
    if position.status is PositionStatus.CLOSED:
        return position.realized_pnl
    return Money(_gain_at(position, price))
