"""Exits of the Safety Net that went beyond flat: who closed by hand landed first. Pure.

A guard asks what is the person's right before it sends, and still somebody may close it before
the order lands. What that order then bought or sold nobody wanted: it opened the other side, or it
went out of what the person had beside. Trades tell, whatever else is on the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    AccountTrade,
    ClientOrderId,
    Instrument,
    Order,
    Price,
    Side,
    Symbol,
    decimals,
)
from robson_engine.protection.external import OwnTrades, is_dust, net_amount

AROUND_NS: Final = 10_000_000_000
"""How long before the order was decided the other closing may have been executed, by the venue's
clock; one that the guard was told of has made its order smaller."""


@attrs.frozen(kw_only=True)
class Overshot:
    """What a guard's order executed beyond flat.

    Attributes:
        client_order_id: Of the guard's order.
        quantity: What of it is still there, base asset, signed: bought (+) or sold (−).
    """

    client_order_id: ClientOrderId
    quantity: Decimal

    def problem(self, symbol: Symbol) -> str:
        """Return what happened on a pair and what to do, in words."""
        amount = f"{decimals.text(decimals.absolute(self.quantity))} {symbol.base}"
        side, done, undo = Side.SHORT, "bought", "sell"
        if self.quantity < 0:
            side, done, undo = Side.LONG, "sold", "buy"
        return (
            f"order {self.client_order_id} of the Safety Net {done} {amount} more than was left of "
            f"your {side.value.lower()}, because it was closed by hand at the same moment; {undo} "
            f"{amount} at the exchange to undo it, or keep it as yours"
        )


@attrs.define
class _Walk:
    """The person's netted trades on the way, with what of them a guard opened."""

    instrument: Instrument
    quantity: Decimal = decimals.ZERO
    by: ClientOrderId = ClientOrderId("")
    beyond: Decimal = decimals.ZERO

    def take(self, amount: Decimal, price: Price, order: Order | None) -> None:
        """Go on by one trade; ``order`` when it is a guard's that may have gone too far."""
        before, after = self.quantity, decimals.add(self.quantity, amount)
        self.quantity = after
        is_new = decimals.mul(before, amount) <= 0 or is_dust(before, self.instrument, price)
        if decimals.mul(self.beyond, after) <= 0 or is_dust(after, self.instrument, price):
            self.by, self.beyond = ClientOrderId(""), decimals.ZERO
        if order is not None and decimals.mul(after, amount) > 0:
            if is_new:
                self.by, self.beyond = order.client_order_id, after
            elif self.by == order.client_order_id:
                self.beyond = decimals.add(self.beyond, amount)
        if decimals.absolute(after) < decimals.absolute(self.beyond):
            self.beyond = after


def overshot_of(
    trades: Iterable[AccountTrade],
    own: OwnTrades,
    guard_orders: Mapping[str, Order],
    instrument: Instrument,
) -> Overshot | None:
    """Return what an order of a guard opened that is still there, None when there is nothing.

    Args:
        trades: Of the account on the pair, oldest first.
        own: How core's executions are told from others.
        guard_orders: Orders of guards by their client order ids, and by the ids of their fills for
            trades that name no order.
    """
    walk, account = _Walk(instrument), decimals.ZERO
    by_hand: dict[bool, int] = {}
    for trade in trades:
        amount, price = net_amount(trade), trade.fill.price
        account = decimals.add(account, amount)
        if not own.holds(trade):
            by_id = guard_orders.get(trade.client_order_id)
            order = by_id or guard_orders.get(trade.fill.trade_id)
            closed_at = by_hand.get(amount > 0, 0)
            is_late = order is not None and closed_at >= order.ts_created - AROUND_NS
            walk.take(amount, price, order if is_late else None)
            if order is None:
                by_hand[amount > 0] = trade.fill.ts_event
        if is_dust(account, instrument, price) and not is_dust(walk.quantity, instrument, price):
            walk = _Walk(instrument)
    quantity = instrument.round_qty_down(decimals.absolute(walk.beyond))
    if not quantity:
        return None
    sign = Decimal(1) if walk.beyond > 0 else Decimal(-1)
    return Overshot(client_order_id=walk.by, quantity=decimals.mul(sign, quantity.value))
