"""Orders: taken, rested, triggered, filled, canceled.

The book is the two quotes, with unlimited depth, so nobody's order moves the price. Market
orders fill at the quotes; resting limits fill when a trade reaches their price (a trade at the
price gives at most its own quantity, a trade beyond it gives everything); stops trigger on the
last traded price and then act as the market or limit order they become.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from tests.binance_exchange import funding, ledger
from tests.binance_exchange.market import MarketTrade
from tests.binance_exchange.model import Account, Fill, NewOrder, Order
from tests.binance_exchange.venue import Execution, FillPlan, Venue
from tests.binance_exchange.wire import ZERO, ApiError, down8, filter_failure, rejected

RANGE_RULE = 8
"""``eR`` of an order stopped by the execution price range; the number is this project's."""


class Matching:
    """What happens to orders at the exchange."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue

    # ------------------------------------------------------------------ taking orders

    def place(self, ask: NewOrder) -> Order:
        """Take ``ask`` and fill what fills at once.

        Raises:
            ApiError: for everything the exchange refuses; nothing has changed then.
        """
        quantity = self._checked_quantity(ask)
        account = self.venue.account(ask.symbol, isolated=ask.isolated)
        self._check_account(account, ask)
        self._check_trigger(ask)
        needed = self._needed(ask, quantity)
        borrowed = funding.fund(self.venue, account, ask, needed)
        order = self._enter(ask, quantity, borrowed)
        if ask.is_stop or not self._takes(order):
            self._rest(account, order, needed)
        else:
            self._open(account, order)
            self._take(account, order)
        return order

    def _checked_quantity(self, ask: NewOrder) -> Decimal:
        pair, market = self.venue.pair(ask.symbol), self.venue.market(ask.symbol)
        if ask.type not in pair.order_types:
            words = ask.type.replace("_", " ").capitalize()
            raise rejected(f"{words} orders are not supported for this symbol.")
        if not pair.margin_allowed:
            raise ApiError(-3028, "Not a valid margin pair.")
        now = self.venue.clock.now_ms()
        quantity = ask.quantity
        if quantity is None:
            quantity = (ask.quote_quantity or ZERO) / self._touch(ask) // pair.step * pair.step
        for price in (ask.price, ask.stop_price):
            if price is not None:
                pair.check_price(price)
                pair.check_band(price, market.average(now))
        if ask.price is not None:
            pair.check_index(ask.price, market.index)
        pair.check_quantity(quantity, market=ask.is_market)
        at = ask.price or ask.stop_price or market.average(now)
        pair.check_notional(
            at * quantity, market=ask.is_market, code=self.venue.rules.notional_code
        )
        return quantity

    def _check_account(self, account: Account, ask: NewOrder) -> None:
        if not account.trade_enabled:
            raise ApiError(-3022, "You account's trading is banned.")
        if self.venue.clock.real_ms() < self.venue.busy_until_ms and ask.side_effect != (
            "NO_SIDE_EFFECT"
        ):
            raise ApiError(-3007, "You have pending transaction, please try again later..")
        pair = self.venue.pair(ask.symbol)
        resting = list(self.venue.open_orders(ask.symbol, isolated=ask.isolated))
        if any(order.ask.client_id == ask.client_id for order in resting):
            raise rejected("Duplicate order sent.")
        if len(resting) >= pair.max_orders:
            raise filter_failure("MAX_NUM_ORDERS")
        if ask.is_stop and sum(order.ask.is_stop for order in resting) >= pair.max_algo_orders:
            raise filter_failure("MAX_NUM_ALGO_ORDERS")

    def _check_trigger(self, ask: NewOrder) -> None:
        market = self.venue.market(ask.symbol)
        if ask.is_stop and triggers(ask, market.last):
            raise rejected("Order would trigger immediately.")
        if ask.type == "LIMIT_MAKER" and self._crosses(ask):
            raise rejected("Order would immediately match and take.")

    def _needed(self, ask: NewOrder, quantity: Decimal) -> Decimal:
        if ask.side == "SELL":
            return quantity
        if ask.type == "MARKET":
            plan = self._plan(ask)
            return sum((p * q for p, q in self._slices(ask, quantity, plan)), ZERO)
        return quantity * (ask.price or ask.stop_price or self._touch(ask))

    def _enter(self, ask: NewOrder, quantity: Decimal, borrowed: Decimal) -> Order:
        now, pair = self.venue.clock.now_ms(), self.venue.pair(ask.symbol)
        order = Order(
            id=self.venue.next_order_id(),
            ask=ask,
            quantity=quantity,
            time=now,
            updated=now,
            visible_at=self.venue.clock.real_ms() + self.venue.late_visibility_ms,
            working=not ask.is_stop,
            working_time=None if ask.is_stop else now,
            borrowed=borrowed,
            borrow_asset=funding.spends(ask, pair) if borrowed else "",
        )
        self.venue.orders[order.id] = order
        return order

    def _open(self, account: Account, order: Order) -> None:
        self.venue.open[order.id] = order
        self._tell("NEW", order)
        pair = self.venue.pair(order.symbol)
        self.venue.tell_balances(account, pair.base, pair.quote)

    def _rest(self, account: Account, order: Order, needed: Decimal) -> None:
        if order.ask.time_in_force in ("IOC", "FOK") and not order.ask.is_stop:
            self._open(account, order)
            self._expire(account, order)
            return
        asset = funding.spends(order.ask, self.venue.pair(order.symbol))
        funding.lock(account, order, asset, needed)
        self._open(account, order)

    # ------------------------------------------------------------------ filling

    def _touch(self, ask: NewOrder) -> Decimal:
        market = self.venue.market(ask.symbol)
        return market.ask if ask.side == "BUY" else market.bid

    def _crosses(self, ask: NewOrder) -> bool:
        if ask.price is None:
            return True
        touch = self._touch(ask)
        return touch <= ask.price if ask.side == "BUY" else touch >= ask.price

    def _takes(self, order: Order) -> bool:
        return order.ask.is_market or self._crosses(order.ask)

    def _plan(self, ask: NewOrder) -> FillPlan:
        for plan in self.venue.plans:
            if plan.symbol in ("", ask.symbol) and plan.side in ("", ask.side):
                return plan
        return FillPlan()

    def _use_plan(self, plan: FillPlan) -> None:
        if plan in self.venue.plans and plan.times is not None:
            at = self.venue.plans.index(plan)
            self.venue.plans.pop(at)
            if plan.times > 1:
                self.venue.plans.insert(at, attrs.evolve(plan, times=plan.times - 1))

    def _slices(
        self, ask: NewOrder, quantity: Decimal, plan: FillPlan
    ) -> list[tuple[Decimal, Decimal]]:
        """Return prices and quantities of the fills ``plan`` gives an order of ``quantity``."""
        pair = self.venue.pair(ask.symbol)
        total = quantity * plan.fraction // pair.step * pair.step
        size = total / plan.parts // pair.step * pair.step
        worse = pair.tick if ask.side == "BUY" else -pair.tick
        sizes = [size] * (plan.parts - 1) + [total - size * (plan.parts - 1)]
        touch = self._touch(ask)
        found = []
        for number, part in enumerate(sizes):
            price = touch + worse * number
            if ask.price is not None:
                price = min(price, ask.price) if ask.side == "BUY" else max(price, ask.price)
            if part > 0:
                found.append((price, part))
        return found

    def _take(self, account: Account, order: Order) -> None:
        """Fill against the quotes; a market order's rest, or an IOC's, expires."""
        plan = self._plan(order.ask)
        self._use_plan(plan)
        if order.ask.time_in_force == "FOK" and plan.fraction < 1:
            self._expire(account, order)
            return
        slices = self._slices(order.ask, order.leaves, plan)
        for price, quantity in slices:
            self._fill(account, order, price=price, quantity=quantity, maker=False)
        if not order.is_open:
            return
        if order.ask.is_market or order.ask.time_in_force == "IOC":
            order.expiry_reason = RANGE_RULE if order.ask.is_market else None
            self._expire(account, order)
        elif not order.locked:
            pair = self.venue.pair(order.symbol)
            sells = order.ask.side == "SELL"
            rest = order.leaves if sells else order.leaves * (order.ask.price or ZERO)
            funding.lock(account, order, funding.spends(order.ask, pair), rest)
            self.venue.tell_balances(account, pair.base, pair.quote)

    def _fill(
        self, account: Account, order: Order, *, price: Decimal, quantity: Decimal, maker: bool
    ) -> None:
        now, ask, pair = self.venue.clock.now_ms(), order.ask, self.venue.pair(order.symbol)
        buyer_maker = maker == (ask.side == "BUY")
        trade = self.venue.market(order.symbol).record(
            price, quantity, now, buyer_maker=buyer_maker
        )
        commission, asset = self._commission(ask, price * quantity, quantity, maker=maker)
        fill = Fill(
            trade_id=trade.id,
            order_id=order.id,
            client_id=ask.client_id,
            symbol=ask.symbol,
            isolated=ask.isolated,
            side=ask.side,
            quantity=quantity,
            price=price,
            commission=commission,
            commission_asset=asset,
            maker=maker,
            by_person=ask.by_person,
            time=now,
        )
        order.executed += quantity
        order.quote_executed += price * quantity
        order.updated = now
        order.status = "FILLED" if order.leaves == 0 else "PARTIALLY_FILLED"
        order.fills.append(fill)
        self.venue.fills.append(fill)
        funding.book(self.venue, account, order, fill)
        if not order.is_open:
            self.venue.open.pop(order.id, None)
            funding.unlock(account, order)
        self._tell("TRADE", order, fill=fill)
        self.venue.tell_balances(account, pair.base, pair.quote)
        self.venue.tell_trade(order.symbol, trade)

    def _commission(
        self, ask: NewOrder, quote_quantity: Decimal, quantity: Decimal, *, maker: bool
    ) -> tuple[Decimal, str]:
        rules, pair = self.venue.rules, self.venue.pair(ask.symbol)
        rate = rules.maker_fee if maker else rules.taker_fee
        if rules.fee_in_bnb:
            return down8(quote_quantity * rate / rules.bnb_price), "BNB"
        size = quantity if ask.side == "BUY" else quote_quantity
        return down8(size * rate), funding.receives(ask, pair)

    def _expire(self, account: Account, order: Order) -> None:
        order.status, order.updated = "EXPIRED", self.venue.clock.now_ms()
        self._leave(account, order)
        self._tell("EXPIRED", order)

    def _leave(self, account: Account, order: Order) -> None:
        self.venue.open.pop(order.id, None)
        order.working = False
        funding.unlock(account, order)

    # ------------------------------------------------------------------ canceling

    def cancel(self, order: Order, cancel_id: str) -> None:
        """Cancel an open order (-2011 when it is not open)."""
        if not order.is_open:
            raise ApiError(-2011, "Unknown order sent.")
        account = self.venue.account(order.symbol, isolated=order.ask.isolated)
        order.status, order.updated = "CANCELED", self.venue.clock.now_ms()
        self._leave(account, order)
        funding.repay_at_cancel(self.venue, account, order)
        self._tell("CANCELED", order, cancel_id=cancel_id)
        pair = self.venue.pair(order.symbol)
        self.venue.tell_balances(account, pair.base, pair.quote)

    # ------------------------------------------------------------------ the market moves

    def on_trade(self, symbol: str, trade: MarketTrade) -> None:
        """Trigger stops and fill resting limits that ``trade`` reaches, oldest first."""
        left = trade.quantity
        for order in list(self.venue.open.values()):
            if order.symbol != symbol or not order.is_open:
                continue
            account = self.venue.accounts[order.account_key]
            if not order.working:
                if triggers(order.ask, trade.price):
                    self._trigger(account, order)
            elif not order.ask.is_market and order.ask.price is not None:
                left -= self._reach(account, order, trade, left)
        self.check_liquidation(symbol)

    def _trigger(self, account: Account, order: Order) -> None:
        order.working, order.working_time = True, self.venue.clock.now_ms()
        order.updated = self.venue.clock.now_ms()
        self._tell("NEW", order)
        if not self._is_paid(account, order):
            self._expire(account, order)
        elif self._takes(order):
            self._take(account, order)
        elif order.ask.time_in_force in ("IOC", "FOK"):
            self._expire(account, order)

    def _is_paid(self, account: Account, order: Order) -> bool:
        """Say whether a triggered market buy can pay a price beyond the one it locked for."""
        if order.ask.side == "SELL" or not order.ask.is_market:
            return True
        quote = account.of(self.venue.pair(order.symbol).quote)
        return order.leaves * self._touch(order.ask) <= order.locked + quote.free

    def _reach(self, account: Account, order: Order, trade: MarketTrade, left: Decimal) -> Decimal:
        limit = order.ask.price or ZERO
        beyond = trade.price < limit if order.ask.side == "BUY" else trade.price > limit
        size = order.leaves if beyond else min(order.leaves, left)
        if size <= 0 or (not beyond and trade.price != limit):
            return ZERO
        self._fill(account, order, price=limit, quantity=size, maker=True)
        return ZERO if beyond else size

    def check_liquidation(self, symbol: str) -> None:
        """Liquidate the isolated account when its level is through and the rules say so."""
        account = self.venue.accounts.get(symbol)
        if account is None or not self.venue.rules.liquidate:
            return
        pair, market = self.venue.pair(symbol), self.venue.market(symbol)
        if ledger.margin_level(account, pair, market.index) <= pair.liquidation_ratio:
            self.liquidate(symbol)

    def liquidate(self, symbol: str) -> None:
        """Close the account's debt by force: no order and no trade of the person's appears."""
        account, pair = self.venue.accounts[symbol], self.venue.pair(symbol)
        for order in list(self.venue.open_orders(symbol, isolated=True)):
            self.cancel(order, "autoclose")
        market = self.venue.market(symbol)
        base, quote = account.of(pair.base), account.of(pair.quote)
        net = base.net
        side, price = ("SELL", market.bid) if net > 0 else ("BUY", market.ask)
        quote.free += net * price - quote.debt
        base.free = base.borrowed = base.interest = ZERO
        quote.borrowed = quote.interest = ZERO
        quote.free = max(ZERO, down8(quote.free))
        self.venue.ledger.liquidations.append(
            ledger.Liquidation(
                order_id=self.venue.next_order_id(),
                symbol=symbol,
                side=side,
                quantity=abs(net),
                price=price,
                time=self.venue.clock.now_ms(),
            )
        )
        self.venue.tell_balances(account, pair.base, pair.quote)

    def _tell(
        self, kind: str, order: Order, *, fill: Fill | None = None, cancel_id: str | None = None
    ) -> None:
        self.venue.tell(
            Execution(
                kind=kind,
                order=attrs.evolve(order, fills=list(order.fills)),
                time=self.venue.clock.now_ms(),
                fill=fill,
                cancel_id=cancel_id,
                status=order.status,
            )
        )


def triggers(ask: NewOrder, price: Decimal) -> bool:
    """Say whether the last price ``price`` sets off the stop ``ask``."""
    stop = ask.stop_price or ZERO
    loss = ask.type in ("STOP_LOSS", "STOP_LOSS_LIMIT")
    falls = (ask.side == "SELL") == loss
    return price <= stop if falls else price >= stop
