"""The simulated venue's own facts: orders, pair accounts, and what one fill does to them.

A pair account is two signed numbers. What is below zero is owed, so buying without quote
borrows quote, selling without base borrows base, and whatever comes in repays first.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.copying import evolved
from robson_domain.identity import ClientOrderId
from robson_domain.orders import Fill
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Notional, Price, Quantity

WORKING = (ReportStatus.ACCEPTED, ReportStatus.PARTIALLY_FILLED)


@attrs.frozen(kw_only=True, weakref_slot=False)
class VenueOrder:
    """An order the venue took.

    Attributes:
        number: The venue's own ascending number.
        due: From when on it may be filled, UTC ns.
        checked: Whether its margin was checked; without any price that waits for the first.
        mark: Id of the last market trade that filled it; no trade fills it twice.
        code: Why the venue ended it, when it did.
    """

    number: int
    client_order_id: ClientOrderId
    symbol: Symbol
    side: OrderSide
    quantity: Quantity
    reduces: bool
    due: int
    checked: bool
    status: ReportStatus = ReportStatus.ACCEPTED
    filled: Quantity = Quantity(0)
    fills: tuple[Fill, ...] = ()
    mark: int = 0
    code: str = ""

    @property
    def is_working(self) -> bool:
        """Whether more fills may come."""
        return self.status in WORKING

    @property
    def leaves(self) -> Quantity:
        """What is still to be filled, base asset."""
        return self.quantity - self.filled

    def with_fill(self, fill: Fill) -> VenueOrder:
        """Return the order with one more fill."""
        filled = self.filled + fill.quantity
        done = filled >= self.quantity
        return evolved(
            self,
            filled=filled,
            fills=(*self.fills, fill),
            status=ReportStatus.FILLED if done else ReportStatus.PARTIALLY_FILLED,
        )

    def report(self, now: int, fills: tuple[Fill, ...], ts_signed: int = 0) -> OrderReport:
        """Return a statement about the order, made at ``now`` (UTC ns), carrying ``fills``.

        Args:
            ts_signed: For the answer to a send, as in the report.
        """
        return OrderReport(
            client_order_id=self.client_order_id,
            symbol=self.symbol,
            status=self.status,
            ts_event=now,
            ts_received=now,
            filled_qty=self.filled,
            fills=fills,
            venue_order_id=str(self.number),
            code=self.code,
            ts_signed=ts_signed,
        )


@attrs.frozen(kw_only=True, weakref_slot=False)
class PairAccount:
    """Collateral and position of one pair; a number below zero is debt.

    Attributes:
        base: Held minus owed base asset.
        quote: Held minus owed quote asset.
    """

    symbol: Symbol
    base: Decimal
    quote: Decimal

    @property
    def debt_base(self) -> Quantity:
        """Owed base asset."""
        return Quantity(decimals.neg(min(self.base, decimals.ZERO)))

    @property
    def debt_quote(self) -> Notional:
        """Owed quote asset."""
        return Notional(decimals.neg(min(self.quote, decimals.ZERO)))

    def equity(self, price: Price | None) -> Decimal:
        """Return what is left when all is closed at ``price``, quote currency."""
        if price is None:
            return self.quote
        return decimals.add(self.quote, decimals.mul(self.base, price.value))

    def after(self, side: OrderSide, fill: Fill) -> PairAccount:
        """Return the account after ``fill`` of an order of ``side``, commission included."""
        base, quote = fill.quantity.value, decimals.neg(fill.notional.value)
        if side is OrderSide.SELL:
            base, quote = decimals.neg(base), decimals.neg(quote)
        if fill.commission_asset == self.symbol.base:
            base = decimals.sub(base, fill.commission.value)
        else:
            quote = decimals.sub(quote, fill.commission.value)
        return evolved(
            self, base=decimals.add(self.base, base), quote=decimals.add(self.quote, quote)
        )


@attrs.frozen(kw_only=True)
class LastPrice:
    """The last trade seen of a pair, in ticks."""

    symbol: Symbol
    ticks: int


@attrs.frozen(kw_only=True)
class VenueHead:
    """What the venue knows beside its orders."""

    orders: int
    trades: int
    accounts: tuple[PairAccount, ...]
    prices: tuple[LastPrice, ...]


@attrs.frozen(kw_only=True)
class VenueDump:
    """The whole venue."""

    head: VenueHead
    orders: tuple[VenueOrder, ...]


@attrs.frozen(kw_only=True)
class VenueDelta:
    """What has changed since the last time: to be written before anybody is told.

    Attributes:
        head: Canonical JSON of the venue without its orders.
        orders: Number and canonical JSON of each order that changed.
    """

    head: str
    orders: tuple[tuple[int, str], ...]
