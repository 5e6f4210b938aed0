"""What every fold of a position uses: its quantities, and one of its orders changed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from robson_domain import (
    ClientOrderId,
    Intent,
    Order,
    Position,
    Quantity,
    Side,
    decimals,
)
from robson_domain.copying import completed, evolved
from robson_domain.errors import InvariantError

_ONE: Final = ("entry_order", "exit_order", "venue_stop")
_MANY: Final = ("past_exits", "past_stops")


def order_of(intent: Intent) -> Order:
    """Return the order an intent stands for, as it is before the venue has said anything."""
    return Order(
        client_order_id=intent.client_order_id,
        position_id=intent.position_id,
        symbol=intent.symbol,
        side=intent.side,
        kind=intent.kind.value,
        order_qty=intent.quantity,
        ts_created=intent.ts_created,
        stop_price=intent.stop_price,
    )


def net_base(position: Position) -> Decimal:
    """Return what the position holds of the base asset, net of commissions; negative = owed."""
    bought, sold = position.entry_qty.value, position.exit_qty.value
    if position.side is Side.SHORT:
        bought, sold = sold, bought
    return decimals.sub(decimals.sub(bought, sold), position.fees_base.value)


def held_of(position: Position) -> Decimal:
    """Return what is held (long) or owed (short), net of commissions; negative = beyond flat."""
    net = net_base(position)
    return net if position.side is Side.LONG else decimals.neg(net)


def with_open_qty(after: Position, before: Position) -> Position:
    """Return ``after``, a copy of ``before`` that nobody else has, with what is open now."""
    open_qty = Quantity(max(held_of(after), decimals.ZERO))
    return completed(after, before, open_qty=open_qty)


def with_order(
    before: Position, order_id: ClientOrderId, change: Callable[[Order], Order]
) -> Position:
    """Return the position with one of its orders changed.

    Raises:
        InvariantError: When it has no such order.
    """
    for name in _ONE:
        order = getattr(before, name)
        if order is not None and order.client_order_id == order_id:
            return _with(before, name, change(order))
    for name in _MANY:
        orders = getattr(before, name)
        if any(order.client_order_id == order_id for order in orders):
            changed = tuple(change(o) if o.client_order_id == order_id else o for o in orders)
            return _with(before, name, changed)
    raise InvariantError(f"position {before.position_id}: order {order_id} is unknown")


def _with(before: Position, name: str, value: Any) -> Position:
    fields: dict[str, Any] = {name: value}
    return evolved(before, **fields)
