"""Trades as they stand in stream frames; recordings and the live stream read them alike."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from robson_connectors.grids import Grids
from robson_domain.market import TradeTick

TRADE: Final = "trade"
AGGREGATE: Final = "aggTrade"
_MILLI_END: Final = 10**14
_MICRO_END: Final = 10**17


class Envelope(msgspec.Struct):
    """A combined-stream frame carries its message in ``data``; a bare one is the message."""

    data: msgspec.Raw = msgspec.Raw(b"")
    e: str = ""


class Kind(msgspec.Struct):
    """What a message says it is."""

    e: str = ""


class DirectTrade(msgspec.Struct, gc=False):
    """One execution."""

    s: str
    t: int
    p: str
    q: str
    T: int
    e: Literal["trade"]


class AggregateTrade(msgspec.Struct, gc=False):
    """Executions of one order at one price, as one."""

    s: str
    a: int
    p: str
    q: str
    T: int
    e: Literal["aggTrade"]


def time_ns(value: int) -> int:
    """Return a time in ms, µs or ns (told by its magnitude, good from 1973 on) as UTC ns."""
    if value < _MILLI_END:
        return value * 1_000_000
    return value * 1_000 if value < _MICRO_END else value


def tick_of(
    trade: DirectTrade | AggregateTrade, trade_id: int, grids: Grids, received: int
) -> TradeTick:
    """Return the trade of a frame that was received at ``received``, UTC ns.

    Raises:
        ValidationError: When price or quantity are no numbers or off their grid.
    """
    # Every trade of the market comes this way: what was met before costs no call.
    ticks = grids.price.known.get(trade.p) or grids.ticks(trade.p)
    steps = grids.quantity.known.get(trade.q)
    if steps is None:
        steps = grids.quantity.count(trade.q)
    time = trade.T
    happened = time * 1_000_000 if time < _MILLI_END else time_ns(time)
    return TradeTick(grids.symbol, ticks, trade_id, happened, received, steps)
