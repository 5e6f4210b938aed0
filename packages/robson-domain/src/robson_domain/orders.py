"""Orders and their fills, and the lifecycle table of an order."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

from robson_domain import decimals
from robson_domain.copying import evolved
from robson_domain.errors import ValidationError
from robson_domain.identity import ClientOrderId, PositionId, TradeId
from robson_domain.lifecycle import Table, next_status
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import ZERO_QUANTITY, Notional, Price, Quantity


class LiquiditySide(StrEnum):
    """Whether the fill made or took liquidity."""

    MAKER = "MAKER"
    TAKER = "TAKER"


@attrs.frozen(kw_only=True)
class Fill:
    """One execution at the venue.

    Attributes:
        trade_id: Venue's id; the same id is applied exactly once.
        price: Price of this execution.
        quantity: Executed quantity, base asset, before commission.
        commission: Amount paid, in ``commission_asset``, positive = cost.
        commission_asset: Base or quote asset of the symbol.
        ts_event: Venue time, UTC ns.
    """

    trade_id: TradeId
    price: Price
    quantity: Quantity
    commission: Quantity = Quantity(0)
    commission_asset: str = ""
    liquidity: LiquiditySide = LiquiditySide.TAKER
    ts_event: int = 0

    def __attrs_post_init__(self) -> None:
        if not self.quantity:
            raise ValidationError("quantity", "a fill must be above zero")
        # A value that cannot exist is refused where the fill is made, not where it is applied.
        _ = self.notional

    @property
    def notional(self) -> Notional:
        """Value of this fill, quote currency."""
        return self.quantity * self.price


class OrderStatus(StrEnum):
    """Where an order stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    IN_DOUBT = "IN_DOUBT"

    @property
    def is_terminal(self) -> bool:
        """Whether the venue does nothing more by itself; late fills are still believed."""
        return self in _TERMINAL


_S = OrderStatus
_TERMINAL: Final = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.DENIED, _S.REJECTED})
_WORKING: Final[dict[str, OrderStatus]] = {
    "accepted": _S.ACCEPTED,
    "partially_filled": _S.PARTIALLY_FILLED,
    "filled": _S.FILLED,
    "canceled": _S.CANCELED,
    "expired": _S.EXPIRED,
    "rejected": _S.REJECTED,
    "no_reply": _S.IN_DOUBT,
}


def _ended(status: OrderStatus, **otherwise: OrderStatus) -> dict[str, OrderStatus]:
    """Return a row in which every report leaves an ended order as it is, but for ``otherwise``."""
    return dict.fromkeys(_WORKING, status) | otherwise


ORDER_TRANSITIONS: Final[Table[OrderStatus]] = {
    _S.DRAFT: {"submitted": _S.SUBMITTED, "denied": _S.DENIED},
    _S.SUBMITTED: {**_WORKING, "cancel_sent": _S.PENDING_CANCEL},
    # Venues repeat reports, and the answer to a send may be lost after a push was heard.
    _S.ACCEPTED: {**_WORKING, "cancel_sent": _S.PENDING_CANCEL},
    _S.PARTIALLY_FILLED: {
        **_WORKING,
        # Venues reorder reports: an acknowledgement may follow a first fill.
        "accepted": _S.PARTIALLY_FILLED,
        "cancel_sent": _S.PENDING_CANCEL,
    },
    # A cancel may be refused because the order was filled first.
    _S.PENDING_CANCEL: {**_WORKING, "accepted": _S.PENDING_CANCEL},
    # Only evidence from the venue leads out of doubt.
    _S.IN_DOUBT: _WORKING,
    # Everything was executed: no later or repeated report can take that back.
    _S.FILLED: _ended(_S.FILLED),
    # A fill that is heard of late is counted, but what was ended does not work again.
    _S.CANCELED: _ended(_S.CANCELED, filled=_S.FILLED),
    # As canceled; also the end of a market order that found too little to trade with.
    _S.EXPIRED: _ended(_S.EXPIRED, filled=_S.FILLED),
    # A reject can be wrong (the venue's front end refused what its engine took).
    _S.REJECTED: {**_WORKING, "no_reply": _S.REJECTED},
    # It was never sent, so there is nothing a venue could say of it.
    _S.DENIED: {},
}


def next_order_status(status: OrderStatus, event: str) -> OrderStatus:
    """Return the order status after a report.

    Raises:
        IllegalTransition: For a pair outside :data:`ORDER_TRANSITIONS`.
    """
    return next_status("order", ORDER_TRANSITIONS, status, event)


@attrs.frozen(kw_only=True, weakref_slot=False)
class Order:
    """An order of ours and what is known of it.

    Attributes:
        client_order_id: Our id, derived from the intent.
        order_qty: Quantity asked for, base asset.
        filled_qty: Sum of the known fills, base asset, before commission.
        trade_ids: Fills already applied; a repeated one changes nothing.
        venue_order_id: The venue's id once known.
        stop_price: Where it waits at the venue; None for an order at market.
    """

    client_order_id: ClientOrderId
    position_id: PositionId
    symbol: Symbol
    side: OrderSide
    kind: str
    order_qty: Quantity
    status: OrderStatus = OrderStatus.SUBMITTED
    filled_qty: Quantity = Quantity(0)
    filled_notional: Notional = Notional(0)
    trade_ids: tuple[TradeId, ...] = ()
    venue_order_id: str = ""
    reject_code: str = ""
    ts_created: int = 0
    stop_price: Price | None = None

    @property
    def leaves_qty(self) -> Quantity:
        """What is still to be filled while the order works, base asset (FIX LeavesQty)."""
        if self.status.is_terminal or self.filled_qty >= self.order_qty:
            return ZERO_QUANTITY
        return self.order_qty - self.filled_qty

    @property
    def average_price(self) -> Price | None:
        """Value-weighted price of the fills, to 20 digits, or None before the first."""
        if not self.filled_qty:
            return None
        quotient = decimals.div(self.filled_notional.value, self.filled_qty.value)
        return Price(decimals.rounded(quotient, 20))

    def has(self, fill: Fill) -> bool:
        """Say whether this fill was applied before."""
        return fill.trade_id in self.trade_ids

    def with_fill(self, fill: Fill) -> Order:
        """Return the order with ``fill`` applied; the same order when it was before."""
        if self.has(fill):
            return self
        filled = self.filled_qty + fill.quantity
        return evolved(
            self,
            filled_qty=filled,
            filled_notional=self.filled_notional + fill.notional,
            trade_ids=(*self.trade_ids, fill.trade_id),
            status=self._status_at(filled),
        )

    def status_with(self, fill: Fill) -> OrderStatus:
        """Return the status of the order with ``fill`` applied."""
        return self.status if self.has(fill) else self._status_at(self.filled_qty + fill.quantity)

    def _status_at(self, filled: Quantity) -> OrderStatus:
        event = "filled" if filled >= self.order_qty else "partially_filled"
        return next_order_status(self.status, event)

    def with_status(self, event: str) -> Order:
        """Return the order after a status report named as in :data:`ORDER_TRANSITIONS`."""
        return evolved(self, status=next_order_status(self.status, event))
