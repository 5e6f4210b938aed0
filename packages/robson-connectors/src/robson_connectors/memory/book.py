"""The memory venue's book: market orders filled at the last price, one account per pair."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.account import AccountSnapshot
from robson_domain.errors import DefinitiveVenueError
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Money, Notional, Price, Quantity

LEVERAGE_MAX = 10


@attrs.define(kw_only=True)
class BookOrder:
    """An order while the venue works on it; ``plan`` holds the pieces still to be filled."""

    number: int
    order: NewOrder
    status: ReportStatus = ReportStatus.ACCEPTED
    plan: list[Quantity]
    fills: list[Fill] = attrs.Factory(list)

    @property
    def is_working(self) -> bool:
        return self.status in (ReportStatus.ACCEPTED, ReportStatus.PARTIALLY_FILLED)

    def report(self, now: int, fills: tuple[Fill, ...] | None = None) -> OrderReport:
        """Return a statement made at ``now``, carrying all fills or the ones given."""
        return OrderReport(
            client_order_id=self.order.client_order_id,
            symbol=self.order.symbol,
            status=self.status,
            ts_event=now,
            ts_received=now,
            filled_qty=Quantity(decimals.total([fill.quantity.value for fill in self.fills])),
            fills=tuple(self.fills) if fills is None else fills,
            venue_order_id=str(self.number),
        )


@attrs.define(kw_only=True)
class _Account:
    base: Decimal = decimals.ZERO
    quote: Decimal


class Book:
    """Everything the memory venue knows. No time, no faults, no waiting."""

    def __init__(
        self,
        instruments: Mapping[Symbol, Instrument],
        quote_balance: Money,
        fee_rate: Decimal,
        commission_in_base: bool,
        deduplicates: bool,
    ) -> None:
        self.instruments = dict(instruments)
        self.prices: dict[Symbol, Price] = {}
        self.orders: list[BookOrder] = []
        self._accounts = {symbol: _Account(quote=quote_balance.value) for symbol in instruments}
        self._fee_rate = fee_rate
        self._commission_in_base = commission_in_base
        self._deduplicates = deduplicates
        self._trades = 0

    def find(self, symbol: Symbol, client_order_id: ClientOrderId) -> BookOrder | None:
        """Return the newest order with this id."""
        for order in reversed(self.orders):
            if (order.order.symbol, order.order.client_order_id) == (symbol, client_order_id):
                return order
        return None

    def refusal(self, order: NewOrder) -> tuple[str, str] | None:
        """Return code and reason why ``order`` is not taken, or None."""
        instrument = self.instruments.get(order.symbol)
        if instrument is None:
            return "UNKNOWN_SYMBOL", f"{order.symbol} is not traded here"
        known = self.find(order.symbol, order.client_order_id)
        if known is not None and (self._deduplicates or known.is_working):
            return "DUPLICATE_CLIENT_ID", "this id is known"
        if instrument.quantity(instrument.steps(order.quantity)) != order.quantity:
            return "BAD_STEP", f"{order.quantity} is not a multiple of the step size"
        price = self.prices.get(order.symbol)
        if not order.quantity or order.quantity < instrument.quantity_min:
            return "BELOW_MINIMUM", f"{order.quantity} is too little"
        if order.quantity > instrument.quantity_max:
            return "ABOVE_MAXIMUM", f"{order.quantity} is too much"
        if price is not None and not instrument.is_tradable(order.quantity, price):
            return "BELOW_MINIMUM", f"{order.quantity * price} is too little"
        return self._reducing(order) if order.reduces else self._margin(order, price)

    def _reducing(self, order: NewOrder) -> tuple[str, str] | None:
        base = self._accounts[order.symbol].base
        if order.side is OrderSide.SELL:
            fits = order.quantity.value <= base
        else:
            lost = self._fee_rate if self._commission_in_base else decimals.ZERO
            received = decimals.mul(order.quantity.value, decimals.sub(decimals.ONE, lost))
            left = decimals.add(base, received)
            fits = base < 0 and left < self.instruments[order.symbol].step_size
        return None if fits else ("EXCEEDS_POSITION", "it would open the other side")

    def _margin(self, order: NewOrder, price: Price | None) -> tuple[str, str] | None:
        if price is None:
            return None
        account = self._accounts[order.symbol]
        signed = order.quantity.value
        if order.side is OrderSide.SELL:
            signed = decimals.neg(signed)
        after, zero = decimals.add(account.base, signed), decimals.ZERO
        shrinks = min(account.base, zero) <= after <= max(account.base, zero)
        value = decimals.mul(decimals.absolute(after), price.value)
        if not shrinks and value > self._carried(order.symbol):
            return "INSUFFICIENT_MARGIN", "more than the collateral carries"
        return None

    def take(self, order: NewOrder, parts: int) -> BookOrder:
        """Take an order that will fill in at most ``parts`` pieces."""
        instrument = self.instruments[order.symbol]
        steps = instrument.steps(order.quantity)
        sizes = [steps // parts + (piece < steps % parts) for piece in range(parts)]
        plan = [instrument.quantity(size) for size in sizes if size]
        taken = BookOrder(number=len(self.orders) + 1, order=order, plan=plan)
        self.orders.append(taken)
        return taken

    def fill_next(self, taken: BookOrder, now: int) -> Fill:
        """Fill the next piece of an order at the last price."""
        order, price = taken.order, self.prices[taken.order.symbol]
        quantity = taken.plan.pop(0)
        account = self._accounts[order.symbol]
        in_base = self._commission_in_base and order.side is OrderSide.BUY
        charged = quantity.value if in_base else (quantity * price).value
        self._trades += 1
        fill = Fill(
            trade_id=TradeId(str(self._trades)),
            price=price,
            quantity=quantity,
            commission=Quantity(decimals.mul(charged, self._fee_rate)),
            commission_asset=order.symbol.base if in_base else order.symbol.quote,
            ts_event=now,
        )
        sign = Decimal(1 if order.side is OrderSide.BUY else -1)
        account.base = decimals.add(account.base, decimals.mul(sign, quantity.value))
        account.quote = decimals.sub(account.quote, decimals.mul(sign, fill.notional.value))
        if in_base:
            account.base = decimals.sub(account.base, fill.commission.value)
        else:
            account.quote = decimals.sub(account.quote, fill.commission.value)
        taken.fills.append(fill)
        taken.status = ReportStatus.PARTIALLY_FILLED if taken.plan else ReportStatus.FILLED
        return fill

    def working(self, symbol: Symbol) -> list[BookOrder]:
        """Return the orders still to be filled, oldest first."""
        return [order for order in self.orders if order.order.symbol == symbol and order.is_working]

    def _carried(self, symbol: Symbol) -> Decimal:
        return decimals.mul(self._equity(symbol), Decimal(LEVERAGE_MAX))

    def _equity(self, symbol: Symbol) -> Decimal:
        account, price = self._accounts[symbol], self.prices.get(symbol)
        value = decimals.mul(account.base, price.value) if price is not None else decimals.ZERO
        return decimals.add(account.quote, value)

    def snapshot(self, symbol: Symbol, now: int) -> AccountSnapshot:
        """Return the pair's account.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
        """
        if symbol not in self._accounts:
            raise DefinitiveVenueError(f"{symbol} is not traded here", "UNKNOWN_SYMBOL")
        account, price = self._accounts[symbol], self.prices.get(symbol)
        zero = decimals.ZERO
        room, borrowable = self._carried(symbol), Quantity(0)
        if price is not None:
            held = decimals.mul(decimals.absolute(account.base), price.value)
            room = max(zero, decimals.sub(room, held))
            quotient = decimals.div(room, price.value)
            borrowable = self.instruments[symbol].round_qty_down(quotient)
        return AccountSnapshot(
            symbol=symbol,
            ts_event=now,
            ts_received=now,
            net_qty=account.base,
            debt_base=Quantity(decimals.neg(min(zero, account.base))),
            debt_quote=Notional(decimals.neg(min(zero, account.quote))),
            open_orders=len(self.working(symbol)),
            collateral=Notional(max(zero, self._equity(symbol))),
            borrowable_base=borrowable,
            borrowable_quote=Notional(max(zero, decimals.sub(room, max(zero, account.quote)))),
            taker_fee_rate=self._fee_rate,
            commission_in_base=self._commission_in_base,
            leverage_max=LEVERAGE_MAX,
        )
