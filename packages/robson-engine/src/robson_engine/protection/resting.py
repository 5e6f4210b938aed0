"""What the orders that rest on a pair mean for what is held there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from robson_domain import Quantity, RestingKind, RestingOrder, Side
from robson_domain.identity import CORE_PREFIX, SAFETY_PREFIX

_OURS: Final = (CORE_PREFIX, SAFETY_PREFIX)
_STOPS: Final = frozenset({RestingKind.STOP, RestingKind.STOP_LIMIT})


def is_ours(order: RestingOrder) -> bool:
    """Say whether an order carries a prefix of Robson's, this one or another."""
    return order.client_order_id.startswith(_OURS)


def locking(resting: Iterable[RestingOrder], side: Side) -> tuple[RestingOrder, ...]:
    """Return the person's orders that lock what a position of ``side`` is closed with.

    A long is closed by selling: orders that sell reserve the base asset. A short is closed by
    buying: orders that buy reserve the quote asset.
    """
    return tuple(
        order
        for order in resting
        if order.side is side.exit_side and order.leaves_qty and not is_ours(order)
    )


def covered_by_stops(side: Side, resting: Iterable[RestingOrder]) -> Quantity:
    """Return how much of a position of ``side`` the person's own stops would close, base asset."""
    total = Quantity(0)
    for order in locking(resting, side):
        if order.kind in _STOPS:
            total = total + order.leaves_qty
    return total
