"""Market streams: ``/ws`` and ``/stream``, subscriptions, and the frames."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.binance_exchange import market as markets
from tests.binance_exchange.market import Candle, Market, MarketTrade
from tests.binance_exchange.model import Account
from tests.binance_exchange.rest_market import aggregate
from tests.binance_exchange.sockets import SocketRules, WebSocket
from tests.binance_exchange.venue import Execution, Venue
from tests.binance_exchange.wire import Json, amount, dumps

STREAMS_MAX: Final = 1024


def agg_trade_event(symbol: str, trade: MarketTrade, now: int) -> Json:
    """Return an ``aggTrade`` frame."""
    found = aggregate(trade)
    return {"e": "aggTrade", "E": now, "s": symbol, **found}


def trade_event(symbol: str, trade: MarketTrade, now: int) -> Json:
    """Return a ``trade`` frame."""
    return {
        "e": "trade",
        "E": now,
        "s": symbol,
        "t": trade.id,
        "p": amount(trade.price),
        "q": amount(trade.quantity),
        "T": trade.time,
        "m": trade.buyer_maker,
        "M": True,
    }


def book_ticker_event(market: Market) -> Json:
    """Return a ``bookTicker`` frame: it has neither a type nor a time."""
    return {
        "u": market.update_id,
        "s": market.pair.symbol,
        "b": amount(market.bid),
        "B": amount(market.bid_qty),
        "a": amount(market.ask),
        "A": amount(market.ask_qty),
    }


def ticker_event(market: Market, now: int) -> Json:
    """Return a ``24hrTicker`` frame."""
    day = market.day(now)
    change = day.close - day.open
    average = day.quote_volume / day.volume if day.volume else day.close
    return {
        "e": "24hrTicker",
        "E": now,
        "s": market.pair.symbol,
        "p": amount(change),
        "P": f"{change / day.open * 100:.3f}",
        "w": amount(average),
        "x": amount(day.open),
        "c": amount(market.last),
        "Q": amount(market.trades[-1].quantity),
        "b": amount(market.bid),
        "B": amount(market.bid_qty),
        "a": amount(market.ask),
        "A": amount(market.ask_qty),
        "o": amount(day.open),
        "h": amount(day.high),
        "l": amount(day.low),
        "v": amount(day.volume),
        "q": amount(day.quote_volume),
        "O": now - 86_400_000,
        "C": now,
        "F": day.first_id,
        "L": day.last_id,
        "n": day.trades,
    }


def kline_event(market: Market, interval: str, candle: Candle, now: int, *, closed: bool) -> Json:
    """Return a ``kline`` frame."""
    symbol = market.pair.symbol
    return {
        "e": "kline",
        "E": now,
        "s": symbol,
        "k": {
            "t": candle.open_time,
            "T": candle.open_time + markets.span_of(interval) - 1,
            "s": symbol,
            "i": interval,
            "f": candle.first_id,
            "L": candle.last_id,
            "o": amount(candle.open),
            "c": amount(candle.close),
            "h": amount(candle.high),
            "l": amount(candle.low),
            "v": amount(candle.volume),
            "n": candle.trades,
            "x": closed,
            "q": amount(candle.quote_volume),
            "V": amount(candle.taker_base),
            "Q": amount(candle.taker_quote),
            "B": "0",
        },
    }


class MarketTalker:
    """One connection's way of speaking: raw or combined."""

    def __init__(self, hub: MarketStreams, names: list[str], *, combined: bool) -> None:
        self._hub = hub
        self._names = names
        self.combined = combined
        self.rules = hub.rules

    def opened(self, socket: WebSocket) -> None:
        """Subscribe to what the address names."""
        self._hub.join(socket, self)
        for name in self._names:
            self._hub.subscribe(socket, name)

    def closed(self, socket: WebSocket) -> None:
        """Forget the connection."""
        self._hub.leave(socket)

    def said(self, socket: WebSocket, text: str) -> None:
        """Obey SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        try:
            message = json.loads(text)
            method, number = message["method"], message.get("id")
        except (ValueError, TypeError, KeyError):
            socket.send(
                dumps({"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"})
            )
            return
        names = [name for name in message.get("params") or [] if isinstance(name, str)]
        if method == "LIST_SUBSCRIPTIONS":
            socket.send(dumps({"result": self._hub.names_of(socket), "id": number}))
            return
        if method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            words = f"Invalid request: unknown variant `{method}`"
            socket.send(dumps({"error": {"code": 2, "msg": words}, "id": number}))
            return
        for name in names:
            if method == "SUBSCRIBE":
                self._hub.subscribe(socket, name)
            else:
                self._hub.unsubscribe(socket, name)
        socket.send(dumps({"result": None, "id": number}))


class MarketStreams:
    """Who listens to which stream. A listener of the venue."""

    def __init__(self, venue: Venue, rules: SocketRules) -> None:
        self._venue = venue
        self.rules = rules
        self.talkers: dict[WebSocket, MarketTalker] = {}
        self._by_name: dict[str, dict[WebSocket, None]] = defaultdict(dict)
        self._shown: dict[str, Candle] = {}
        self._closed_to: dict[str, int] = {}

    def route(self, target: str) -> MarketTalker | int:
        """Return who speaks at ``target``, or 404."""
        address = urlsplit(target)
        if address.path == "/stream":
            names = parse_qs(address.query).get("streams", [""])[0].split("/")
            return MarketTalker(self, [n for n in names if n], combined=True)
        if address.path == "/ws" or address.path.startswith("/ws/"):
            names = address.path.removeprefix("/ws").split("/")
            return MarketTalker(self, [n for n in names if n], combined=False)
        return 404

    def join(self, socket: WebSocket, talker: MarketTalker) -> None:
        """Know a new connection."""
        self.talkers[socket] = talker

    def leave(self, socket: WebSocket) -> None:
        """Forget a connection."""
        self.talkers.pop(socket, None)
        for sockets in self._by_name.values():
            sockets.pop(socket, None)
        self._forget_idle()

    def _forget_idle(self) -> None:
        """Whoever subscribes later hears nothing of candles that closed meanwhile."""
        for name in [n for n in self._closed_to if not self._by_name.get(n)]:
            del self._closed_to[name]

    def subscribe(self, socket: WebSocket, name: str) -> None:
        """Send stream ``name`` to ``socket``; an unknown name is accepted and stays silent."""
        if len(self.names_of(socket)) >= STREAMS_MAX:
            socket.close(1008, "Too many streams")
            return
        self._by_name[name][socket] = None

    def unsubscribe(self, socket: WebSocket, name: str) -> None:
        """Stop sending stream ``name`` to ``socket``."""
        self._by_name[name].pop(socket, None)
        self._forget_idle()

    def names_of(self, socket: WebSocket) -> list[str]:
        """Return what ``socket`` subscribed to."""
        return [name for name, sockets in self._by_name.items() if socket in sockets]

    def push(self, name: str, event: Json) -> None:
        """Send ``event`` to whoever subscribed to ``name``."""
        sockets = self._by_name.get(name)
        if not sockets:
            return
        raw = dumps(event)
        combined = f'{{"stream":"{name}","data":{raw}}}'
        for socket in list(sockets):
            talker = self.talkers.get(socket)
            if talker is not None:
                socket.send(combined if talker.combined else raw)

    def shutdown(self) -> None:
        """Announce that the server goes down."""
        event = {"e": "serverShutdown", "E": self._venue.clock.now_ms()}
        for socket, talker in list(self.talkers.items()):
            wrapped = {"stream": "!serverShutdown", "data": event}
            socket.send(dumps(wrapped if talker.combined else event))

    # ------------------------------------------------------------------ the market moves

    def traded(self, symbol: str, trade: MarketTrade) -> None:
        """Push ``aggTrade`` and ``trade``."""
        now, name = self._venue.clock.now_ms(), symbol.lower()
        for kind, show in (("aggTrade", agg_trade_event), ("trade", trade_event)):
            if self._by_name.get(f"{name}@{kind}"):
                self.push(f"{name}@{kind}", show(symbol, trade, now))

    def quoted(self, symbol: str) -> None:
        """Push ``bookTicker``."""
        self.push(f"{symbol.lower()}@bookTicker", book_ticker_event(self._venue.markets[symbol]))

    def executed(self, execution: Execution) -> None:
        """Orders are no market data."""

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Balances are no market data."""

    def moved(self, account: Account, asset: str, delta: Decimal) -> None:
        """Transfers are no market data."""

    def tick(self) -> None:
        """Push what is sent on a timer: tickers and klines (changed, or just closed)."""
        now = self._venue.clock.now_ms()
        for name in [name for name, sockets in self._by_name.items() if sockets]:
            symbol, _, kind = name.partition("@")
            market = self._venue.markets.get(symbol.upper())
            if market is None or symbol != symbol.lower():
                continue
            if kind == "ticker":
                self.push(name, ticker_event(market, now))
            elif kind.startswith("kline_") and kind[6:] in markets.INTERVALS:
                self._push_kline(name, market, kind[6:], now)

    def _push_kline(self, name: str, market: Market, interval: str, now: int) -> None:
        start = markets.bucket(now, markets.span_of(interval))
        final = self._closed_to.setdefault(name, start)
        if start > final:
            for done in market.klines(interval, final, start - 1):
                self.push(name, kline_event(market, interval, done, now, closed=True))
            self._closed_to[name] = start
        candle = market.candle(interval, now)
        if candle is not None and candle != self._shown.get(name):
            self._shown[name] = candle
            self.push(name, kline_event(market, interval, candle, now, closed=False))
