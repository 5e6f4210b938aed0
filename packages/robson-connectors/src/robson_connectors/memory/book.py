"""The memory venue's book: market orders filled at the last price, one account per pair."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from robson_connectors.memory.account import Account
from robson_domain import decimals
from robson_domain.account import AccountSnapshot
from robson_domain.errors import DefinitiveVenueError
from robson_domain.holdings import AssetBalance, PairBalances, RestingKind, RestingOrder
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.instrument import Instrument
from robson_domain.orders import Fill
from robson_domain.ports.execution import NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Money, Notional, Price, Quantity

LEVERAGE_MAX = 10
NO_STOPS = "NO_RESTING_STOPS"
TRIGGERED = "TRIGGERED"


@attrs.define(kw_only=True)
class BookOrder:
    """An order while the venue works on it; ``plan`` holds the pieces still to be filled.

    Attributes:
        is_resting: Whether it still waits for its stop price.
    """

    number: int
    order: NewOrder
    status: ReportStatus = ReportStatus.ACCEPTED
    plan: list[Quantity]
    fills: list[Fill] = attrs.Factory(list)
    is_resting: bool = False

    @property
    def is_working(self) -> bool:
        return self.status in (ReportStatus.ACCEPTED, ReportStatus.PARTIALLY_FILLED)

    @property
    def leaves(self) -> Decimal:
        return decimals.total([piece.value for piece in self.plan])

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


class Book:
    """Everything the memory venue knows. No time, no faults, no waiting."""

    def __init__(
        self,
        instruments: Mapping[Symbol, Instrument],
        quote_balance: Money,
        fee_rate: Decimal,
        commission_in_base: bool,
        deduplicates: bool,
        *,
        takes_stops: bool = False,
    ) -> None:
        self.instruments = dict(instruments)
        self.prices: dict[Symbol, Price] = {}
        self.orders: list[BookOrder] = []
        self.others: list[RestingOrder] = []
        self._accounts = {
            symbol: Account(symbol, quote_balance.value) for symbol in self.instruments
        }
        self._takes_stops = takes_stops
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
        if order.stop_price is not None:
            return self._stop(order)
        return self._reducing(order) if order.reduces else self._margin(order, price)

    def _stop(self, order: NewOrder) -> tuple[str, str] | None:
        if not self._takes_stops:
            return NO_STOPS, "no order rests here"
        if not order.reduces:
            return "NOT_REDUCING", "a stop reduces"
        if self.reaches(order):
            return TRIGGERED, "the price is there already"
        return self._reducing(order)

    def _reducing(self, order: NewOrder) -> tuple[str, str] | None:
        base = self._accounts[order.symbol].base
        if order.side is OrderSide.SELL:
            fits = order.quantity.value <= decimals.sub(base, self._locked(order.symbol))
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
        rests = order.stop_price is not None
        taken = BookOrder(number=len(self.orders) + 1, order=order, plan=plan, is_resting=rests)
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

    def reaches(self, order: NewOrder) -> bool:
        """Say whether the last price sets off the stop of ``order``."""
        price, stop = self.prices.get(order.symbol), order.stop_price
        if price is None or stop is None:
            return False
        return price <= stop if order.side is OrderSide.SELL else price >= stop

    def account(self, symbol: Symbol) -> Account:
        """Return the pair's account.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
        """
        if symbol not in self._accounts:
            raise DefinitiveVenueError(f"{symbol} is not traded here", "UNKNOWN_SYMBOL")
        return self._accounts[symbol]

    def end_other(self, symbol: Symbol, client_order_id: ClientOrderId) -> RestingOrder | None:
        """Take away and return an order of somebody else's that rests, None when there is none."""
        for each in self.others:
            if (each.symbol, each.client_order_id) == (symbol, client_order_id):
                self.others.remove(each)
                return each
        return None

    def resting(self, symbol: Symbol) -> tuple[RestingOrder, ...]:
        """Return what rests on the pair, ours first."""
        ours = [
            RestingOrder(
                symbol=symbol,
                client_order_id=each.order.client_order_id,
                venue_order_id=str(each.number),
                side=each.order.side,
                kind=RestingKind.STOP,
                leaves_qty=Quantity(each.leaves),
                stop_price=each.order.stop_price,
            )
            for each in self.working(symbol)
            if each.order.stop_price is not None
        ]
        return (*ours, *self._others_on(symbol))

    def _others_on(self, symbol: Symbol) -> list[RestingOrder]:
        return [each for each in self.others if each.symbol == symbol]

    def _locked(self, symbol: Symbol) -> Decimal:
        """Return the base asset that resting sells hold; what buys hold is quote."""
        return decimals.total(
            [each.leaves_qty.value for each in self.resting(symbol) if each.side is OrderSide.SELL]
        )

    def balances(self, symbol: Symbol, now: int) -> PairBalances:
        """Return what the pair holds and owes.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
        """
        account = self.account(symbol)

        def of(asset: str, locked: Decimal = decimals.ZERO) -> AssetBalance:
            free = account.free(asset)
            held = min(locked, free)
            free = decimals.sub(free, held)
            return AssetBalance(asset=asset, free=free, locked=held, borrowed=account.debt(asset))

        return PairBalances(
            symbol=symbol,
            base=of(symbol.base, self._locked(symbol)),
            quote=of(symbol.quote),
            index_price=self.prices.get(symbol),
            ts_event=now,
            ts_received=now,
        )

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
        account, price = self.account(symbol), self.prices.get(symbol)
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
            debt_base=Quantity(account.debt(symbol.base)),
            debt_quote=Notional(account.debt(symbol.quote)),
            open_orders=len(self.working(symbol)) + len(self._others_on(symbol)),
            collateral=Notional(max(zero, self._equity(symbol))),
            borrowable_base=borrowable,
            borrowable_quote=Notional(max(zero, decimals.sub(room, max(zero, account.quote)))),
            taker_fee_rate=self._fee_rate,
            commission_in_base=self._commission_in_base,
            leverage_max=LEVERAGE_MAX,
            reserves=True,
        )
