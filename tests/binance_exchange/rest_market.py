"""``/api/v3/*``: what everybody may read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from tests.binance_exchange import market as markets
from tests.binance_exchange.api import Call, Endpoint
from tests.binance_exchange.limits import LimitRules
from tests.binance_exchange.market import Market, MarketTrade
from tests.binance_exchange.venue import Venue
from tests.binance_exchange.wire import ApiError, Json, Params, amount, illegal

DAY_MS: Final = 86_400_000
MANY: Final = 1000
SYMBOLS: Final = '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}")*\\]$'


def aggregate(trade: MarketTrade) -> Json:
    """Return ``trade`` as an aggregate of itself."""
    return {
        "a": trade.id,
        "p": amount(trade.price),
        "q": amount(trade.quantity),
        "f": trade.id,
        "l": trade.id,
        "T": trade.time,
        "m": trade.buyer_maker,
        "M": True,
    }


def _trade(trade: MarketTrade) -> Json:
    return {
        "id": trade.id,
        "price": amount(trade.price),
        "qty": amount(trade.quantity),
        "quoteQty": amount(trade.price * trade.quantity),
        "time": trade.time,
        "isBuyerMaker": trade.buyer_maker,
        "isBestMatch": True,
    }


def _per_symbol(one: int, all_of_them: int) -> Callable[[Params], int]:
    return lambda params: one if "symbol" in params else all_of_them


def limit_of(call: Call, default: int, most: int) -> int:
    """Return the ``limit`` of ``call`` (-1130 outside 1..most)."""
    limit = call.integer("limit", default)
    if not 1 <= limit <= most:
        raise ApiError(-1130, "Data sent for parameter 'limit' is not valid.")
    return limit


class MarketRoutes:
    """Handlers over the public markets."""

    def __init__(self, venue: Venue, rules: LimitRules) -> None:
        self._venue = venue
        self._rules = rules

    def endpoints(self) -> list[Endpoint]:
        """Return what these routes serve."""
        found = (
            ("/api/v3/ping", self.ping, 1, (), ()),
            ("/api/v3/time", self.time, 1, (), ()),
            (
                "/api/v3/exchangeInfo",
                self.exchange_info,
                20,
                (),
                ("symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"),
            ),
            (
                "/api/v3/ticker/price",
                self.price,
                _per_symbol(2, 4),
                (),
                ("symbol", "symbols"),
            ),
            (
                "/api/v3/ticker/bookTicker",
                self.book_ticker,
                _per_symbol(2, 4),
                (),
                ("symbol", "symbols"),
            ),
            ("/api/v3/avgPrice", self.average, 2, ("symbol",), ()),
            (
                "/api/v3/klines",
                self.klines,
                2,
                ("symbol", "interval"),
                ("startTime", "endTime", "timeZone", "limit"),
            ),
            (
                "/api/v3/aggTrades",
                self.agg_trades,
                4,
                ("symbol",),
                ("fromId", "startTime", "endTime", "limit"),
            ),
            ("/api/v3/trades", self.trades, 25, ("symbol",), ("limit",)),
            ("/api/v3/historicalTrades", self.historical, 25, ("symbol",), ("limit", "fromId")),
        )
        return [
            Endpoint(
                method="GET",
                path=path,
                handler=handler,
                pool="api",
                weight=weight,
                security="none",
                required=required,
                optional=optional,
            )
            for path, handler, weight, required, optional in found
        ]

    def ping(self, call: Call) -> Json:
        return {}

    def time(self, call: Call) -> Json:
        return {"serverTime": self._venue.clock.now_ms()}

    def exchange_info(self, call: Call) -> Json:
        return {
            "timezone": "UTC",
            "serverTime": self._venue.clock.now_ms(),
            "rateLimits": [
                _rate("REQUEST_WEIGHT", "MINUTE", 1, self._rules.api),
                _rate("ORDERS", "SECOND", 10, 100),
                _rate("ORDERS", "DAY", 1, 200_000),
                _rate("RAW_REQUESTS", "MINUTE", 5, 300_000),
            ],
            "exchangeFilters": [],
            "symbols": [market.pair.info() for market in self._named(call)],
        }

    def price(self, call: Call) -> Json:
        return self._one_or_all(call, lambda m: {"symbol": m.pair.symbol, "price": amount(m.last)})

    def book_ticker(self, call: Call) -> Json:
        return self._one_or_all(
            call,
            lambda m: {
                "symbol": m.pair.symbol,
                "bidPrice": amount(m.bid),
                "bidQty": amount(m.bid_qty),
                "askPrice": amount(m.ask),
                "askQty": amount(m.ask_qty),
            },
        )

    def average(self, call: Call) -> Json:
        market, now = self._venue.market(call.params["symbol"]), self._venue.clock.now_ms()
        price = amount(market.average(now))
        return {"mins": 5, "price": price, "closeTime": market.trades[-1].time}

    def klines(self, call: Call) -> Json:
        market = self._venue.market(call.params["symbol"])
        interval = call.params["interval"]
        span, limit = markets.span_of(interval), limit_of(call, 500, MANY)
        now = self._venue.clock.now_ms()
        end = min(now, call.integer("endTime", now))
        start = call.integer("startTime", 0)
        found = market.klines(interval, start, end)
        chosen = found[:limit] if "startTime" in call.params else found[-limit:]
        return [candle.row(span) for candle in chosen]

    def agg_trades(self, call: Call) -> Json:
        market = self._venue.market(call.params["symbol"])
        limit = limit_of(call, 500, MANY)
        return [aggregate(trade) for trade in self._window(call, market, limit)]

    def trades(self, call: Call) -> Json:
        market = self._venue.market(call.params["symbol"])
        return [_trade(trade) for trade in list(market.trades)[-limit_of(call, 500, MANY) :]]

    def historical(self, call: Call) -> Json:
        market, limit = self._venue.market(call.params["symbol"]), limit_of(call, 500, MANY)
        if "fromId" not in call.params:
            return [_trade(trade) for trade in list(market.trades)[-limit:]]
        return [_trade(t) for t in list(market.since(call.integer("fromId")))[:limit]]

    def _window(self, call: Call, market: Market, limit: int) -> list[MarketTrade]:
        times = [name for name in ("startTime", "endTime") if name in call.params]
        if "fromId" in call.params:
            if times:
                raise ApiError(-1128, "Combination of optional parameters invalid.")
            return list(market.since(call.integer("fromId")))[:limit]
        if not times:
            return list(market.trades)[-limit:]
        start, end = call.integer("startTime", 0), call.integer("endTime", 2**62)
        found = [trade for trade in market.trades if start <= trade.time <= end]
        return found[:limit] if "startTime" in call.params else found[-limit:]

    def _named(self, call: Call) -> list[Market]:
        if "symbol" in call.params:
            return [self._venue.market(call.params["symbol"])]
        if "symbols" in call.params:
            try:
                names = json.loads(call.params["symbols"])
            except json.JSONDecodeError:
                raise illegal(
                    "symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}")*\\]$'
                ) from None
            return [self._venue.market(name) for name in names]
        return list(self._venue.markets.values())

    def _one_or_all(self, call: Call, show: Callable[[Market], Json]) -> Json:
        found = [show(market) for market in self._named(call)]
        return found[0] if "symbol" in call.params else found


def _rate(kind: str, interval: str, number: int, limit: int) -> Json:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }
