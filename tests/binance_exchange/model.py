"""Balances, orders and fills."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from tests.binance_exchange.pairs import STOP_TYPES
from tests.binance_exchange.wire import ZERO

OPEN_STATUSES: Final = ("NEW", "PARTIALLY_FILLED")
BORROWING: Final = ("MARGIN_BUY", "AUTO_BORROW_REPAY")
REPAYING: Final = ("AUTO_REPAY", "AUTO_BORROW_REPAY")


@attrs.define(kw_only=True)
class Balance:
    """One asset in one account."""

    asset: str
    free: Decimal = ZERO
    locked: Decimal = ZERO
    borrowed: Decimal = ZERO
    interest: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.free + self.locked

    @property
    def debt(self) -> Decimal:
        return self.borrowed + self.interest

    @property
    def net(self) -> Decimal:
        return self.total - self.debt


@attrs.define(kw_only=True)
class Account:
    """One isolated pair's account, or the cross account (``symbol`` None)."""

    symbol: str | None
    balances: dict[str, Balance] = attrs.field(factory=dict)
    enabled: bool = True
    trade_enabled: bool = True
    borrow_enabled: bool = True

    def of(self, asset: str) -> Balance:
        """Return the balance of ``asset``, creating an empty one."""
        return self.balances.setdefault(asset, Balance(asset=asset))


@attrs.frozen(kw_only=True)
class NewOrder:
    """What a client asked for, parsed and typed but not yet checked against the book."""

    symbol: str
    side: str
    type: str
    isolated: bool
    client_id: str
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: str = "GTC"
    iceberg: Decimal = ZERO
    side_effect: str = "NO_SIDE_EFFECT"
    auto_repay_at_cancel: bool = True
    stp_mode: str = "EXPIRE_MAKER"
    by_person: bool = False

    @property
    def is_stop(self) -> bool:
        return self.type in STOP_TYPES

    @property
    def is_market(self) -> bool:
        return self.type in ("MARKET", "STOP_LOSS", "TAKE_PROFIT")


@attrs.frozen(kw_only=True)
class Fill:
    """One execution of one order. ``trade_id`` is the market's."""

    trade_id: int
    order_id: int
    client_id: str
    symbol: str
    isolated: bool
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_asset: str
    maker: bool
    by_person: bool
    time: int

    @property
    def quote_quantity(self) -> Decimal:
        return self.quantity * self.price

    def base_delta(self, base: str) -> Decimal:
        """Return what the fill did to the base balance, its fee included."""
        signed = self.quantity if self.side == "BUY" else -self.quantity
        return signed - (self.commission if self.commission_asset == base else ZERO)


@attrs.define(kw_only=True)
class Order:
    """One order at the exchange."""

    id: int
    ask: NewOrder
    quantity: Decimal
    time: int
    updated: int
    visible_at: int
    status: str = "NEW"
    working: bool = True
    working_time: int | None = None
    executed: Decimal = ZERO
    quote_executed: Decimal = ZERO
    lock_asset: str = ""
    locked: Decimal = ZERO
    borrowed: Decimal = ZERO
    borrow_asset: str = ""
    fills: list[Fill] = attrs.field(factory=list)
    expiry_reason: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def leaves(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def symbol(self) -> str:
        return self.ask.symbol

    @property
    def account_key(self) -> str | None:
        return self.ask.symbol if self.ask.isolated else None
