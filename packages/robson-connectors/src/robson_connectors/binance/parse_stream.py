"""Market stream frames to domain types; pure, and total: every frame has an answer.

A frame that is not understood is :class:`Ignored` (well formed, not for us) or
:class:`Malformed` (should have been for us); neither raises and neither becomes something else.
Which kind a message is, it says itself in ``e``; only a book ticker does not, and is known by
having exactly what a book ticker has.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import attrs
import msgspec

from robson_connectors.grids import Grids
from robson_connectors.trade_frames import (
    AGGREGATE,
    TRADE,
    AggregateTrade,
    DirectTrade,
    Kind,
    tick_of,
    time_ns,
)
from robson_domain import decimals
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.symbols import Symbol
from robson_domain.values import Price, Quantity

SHUTDOWN: Final = "serverShutdown"
_TICKER: Final = "24hrTicker"
_CANDLE: Final = "kline"
_AT: Final = ord("@")
_AGGREGATE_LETTER: Final = b"a"
_QUOTE_LETTER: Final = b"b"
_MINUTE_NS: Final = 60_000_000_000
INTERVALS: Final = {
    "1s": 1_000_000_000,
    **{f"{n}m": n * _MINUTE_NS for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * 60 * _MINUTE_NS for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": n * 1_440 * _MINUTE_NS for n in (1, 3)},
    "1w": 7 * 1_440 * _MINUTE_NS,
}
"""Length of the candles by their name, ns. A month has none."""


class Quote(NamedTuple):
    """Best bid and ask.

    Attributes:
        bid: Whole ticks; 0 when nobody bids.
        ask: Whole ticks; 0 when nobody asks.
        update_id: The venue's ascending number of the book.
        ts_received: UTC ns; a book ticker carries no time of its own.
    """

    symbol: Symbol
    bid: int
    ask: int
    update_id: int
    ts_received: int


class Print(NamedTuple):
    """One execution; its ids are not those of aggregate trades."""

    tick: TradeTick


@attrs.frozen(kw_only=True)
class Ticker:
    """The last 24 hours of a pair.

    Attributes:
        volume: Traded, base asset.
        quote_volume: Traded, quote asset.
        change_percent: Of the price, signed.
        ts_event: Venue time, UTC ns.
        ts_received: UTC ns.
    """

    symbol: Symbol
    last: Price
    open: Price
    high: Price
    low: Price
    volume: Quantity
    quote_volume: Quantity
    change_percent: Decimal
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class Candle:
    """A bar as far as it has come.

    Attributes:
        interval: The venue's name of its length.
        is_complete: Whether it changes no more.
    """

    bar: Bar
    interval: str
    is_complete: bool
    ts_received: int


@attrs.frozen(kw_only=True)
class Reply:
    """The answer to a request of ours.

    Attributes:
        request: Our id of it; empty when the venue did not say.
        code: The venue's code of a refusal; empty = done.
    """

    request: str
    code: str = ""
    message: str = ""


@attrs.frozen
class Shutdown:
    """The server will go away; another connection is needed now."""


@attrs.frozen
class Ignored:
    """A well-formed message that is not for us."""

    kind: str


@attrs.frozen
class Malformed:
    """A message that should have been understood."""

    problem: str


MarketMessage = TradeTick | Quote | Print | Ticker | Candle | Reply | Shutdown | Ignored | Malformed


class Refusal(msgspec.Struct):
    """What a request was refused for."""

    code: int
    msg: str = ""


class _Frame(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    e: str = ""
    id: int | str | None = None
    error: Refusal | None = None
    code: int | None = None
    msg: str = ""


class _AggregateFrame(msgspec.Struct, gc=False):
    data: AggregateTrade


class _Book(msgspec.Struct, gc=False):
    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    e: Literal["", "bookTicker"] = ""


class _BookFrame(msgspec.Struct, gc=False):
    data: _Book


class _Ticker(msgspec.Struct):
    s: str
    E: int
    c: str
    o: str
    h: str
    l: str  # noqa: E741 - the venue's own name
    v: str
    q: str
    P: str


class _Bar(msgspec.Struct):
    t: int
    T: int
    i: str
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the venue's own name
    v: str
    x: bool


class _Candle(msgspec.Struct):
    s: str
    k: _Bar


class MarketParser:
    """Parses the frames of the pairs it was told of.

    Args:
        on_rounded: Called with pair and number when one is off the grid it was told of: the venue
            has changed its sizes. Prices go on, at the nearest tick known.
    """

    def __init__(self, on_rounded: Callable[[Symbol, str], None]) -> None:
        self._on_rounded = on_rounded
        self._pairs: dict[str, Grids] = {}
        self._aggregate_frame = msgspec.json.Decoder(_AggregateFrame).decode
        self._book_frame = msgspec.json.Decoder(_BookFrame).decode
        self._frame = msgspec.json.Decoder(_Frame).decode
        self._kind = msgspec.json.Decoder(Kind).decode
        self._aggregate = msgspec.json.Decoder(AggregateTrade).decode
        self._trade = msgspec.json.Decoder(DirectTrade).decode
        self._book = msgspec.json.Decoder(_Book).decode
        self._ticker = msgspec.json.Decoder(_Ticker).decode
        self._candle = msgspec.json.Decoder(_Candle).decode

    def add(self, instrument: Instrument) -> None:
        """Understand the pair from now on, on these grids."""
        symbol = instrument.symbol
        grids = Grids(instrument, on_rounded=lambda text: self._on_rounded(symbol, text))
        self._pairs[str(symbol)] = grids

    def remove(self, symbol: Symbol) -> None:
        """Ignore the pair from now on; idempotent."""
        self._pairs.pop(str(symbol), None)

    def parse(self, frame: bytes, received: int) -> MarketMessage:
        """Return what a frame received at ``received`` (UTC ns) says; never raises."""
        try:
            # The two kinds that make up nearly all traffic are decoded in one go, told by the
            # first letter of their stream. A frame that only looks like one of them does not
            # fit its shape and goes the long way.
            at = frame.find(_AT) + 1
            letter = frame[at : at + 1]
            if letter == _AGGREGATE_LETTER:
                return self._aggregated(self._aggregate_frame(frame).data, received)
            if letter == _QUOTE_LETTER:
                return self._quoted(self._book_frame(frame).data, received)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
        except ValidationError as error:
            return Malformed(str(error))
        try:
            return self._other(frame, received)
        except (msgspec.MsgspecError, ValidationError, UnicodeDecodeError) as error:
            return Malformed(str(error))

    def _aggregated(self, trade: AggregateTrade, received: int) -> MarketMessage:
        grids = self._pairs.get(trade.s)
        return Ignored(AGGREGATE) if grids is None else tick_of(trade, trade.a, grids, received)

    def _quoted(self, book: _Book, received: int) -> MarketMessage:
        grids = self._pairs.get(book.s)
        if grids is None:
            return Ignored("bookTicker")
        bid, ask = grids.price.count(book.b), grids.price.count(book.a)
        return Quote(grids.symbol, bid, ask, book.u, received)

    def _other(self, frame: bytes, received: int) -> MarketMessage:
        envelope = self._frame(frame)
        if envelope.data:
            message = bytes(envelope.data)
            kind = self._kind(message).e
        elif envelope.e or envelope.id is None:
            message, kind = frame, envelope.e
        else:
            return _reply(envelope)
        if envelope.error is not None or envelope.code is not None:
            return _reply(envelope)
        return self._message(kind, message, received, envelope.stream)

    def _message(self, kind: str, message: bytes, received: int, stream: str) -> MarketMessage:
        if kind == AGGREGATE:
            return self._aggregated(self._aggregate(message), received)
        if kind == TRADE:
            return self._printed(self._trade(message), received)
        if kind == SHUTDOWN:
            return Shutdown()
        if kind == _TICKER:
            return _ticker(self._ticker(message), received)
        if kind == _CANDLE:
            return _candle(self._candle(message), received)
        if kind in ("", "bookTicker"):
            return self._nameless(message, received, must_fit=bool(kind) or "@book" in stream)
        return Ignored(kind)

    def _printed(self, trade: DirectTrade, received: int) -> MarketMessage:
        grids = self._pairs.get(trade.s)
        return Ignored(TRADE) if grids is None else Print(tick_of(trade, trade.t, grids, received))

    def _nameless(self, message: bytes, received: int, *, must_fit: bool) -> MarketMessage:
        try:
            return self._quoted(self._book(message), received)
        except msgspec.ValidationError:
            if must_fit:
                raise
            return Ignored("")


def _reply(frame: _Frame) -> Reply:
    request = "" if frame.id is None else str(frame.id)
    if frame.error is not None:
        return Reply(request=request, code=str(frame.error.code), message=frame.error.msg)
    if frame.code is not None:
        return Reply(request=request, code=str(frame.code), message=frame.msg)
    return Reply(request=request)


def _ticker(found: _Ticker, received: int) -> Ticker:
    return Ticker(
        symbol=Symbol(found.s),
        last=Price(found.c),
        open=Price(found.o),
        high=Price(found.h),
        low=Price(found.l),
        volume=Quantity(found.v),
        quote_volume=Quantity(found.q),
        change_percent=decimals.to_decimal(found.P, "change_percent"),
        ts_event=time_ns(found.E),
        ts_received=received,
    )


def _candle(found: _Candle, received: int) -> Candle:
    told = found.k
    interval = INTERVALS.get(told.i) or time_ns(told.T + 1) - time_ns(told.t)
    bar = Bar(
        symbol=Symbol(found.s),
        ts_open=time_ns(told.t),
        interval=interval,
        open=Price(told.o),
        high=Price(told.h),
        low=Price(told.l),
        close=Price(told.c),
        volume=Quantity(told.v),
    )
    return Candle(bar=bar, interval=told.i, is_complete=told.x, ts_received=received)
