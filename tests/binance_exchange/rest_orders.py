"""``/sapi/v1/margin/order`` and its neighbors."""

from __future__ import annotations

import hashlib
from typing import Final

from tests.binance_exchange import order_json, order_parse
from tests.binance_exchange.api import Call, Endpoint
from tests.binance_exchange.limits import DAY_MS, Limits
from tests.binance_exchange.matching import Matching
from tests.binance_exchange.model import BORROWING, Fill, Order
from tests.binance_exchange.rest_market import limit_of
from tests.binance_exchange.venue import Venue
from tests.binance_exchange.wire import ApiError, Json, Params, insufficient, missing

ORDER: Final = "/sapi/v1/margin/order"
OPEN: Final = "/sapi/v1/margin/openOrders"
WINDOW: Final = ("startTime", "endTime", "limit")


def order_weight(params: Params) -> int:
    """Return the UID weight of a new order: borrowing costs 250 times as much."""
    return 1500 if params.get("sideEffectType") in BORROWING else 6


class OrderRoutes:
    """Handlers that place, cancel and ask for orders and trades."""

    def __init__(self, venue: Venue, matching: Matching, limits: Limits) -> None:
        self._venue = venue
        self._matching = matching
        self._limits = limits
        self._made_ids = 0

    def endpoints(self) -> list[Endpoint]:
        """Return what these routes serve."""
        return [*self._single(), *self._lists()]

    def _single(self) -> list[Endpoint]:
        one = ("isIsolated", "orderId", "origClientOrderId")
        return [
            Endpoint(
                method="POST",
                path=ORDER,
                handler=self.place,
                pool="uid",
                weight=order_weight,
                required=("symbol", "side", "type"),
                optional=order_parse.OPTIONAL,
            ),
            Endpoint(
                method="GET",
                path=ORDER,
                handler=self.query,
                weight=10,
                required=("symbol",),
                optional=one,
            ),
            Endpoint(
                method="DELETE",
                path=ORDER,
                handler=self.cancel,
                weight=10,
                required=("symbol",),
                optional=(*one, "newClientOrderId"),
            ),
        ]

    def _lists(self) -> list[Endpoint]:
        return [
            Endpoint(
                method="GET",
                path=OPEN,
                handler=self.open_orders,
                weight=10,
                optional=("symbol", "isIsolated"),
            ),
            Endpoint(
                method="DELETE",
                path=OPEN,
                handler=self.cancel_all,
                required=("symbol",),
                optional=("isIsolated",),
            ),
            Endpoint(
                method="GET",
                path="/sapi/v1/margin/allOrders",
                handler=self.all_orders,
                weight=200,
                required=("symbol",),
                optional=("isIsolated", "orderId", *WINDOW),
                calls_per_minute=True,
            ),
            Endpoint(
                method="GET",
                path="/sapi/v1/margin/myTrades",
                handler=self.my_trades,
                weight=10,
                required=("symbol",),
                optional=("isIsolated", "orderId", "fromId", *WINDOW),
            ),
            Endpoint(
                method="GET",
                path="/sapi/v1/margin/rateLimit/order",
                handler=self.order_counts,
                weight=20,
                optional=("isIsolated", "symbol"),
            ),
            Endpoint(
                method="POST",
                path="/api/v3/order",
                handler=self.spot_order,
                pool="api",
                required=("symbol", "side", "type"),
                optional=order_parse.OPTIONAL,
            ),
        ]

    def fresh_id(self) -> str:
        """Return a client order id the way the exchange makes one up."""
        self._made_ids += 1
        return hashlib.sha256(str(self._made_ids).encode()).hexdigest()[:22]

    def place(self, call: Call) -> Json:
        call.require("enableSpotAndMarginTrading")
        isolated = call.flag("isIsolated")
        detail = order_parse.detail_of(call.params)
        ask = order_parse.new_order(call.params, isolated=isolated, fresh_id=self.fresh_id())
        self._venue.pair(ask.symbol)
        account = ask.symbol if isolated else None
        counts = self._limits.count_order(account, self._venue.clock.now_ms())
        try:
            order = self._matching.place(ask)
        except ApiError:
            self._limits.forgive_order(account)
            raise
        call.headers |= counts
        return order_json.placed(order, detail)

    def spot_order(self, call: Call) -> Json:
        """Refuse: this path trades the spot wallet, which is empty."""
        self._venue.pair(call.params["symbol"])
        raise insufficient()

    def query(self, call: Call) -> Json:
        order = self._named(call)
        if order is None:
            raise ApiError(-2013, "Order does not exist.")
        return order_json.queried(order)

    def cancel(self, call: Call) -> Json:
        call.require("enableSpotAndMarginTrading")
        cancel_id = order_parse.client_id_of(call.params, "newClientOrderId") or self.fresh_id()
        order = self._named(call, open_only=True)
        if order is None:
            raise ApiError(-2011, "Unknown order sent.")
        self._matching.cancel(order, cancel_id)
        return order_json.canceled(order, cancel_id)

    def open_orders(self, call: Call) -> Json:
        isolated = call.flag("isIsolated")
        if isolated and "symbol" not in call.params:
            raise missing("symbol")
        symbols = [call.params["symbol"]] if "symbol" in call.params else list(self._venue.markets)
        if isolated:
            self._venue.account(symbols[0], isolated=True)
        return [
            order_json.queried(order)
            for symbol in symbols
            for order in self._venue.open_orders(symbol, isolated=isolated)
            if not self._venue.hide_open_too or self._venue.is_visible(order)
        ]

    def cancel_all(self, call: Call) -> Json:
        call.require("enableSpotAndMarginTrading")
        symbol, isolated = call.params["symbol"], call.flag("isIsolated")
        self._venue.pair(symbol)
        found = list(self._venue.open_orders(symbol, isolated=isolated))
        if not found:
            raise ApiError(-2011, "Unknown order sent.")
        swept = []
        for order in found:
            cancel_id = self.fresh_id()
            self._matching.cancel(order, cancel_id)
            swept.append(order_json.swept(order, cancel_id))
        return swept

    def all_orders(self, call: Call) -> Json:
        symbol, isolated = call.params["symbol"], call.flag("isIsolated")
        self._account(symbol, isolated=isolated)
        limit = limit_of(call, 500, 500)
        found = [
            order
            for order in self._venue.orders.values()
            if order.symbol == symbol
            and order.ask.isolated == isolated
            and self._venue.is_visible(order)
        ]
        if "orderId" in call.params:
            wanted = call.integer("orderId")
            return [order_json.queried(o) for o in found if o.id >= wanted][:limit]
        start, end = self._span(call)
        return [order_json.queried(o) for o in found if start <= o.time <= end][-limit:]

    def my_trades(self, call: Call) -> Json:
        symbol, isolated = call.params["symbol"], call.flag("isIsolated")
        self._account(symbol, isolated=isolated)
        limit = limit_of(call, 500, 1000)
        found = [f for f in self._venue.fills if f.symbol == symbol and f.isolated == isolated]
        if "orderId" in call.params:
            wanted = call.integer("orderId")
            found = [fill for fill in found if fill.order_id == wanted]
        if "fromId" in call.params:
            first = call.integer("fromId")
            return [order_json.traded(fill) for fill in found if fill.trade_id >= first][:limit]
        start, end = self._span(call)
        chosen: list[Fill] = [fill for fill in found if start <= fill.time <= end]
        chosen = chosen[:limit] if "startTime" in call.params else chosen[-limit:]
        return [order_json.traded(fill) for fill in chosen]

    def order_counts(self, call: Call) -> Json:
        isolated = call.flag("isIsolated")
        if isolated and "symbol" not in call.params:
            raise missing("symbol")
        account, now = call.params.get("symbol") if isolated else None, self._venue.clock.now_ms()
        rules = self._limits.rules
        return [
            {
                "rateLimitType": "ORDERS",
                "interval": interval,
                "intervalNum": number,
                "limit": limit,
                "count": self._limits.unfilled(account, span, now),
            }
            for interval, number, limit, span in (
                ("SECOND", 10, rules.orders_10s, 10_000),
                ("DAY", 1, rules.orders_1d, DAY_MS),
            )
        ]

    # ------------------------------------------------------------------ parts

    def _account(self, symbol: str, *, isolated: bool) -> None:
        self._venue.pair(symbol)
        self._venue.account(symbol, isolated=isolated)

    def _named(self, call: Call, *, open_only: bool = False) -> Order | None:
        symbol, isolated = call.params["symbol"], call.flag("isIsolated")
        self._account(symbol, isolated=isolated)
        order_id = call.integer("orderId", 0)
        client_id = call.params.get("origClientOrderId", "")
        if not order_id and not client_id:
            raise ApiError(
                -1102,
                "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
            )
        found = self._venue.find(symbol, isolated=isolated, order_id=order_id, client_id="")
        if order_id:
            if found is not None and client_id not in ("", found.ask.client_id):
                raise ApiError(-2039, "Client order ID is not correct for this order ID.")
            return found
        if open_only:
            for order in self._venue.open_orders(symbol, isolated=isolated):
                if order.ask.client_id == client_id and self._venue.is_visible(order):
                    return order
        return self._venue.find(symbol, isolated=isolated, order_id=0, client_id=client_id)

    def _span(self, call: Call) -> tuple[int, int]:
        """Return the asked window, the last 24 h by default (-1127 for a longer one)."""
        now = self._venue.clock.now_ms()
        end = call.integer("endTime", 0)
        start = call.integer("startTime", 0)
        if not start and not end:
            return now - DAY_MS, now
        start = start or end - DAY_MS + 1
        end = end or start + DAY_MS - 1
        if end - start >= DAY_MS:
            raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
        return start, end
