"""What the account holds on a pair, whoever opened it: balances, debt, trades, resting orders.

The Safety Net and reconciliation read these; the engine's entry decision reads the condensed
:class:`~robson_domain.account.AccountSnapshot`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import attrs

from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.identity import ClientOrderId
from robson_domain.orders import Fill
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price, Quantity


def _amount(value: Decimal | int | str) -> Decimal:
    return decimals.to_decimal(value, "amount")


def _not_negative(_: object, attribute: attrs.Attribute[Decimal], value: Decimal) -> None:
    if value < 0:
        raise ValidationError(attribute.name, "must not be below zero")


@attrs.frozen(kw_only=True)
class AssetBalance:
    """One asset of a pair's account; amounts in that asset, none below zero.

    Attributes:
        free: Held and usable.
        locked: Held and reserved by resting orders.
        borrowed: Owed without interest.
        interest: Interest owed on it.
    """

    asset: str
    free: Decimal = attrs.field(default=Decimal(0), converter=_amount, validator=_not_negative)
    locked: Decimal = attrs.field(default=Decimal(0), converter=_amount, validator=_not_negative)
    borrowed: Decimal = attrs.field(default=Decimal(0), converter=_amount, validator=_not_negative)
    interest: Decimal = attrs.field(default=Decimal(0), converter=_amount, validator=_not_negative)

    @property
    def held(self) -> Decimal:
        """Free and locked."""
        return decimals.add(self.free, self.locked)

    @property
    def debt(self) -> Decimal:
        """Borrowed and interest."""
        return decimals.add(self.borrowed, self.interest)

    @property
    def net(self) -> Decimal:
        """Held minus owed, signed."""
        return decimals.sub(self.held, self.debt)


@attrs.frozen(kw_only=True)
class PairBalances:
    """One pair of the account at one moment.

    Attributes:
        index_price: What the venue values the pair at, None when it does not say.
        liquidation_price: Where the venue would liquidate, None without debt.
        margin_level: Assets ÷ debt as the venue counts, None when it does not say.
        is_tradable: Whether the venue lets orders in on the pair now.
        ts_event: Venue time, UTC ns (0 = unknown).
        ts_received: Our receive time, UTC ns.
    """

    symbol: Symbol
    base: AssetBalance
    quote: AssetBalance
    index_price: Price | None = None
    liquidation_price: Price | None = None
    margin_level: Decimal | None = None
    is_tradable: bool = True
    ts_event: int = 0
    ts_received: int


@attrs.frozen(kw_only=True)
class AccountTrade:
    """One execution on the account, ours or the person's.

    Attributes:
        client_order_id: Of the order; empty when the venue does not tell.
        venue_order_id: The venue's id of the order.
    """

    symbol: Symbol
    side: OrderSide
    fill: Fill
    venue_order_id: str
    client_order_id: ClientOrderId = ClientOrderId("")

    @property
    def position_ref(self) -> str:
        """What a position opened by this execution is called in the venue's records."""
        return position_ref(self.symbol, self.venue_order_id)


def position_ref(symbol: Symbol, venue_order_id: str) -> str:
    """Return what the venue's own records call a position: the order that opened it.

    A netted pair has no position id of the venue's; the opening order is what its records keep.
    """
    return f"{symbol}:{venue_order_id}"


class RestingKind(StrEnum):
    """What makes a resting order execute."""

    LIMIT = "limit"
    STOP = "stop"
    """At market once its stop price is reached."""
    STOP_LIMIT = "stop_limit"
    """At its limit price or better once its stop price is reached."""
    TAKE_PROFIT = "take_profit"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class RestingOrder:
    """An order that waits at the venue.

    Attributes:
        leaves_qty: What it can still execute, base asset.
        price: Limit price, None for a market order.
        stop_price: What arms it, None without one.
        ts_event: When the venue took it, UTC ns.
    """

    symbol: Symbol
    client_order_id: ClientOrderId
    venue_order_id: str
    side: OrderSide
    kind: RestingKind
    leaves_qty: Quantity
    price: Price | None = None
    stop_price: Price | None = None
    ts_event: int = 0
