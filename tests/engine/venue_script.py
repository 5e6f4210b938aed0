"""A truthful venue on a bad line: what it executed is so, what is said of it comes as it likes.

Lost requests never arrive, silent ones do; reports are kept, and given when the test says so, in
any order and as often as it likes. The venue never lies: what it does not know never happened.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    AccountSnapshot,
    ClientOrderId,
    Fill,
    Intent,
    IntentKind,
    OrderReport,
    OrderSide,
    Price,
    Quantity,
    ReportStatus,
    Symbol,
    TradeId,
    decimals,
)
from robson_domain.testing import an_account, an_instrument

FATES: Final = ("filled", "working", "rejected", "lost", "silent", "silent_filled", "not_sent")
"""What becomes of a request; the silent ones arrive, their answers do not."""
LATE: Final = "late"
"""Not a truthful fate: unknown to the venue as if lost, and executed all the same one day."""


@attrs.define(kw_only=True)
class Known:
    """An order as it truly is; ``status`` None: it never arrived."""

    intent: Intent
    status: ReportStatus | None
    signed: int
    fills: list[Fill] = attrs.field(factory=list)
    is_late: bool = False

    @property
    def filled(self) -> Decimal:
        return decimals.total([fill.quantity.value for fill in self.fills])

    @property
    def is_working(self) -> bool:
        if self.is_late and self.status is None:
            return True
        return self.status in (ReportStatus.ACCEPTED, ReportStatus.PARTIALLY_FILLED)


class ScriptedVenue:
    """Orders of one pair, and the reports that were not given yet."""

    def __init__(
        self, symbol: Symbol, fee: Decimal, *, fee_in_base: bool, reserves: bool = False
    ) -> None:
        self.symbol = symbol
        self.reserves = reserves
        self.fee = fee
        self.fee_in_base = fee_in_base
        self.orders: dict[ClientOrderId, Known] = {}
        self.pending: list[OrderReport] = []
        self.net = decimals.ZERO
        self.trades = 0

    # ------------------------------------------------------------------ requests

    def send(self, intent: Intent, fate: str, price: Price, now: int) -> OrderReport:
        """Take a request; return what the send returns, at once."""
        assert intent.client_order_id not in self.orders, "the same order was sent twice"
        order = Known(intent=intent, status=ReportStatus.ACCEPTED, signed=now)
        self.orders[intent.client_order_id] = order
        if fate != "not_sent" and fate not in ("lost", LATE) and self._lacks(intent):
            fate = "rejected"
        if fate in ("rejected", "not_sent"):
            order.status = ReportStatus.REJECTED if fate == "rejected" else None
            return self._say(order, ReportStatus.REJECTED, now)
        if fate in ("lost", LATE):
            order.status, order.is_late = None, fate == LATE
        elif "filled" in fate:
            self.execute(order, price, order.intent.quantity.value, now)
        said = ReportStatus.NO_REPLY if fate in ("lost", "silent", "silent_filled", LATE) else None
        return self._say(order, said, now)

    def _lacks(self, intent: Intent) -> bool:
        """Say whether the venue cannot sell so much beside what rests to be sold."""
        if not self.reserves or intent.side is OrderSide.BUY:
            return False
        sales = [o for o in self.working() if o.intent is not intent and o.status is not None]
        sales = [order for order in sales if order.intent.side is OrderSide.SELL]
        rests = decimals.total([o.intent.quantity.value - o.filled for o in sales])
        return decimals.sub(self.net, rests) < intent.quantity.value

    def cancel(self, order_id: ClientOrderId, now: int) -> OrderReport:
        """End what still works of an order."""
        order = self.orders[order_id]
        if order.is_working and order.status is not None:
            order.status = ReportStatus.CANCELED
        return self._say(order, None, now)

    def query(self, order_id: ClientOrderId, now: int) -> OrderReport:
        """Say how an order stands."""
        return self._say(self.orders[order_id], None, now)

    # ------------------------------------------------------------------ what happens there

    def execute(self, order: Known, price: Price, quantity: Decimal, now: int) -> None:
        """Execute part of an order; its report is kept for later."""
        rules = an_instrument()
        steps = decimals.floor_div(quantity, rules.step_size)
        rest = decimals.sub(order.intent.quantity.value, order.filled)
        amount = min(max(rules.step_size, rules.quantity(steps).value), rest)
        self.trades += 1
        buys = order.intent.side is OrderSide.BUY
        in_base = buys and self.fee_in_base
        paid = decimals.mul(amount if in_base else decimals.mul(amount, price.value), self.fee)
        fill = Fill(
            trade_id=TradeId(str(self.trades)),
            price=price,
            quantity=Quantity(amount),
            commission=Quantity(paid),
            commission_asset=self.symbol.base if in_base else self.symbol.quote,
            ts_event=now,
        )
        order.fills.append(fill)
        moved = decimals.sub(amount, paid) if in_base else amount
        self.net = decimals.add(self.net, moved if buys else decimals.neg(amount))
        done = order.filled >= order.intent.quantity.value
        order.status = ReportStatus.FILLED if done else ReportStatus.PARTIALLY_FILLED
        self.pending.append(self._say(order, None, now, only=(fill,)))

    def end(self, order: Known, now: int) -> None:
        """End a working order; the report is kept for later."""
        order.status = ReportStatus.EXPIRED
        self.pending.append(self._say(order, None, now))

    def _say(
        self,
        order: Known,
        status: ReportStatus | None,
        now: int,
        *,
        only: tuple[Fill, ...] | None = None,
    ) -> OrderReport:
        silent = status in (ReportStatus.NO_REPLY, ReportStatus.REJECTED)
        known = order.status or ReportStatus.NOT_FOUND
        fills = () if silent else tuple(order.fills) if only is None else only
        return OrderReport(
            client_order_id=order.intent.client_order_id,
            symbol=self.symbol,
            status=status or known,
            ts_event=now,
            ts_received=now,
            filled_qty=Quantity(0 if silent else order.filled),
            fills=fills,
            ts_signed=order.signed if status is ReportStatus.NO_REPLY else 0,
        )

    # ------------------------------------------------------------------ what is so

    def account(self, now: int) -> AccountSnapshot:
        """Return the account as it truly is now."""
        working = sum(order.is_working for order in self.orders.values())
        return an_account(
            ts_event=now,
            ts_received=now,
            net_qty=self.net,
            open_orders=working,
            taker_fee_rate=self.fee,
            commission_in_base=self.fee_in_base,
            reserves=self.reserves,
        )

    def executed(self, kind: IntentKind) -> Decimal:
        """Return what all orders of a kind executed."""
        return decimals.total(
            [order.filled for order in self.orders.values() if order.intent.kind is kind]
        )

    def working(self) -> list[Known]:
        """Return the orders that may still be executed, oldest first."""
        return [order for order in self.orders.values() if order.is_working]
