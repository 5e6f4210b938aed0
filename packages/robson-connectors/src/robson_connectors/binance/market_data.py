"""Market streams of the venue: trades for the machine, tickers and candles for people.

All pairs share one connection of combined streams: what is subscribed when it is made stands in
its address, what comes and goes later is subscribed on it. Beside a pair's aggregate trades runs
its book ticker: prints are judged by it, and a connection over which it falls silent is replaced
although its pings go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import attrs
import msgspec

from robson_connectors.binance.parse_stream import (
    INTERVALS,
    Candle,
    Ignored,
    Malformed,
    MarketParser,
    Quote,
    Reply,
    Shutdown,
    Ticker,
)
from robson_connectors.binance.trade_feed import LinkSink, TradeFeed, TradeSink
from robson_connectors.transport.connection import Sink
from robson_connectors.transport.pace import SECOND_NS, backoff_ns
from robson_connectors.transport.socket import Channel, Link, LinkSettings
from robson_connectors.transport.tasks import Notify, Tasks
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.ports.system import Clock
from robson_domain.symbols import Symbol

MARKET_LINK: Final = LinkSettings(
    stale_ns=15 * SECOND_NS, probe_ns=5 * SECOND_NS, quiet_ns=3 * SECOND_NS
)
"""Stops hang on these prices: silence is doubted as soon as a stop may be late by it."""
_PATH: Final = "/stream?streams="


@attrs.frozen(kw_only=True)
class MarketParts:
    """What the market streams need.

    Attributes:
        url: Where the streams are, without a path, e.g. ``wss://stream.example.com:9443``.
        jitter: Returns a number in [0, 1).
        notify: Told of problems: name and facts.
        instrument: Returns the rules of a pair; raises what MarketDataPort.instrument does.
        fetch: Returns the aggregate trades after an id, as MarketDataPort.trades_since does.
    """

    url: str
    clock: Clock
    jitter: Callable[[], float]
    notify: Notify
    instrument: Callable[[Symbol], Awaitable[Instrument]]
    fetch: Callable[[Symbol, int], Awaitable[tuple[TradeTick, ...]]]
    settings: LinkSettings = MARKET_LINK


class _Seat:
    """One connection: what is subscribed on it, and its sink."""

    def __init__(self, streams: MarketStreams, channel: Channel, names: Iterable[str]) -> None:
        self.channel = channel
        self.names = dict.fromkeys(names)
        self.confirmed = set(self.names)
        self._streams = streams
        self._parse = streams.parser.parse
        self._feeds = streams.feeds
        self._asked: dict[str, list[str]] = {}

    def on_frame(self, frame: bytes, received: int) -> None:
        """Take one message."""
        message = self._parse(frame, received)
        if type(message) is TradeTick:
            feed = self._feeds.get(message.symbol)
            if feed is not None:
                feed.on_trade(message)
        elif type(message) is Quote:
            feed = self._feeds.get(message.symbol)
            if feed is not None:
                feed.on_quote(message.bid, message.ask, received)
        elif isinstance(message, Shutdown):
            self.channel.leave("shutdown")
        elif isinstance(message, Reply):
            self._on_reply(message)
        else:
            self._streams.on_other(message)

    def ask(self, number: int, names: list[str]) -> None:
        """Subscribe ``names`` on this connection."""
        self.names.update(dict.fromkeys(names))
        self._asked[str(number)] = names
        self._post("SUBSCRIBE", number, names)

    def drop(self, number: int, names: list[str]) -> None:
        """Unsubscribe ``names`` here."""
        for name in names:
            self.names.pop(name, None)
            self.confirmed.discard(name)
        self._post("UNSUBSCRIBE", number, names)

    def _post(self, method: str, number: int, names: list[str]) -> None:
        request = {"method": method, "params": names, "id": number}
        self.channel.post(msgspec.json.encode(request).decode())

    def awaits(self, number: int) -> bool:
        """Say whether a subscription has not been answered."""
        return str(number) in self._asked

    def _on_reply(self, reply: Reply) -> None:
        names = self._asked.pop(reply.request, None)
        if reply.code:
            facts = {"code": reply.code, "message": reply.message}
            self._streams.parts.notify("subscription_refused", facts)
            self.channel.leave("refused")
        elif names is not None:
            self.confirmed.update(name for name in names if name in self.names)
            self._streams.raise_feeds()


class MarketStreams:
    """Live market data of one venue.

    Attributes:
        counts: Messages that went nowhere, by what they were.
    """

    def __init__(self, parts: MarketParts) -> None:
        self.parts = parts
        self.parser = MarketParser(self._on_rounded)
        self._told: set[Symbol] = set()
        self.feeds: dict[Symbol, TradeFeed] = {}
        self.counts: Counter[str] = Counter()
        self._observers: dict[str, Callable[[Ticker], None] | Callable[[Candle], None]] = {}
        self._names: dict[str, None] = {}
        self._seats: dict[Channel, _Seat] = {}
        self._tasks = Tasks(parts.notify)
        self._link: Link | None = None
        self._requests = 0
        self._is_closed = False

    # ------------------------------------------------------------------------------ subscribing

    def subscribe(self, symbol: Symbol, sink: TradeSink, link: LinkSink) -> None:
        """Deliver the aggregate trades of a pair, as ``MarketDataPort.subscribe`` promises."""
        if self._is_closed:
            return

        def hold(ts: int) -> None:
            self._tasks.spawn(f"held {symbol}", self._held(feed, ts))

        feed = TradeFeed(symbol, sink, link, notify=self.parts.notify, hold=hold)
        self.feeds[symbol] = feed
        self._tasks.spawn(f"prepare {symbol}", self._prepare(feed))

    def unsubscribe(self, symbol: Symbol) -> None:
        """Deliver nothing more of a pair; idempotent."""
        if self.feeds.pop(symbol, None) is not None:
            self.parser.remove(symbol)
            self._unwant(_names_of(symbol))

    def follow_ticker(self, symbol: Symbol, sink: Callable[[Ticker], None]) -> None:
        """Call ``sink`` with the 24 hours of a pair whenever they change."""
        self._follow(_ticker_name(symbol), sink)

    def follow_candles(self, symbol: Symbol, interval: str, sink: Callable[[Candle], None]) -> None:
        """Call ``sink`` with the current candle of a pair whenever it changes.

        Raises:
            ValidationError: For an interval that is none of :data:`INTERVALS`.
        """
        if interval not in INTERVALS:
            raise ValidationError("interval", f"{interval[:20]!r} is none of {list(INTERVALS)}")
        self._follow(_candle_name(symbol, interval), sink)

    def unfollow(self, symbol: Symbol) -> None:
        """Call no ticker and candle sinks of a pair any more; idempotent."""
        own = f"{symbol.lower()}@"
        names = [name for name in self._observers if name.startswith(own)]
        for name in names:
            del self._observers[name]
        self._unwant(names)

    def _follow(self, name: str, sink: Callable[[Ticker], None] | Callable[[Candle], None]) -> None:
        if not self._is_closed:
            self._observers[name] = sink
            self._want([name])

    async def _prepare(self, feed: TradeFeed) -> None:
        """Fetch the rules of a pair, then subscribe it."""
        clock, failures = self.parts.clock, 0
        while self.feeds.get(feed.symbol) is feed:
            try:
                instrument = await self.parts.instrument(feed.symbol)
            except Exception as error:
                # Whatever it was: without rules no price of the pair can be read.
                failures += 1
                facts = {"symbol": str(feed.symbol), "error": type(error).__name__}
                self.parts.notify("instrument_unknown", facts)
                wait = backoff_ns(failures, self.parts.jitter)
                await clock.sleep_until(clock.now_ns() + wait)
                continue
            if self.feeds.get(feed.symbol) is feed:
                self.parser.add(instrument)
                self._want(_names_of(feed.symbol))
                self.raise_feeds()
            return

    async def _held(self, feed: TradeFeed, ts: int) -> None:
        await self.parts.clock.sleep_until(ts)
        if self.feeds.get(feed.symbol) is feed:
            feed.pass_time(self.parts.clock.now_ns())

    # ------------------------------------------------------------------------------- the streams

    def _want(self, names: list[str]) -> None:
        new = [name for name in names if name not in self._names]
        self._names.update(dict.fromkeys(new))
        if self._link is None:
            parts = self.parts
            self._link = Link(
                self,
                clock=parts.clock,
                jitter=parts.jitter,
                notify=parts.notify,
                settings=parts.settings,
            )
            self._link.start()
            return
        for seat in self._seats.values():
            self._complete(seat)

    def _unwant(self, names: list[str]) -> None:
        gone = [name for name in names if self._names.pop(name, self) is None]
        for seat in self._seats.values():
            here = [name for name in gone if name in seat.names]
            if here and seat.channel.connection is not None:
                self._requests += 1
                seat.drop(self._requests, here)
        if not self._names and self._link is not None:
            link, self._link = self._link, None
            self._seats.clear()
            self._tasks.spawn("close link", link.close())

    def _complete(self, seat: _Seat) -> None:
        """Subscribe on a connection what it lacks."""
        missing = [name for name in self._names if name not in seat.names]
        if missing and seat.channel.connection is not None:
            self._requests += 1
            seat.ask(self._requests, missing)
            self._tasks.spawn("subscription", self._expect(seat, self._requests))

    async def _expect(self, seat: _Seat, number: int) -> None:
        clock = self.parts.clock
        await clock.sleep_until(clock.now_ns() + self.parts.settings.patience_ns)
        if seat.awaits(number):
            seat.channel.leave("subscription unanswered")

    def raise_feeds(self) -> None:
        """Say that trades flow for every pair that is subscribed on a ready connection."""
        for symbol, feed in self.feeds.items():
            name = _trades_name(symbol)
            if any(s.channel.is_ready and name in s.confirmed for s in self._seats.values()):
                feed.up()

    def on_other(self, message: object) -> None:
        """Take a message that is no trade, quote, reply or notice."""
        if isinstance(message, Ticker):
            self._observe(_ticker_name(message.symbol), message)
        elif isinstance(message, Candle):
            self._observe(_candle_name(message.bar.symbol, message.interval), message)
        elif isinstance(message, Malformed):
            self._count("malformed", message.problem)
        else:
            kind = message.kind if isinstance(message, Ignored) else type(message).__name__
            self.counts[f"ignored {kind}".strip()] += 1

    def _on_rounded(self, symbol: Symbol, text: str) -> None:
        if symbol not in self._told:
            self._told.add(symbol)
            self.parts.notify("grid_changed", {"symbol": str(symbol), "number": text})

    def _observe(self, name: str, message: Ticker | Candle) -> None:
        sink = self._observers.get(name)
        if sink is not None:
            sink(message)  # type: ignore[arg-type]

    def _count(self, name: str, problem: str) -> None:
        self.counts[name] += 1
        count = self.counts[name]
        if str(count).strip("0") == "1":
            # The first, tenth, hundredth … : nobody is helped by a million alerts.
            self.parts.notify("frame_malformed", {"problem": problem, "count": str(count)})

    # ------------------------------------------------------------------------- called by the link

    def address(self, channel: Channel) -> str:
        """Return where to connect: everything that is wanted now."""
        seat = self._seats[channel]
        return self.parts.url + _PATH + "/".join(seat.names)

    def sink(self, channel: Channel) -> Sink:
        """Return what takes the messages of a connection."""
        seat = self._seats[channel] = _Seat(self, channel, self._names)
        return seat.on_frame

    def connected(self, channel: Channel) -> None:
        """A connection is subscribed by its address; subscribe what was wanted meanwhile."""
        channel.ready()
        self._complete(self._seats[channel])
        self.raise_feeds()

    def lost(self, channel: Channel) -> None:
        """Forget a connection."""
        self._seats.pop(channel, None)

    def link_changed(self, up: bool) -> None:
        """Tell the pairs."""
        if up:
            self.raise_feeds()
            return
        for feed in self.feeds.values():
            feed.down()

    # ------------------------------------------------------------------------------- past and end

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the trades after an id, up to the live ones if the venue tells that far.

        Raises:
            DefinitiveVenueError: The venue does not reach back that far.
            RetryableVenueError: No usable answer.
        """
        found = await self.parts.fetch(symbol, after_trade_id)
        feed = self.feeds.get(symbol)
        if feed is None:
            return found
        if feed.wanted_after(_reached(found, after_trade_id)):
            # Asked too early: the venue's history lagged behind its stream.
            found += await self.parts.fetch(symbol, _reached(found, after_trade_id))
        feed.backfilled(_reached(found, after_trade_id), found)
        return found

    async def close(self) -> None:
        """End everything; idempotent."""
        self._is_closed = True
        self.feeds.clear()
        self._observers.clear()
        self._names.clear()
        await self._tasks.close()
        link, self._link = self._link, None
        if link is not None:
            await link.close()
        self._seats.clear()


def _reached(ticks: tuple[TradeTick, ...], after: int) -> int:
    return ticks[-1].trade_id if ticks else after


def _trades_name(symbol: Symbol) -> str:
    return f"{symbol.lower()}@aggTrade"


def _names_of(symbol: Symbol) -> list[str]:
    return [_trades_name(symbol), f"{symbol.lower()}@bookTicker"]


def _ticker_name(symbol: Symbol) -> str:
    return f"{symbol.lower()}@ticker"


def _candle_name(symbol: Symbol, interval: str) -> str:
    return f"{symbol.lower()}@kline_{interval}"
