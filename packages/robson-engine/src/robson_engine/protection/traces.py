"""What executions of the account say of orders nobody has confirmed, and of exits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from robson_domain import (
    AccountTrade,
    ClientOrderId,
    Order,
    PairBalances,
    Position,
    Quantity,
    Side,
    decimals,
)
from robson_engine.protection.external import net_amount

_HALF: Final = Decimal("0.5")


def net_of(balances: PairBalances) -> Decimal:
    """Return what is held less what is borrowed of the base asset, as account snapshots count."""
    return decimals.sub(balances.base.held, balances.base.borrowed)


def shows_no_trace(
    order: Order, before: Decimal, now: Decimal, trades: Sequence[AccountTrade], step: Decimal
) -> bool:
    """Say whether an order that is in doubt has certainly not been executed.

    None of the account's executions is, or may be, of it, and they alone explain what the balance
    has changed by: a venue that hides an execution of ours still shows what it did.

    Args:
        before: Net base asset of the pair before the order was sent, signed.
        now: The same after it could last be accepted.
        trades: All executions between the two, whoever's.
        step: The smallest quantity that is a difference.
    """
    if any(_may_be_of(order, trade) for trade in trades):
        return False
    expected = decimals.add(before, decimals.total([net_amount(trade) for trade in trades]))
    difference = decimals.absolute(decimals.sub(now, expected))
    # An executed order must never look like none, however small it is.
    return difference < min(decimals.mul(order.leaves_qty.value, _HALF), step)


def _may_be_of(order: Order, trade: AccountTrade) -> bool:
    if trade.client_order_id:
        return trade.client_order_id == order.client_order_id
    return trade.side is order.side


def beyond_flat(
    position: Position, trades: Iterable[AccountTrade]
) -> tuple[Quantity, tuple[AccountTrade, ...]]:
    """Return how far the exits of a position went beyond flat, and all executions since its entry.

    It is entered on a flat pair, so that its own first execution begins the count. Where somebody
    else closes it while its exit is on its way, that exit goes beyond flat. What was bought to pay
    interest does not.

    Args:
        trades: Of the account on the pair, oldest first.
    """
    entry = position.entry_order
    exits = {order.client_order_id for order in position.orders if order is not entry}
    sign = Decimal(position.side.sign)
    beyond, net, found = decimals.ZERO, decimals.ZERO, list[AccountTrade]()
    for trade in trades:
        if not found and (entry is None or trade.client_order_id != entry.client_order_id):
            continue
        found.append(trade)
        before, net = net, decimals.add(net, decimals.mul(sign, net_amount(trade)))
        if trade.client_order_id in exits:
            grown = decimals.sub(min(before, decimals.ZERO), min(net, decimals.ZERO))
            beyond = decimals.add(beyond, max(grown, decimals.ZERO))
    if position.side is Side.SHORT:
        beyond = decimals.sub(beyond, position.interest)
    return position.instrument.round_qty_down(max(beyond, decimals.ZERO)), tuple(found)


def names_of(trades: Iterable[AccountTrade], own: Iterable[ClientOrderId]) -> str:
    """Return by which orders that are not ``own`` the account traded, for the person."""
    mine = frozenset(own)
    others = (trade for trade in trades if trade.client_order_id not in mine)
    return ", ".join(dict.fromkeys(t.client_order_id or t.venue_order_id for t in others))
