"""Bars out of trades, for markets that keep no bars of their own."""

from __future__ import annotations

from collections.abc import Iterable

from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick


class _Forming:
    """One bar while its trades come in."""

    __slots__ = ("close", "high", "low", "open", "start", "steps")

    def __init__(self, start: int, tick: TradeTick) -> None:
        self.start = start
        self.open = self.high = self.low = self.close = tick.ticks
        self.steps = tick.steps

    def add(self, tick: TradeTick) -> None:
        self.high = max(self.high, tick.ticks)
        self.low = min(self.low, tick.ticks)
        self.close = tick.ticks
        self.steps += tick.steps

    def bar(self, instrument: Instrument, interval: int) -> Bar:
        return Bar(
            symbol=instrument.symbol,
            ts_open=self.start,
            interval=interval,
            open=instrument.price(self.open),
            high=instrument.price(self.high),
            low=instrument.price(self.low),
            close=instrument.price(self.close),
            volume=instrument.quantity(self.steps),
        )


def bars_of(
    ticks: Iterable[TradeTick], instrument: Instrument, interval: int, until: int
) -> tuple[Bar, ...]:
    """Return the bars of ``interval`` ns that were complete at ``until`` (UTC ns), oldest first.

    Bars start at whole multiples of the interval, by venue time. An interval without a trade
    has no bar. A trade that comes after its interval was left counts to the bar at hand, so
    that no bar changes once a later one has begun.
    """
    bars: list[Bar] = []
    forming: _Forming | None = None
    for tick in ticks:
        start = tick.ts_event - tick.ts_event % interval
        if forming is not None and start <= forming.start:
            forming.add(tick)
            continue
        if forming is not None:
            bars.append(forming.bar(instrument, interval))
        forming = _Forming(start, tick)
    if forming is not None and forming.start + interval <= until:
        bars.append(forming.bar(instrument, interval))
    return tuple(bars)
