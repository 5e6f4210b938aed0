"""From trades to bars, without a clock.

The bar of an interval takes the trades whose *venue* time lies in it, so that live, back-filled
and recorded trades give the same bars. It is complete with the first trade of a later interval.
Silence completes it too, but on *our* clock: :meth:`TickBars.on_time` waits ``grace`` after the
end of the interval, because trades travel. Without the grace the timer would win against trades
still under way at every end of an interval, and live bars would miss their last trades.

Invariants:
    1. An interval without a trade has no bar; the bars before and after it are neighbors.
    2. A bar never changes once returned, and bars are returned in ascending order. A trade older
       than the forming bar, or than the last complete one, is counted in ``late`` and belongs to
       no bar. That happens when trades arrive in disorder across an end, or when the venue's
       clock and the way to us together lag ours by more than ``grace``.
    3. Inside a bar arrival is the order: the last trade that arrived is the close.
    4. When our clock is behind the venue's (received before event), trades complete every bar
       and time only those after which silence follows, later by the difference. Nothing is lost.
    5. Venue times are believed. One far in the future would make every later trade late;
       refusing such times is the connector's work.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import attrs

from robson_domain import Bar, Instrument, TradeTick, ValidationError

CLOSE_GRACE: Final = 1_000_000_000
"""How long silence must last after the end of an interval before time completes its bar, ns."""


class TickBar(NamedTuple):
    """A bar in whole ticks and steps.

    Attributes:
        ts_open: Start of the interval, venue time, UTC ns.
        steps: Traded quantity, whole steps; trades of unknown quantity count nothing.
    """

    ts_open: int
    open: int
    high: int
    low: int
    close: int
    steps: int


@attrs.frozen(kw_only=True)
class BarsState:
    """All that :class:`TickBars` remembers.

    Attributes:
        forming: The bar that still takes trades; None between bars.
        ts_floor: Trades before this venue time are late, UTC ns; None before the first bar.
        late: How many trades were.
    """

    forming: TickBar | None
    ts_floor: int | None
    late: int


class TickBars:
    """Builds bars of integers from the trades of one pair.

    Args:
        interval: Length of a bar, ns, above zero. Bars start at multiples of it since the epoch.
        grace: Silence after the end of an interval before time completes its bar, ns.

    Raises:
        ValidationError: For an interval that is not above zero or a grace below zero.
    """

    __slots__ = ("_forming", "_grace", "_late", "_ts_floor", "interval")

    def __init__(self, interval: int, *, grace: int = CLOSE_GRACE) -> None:
        if interval <= 0:
            raise ValidationError("interval", f"{interval} ns must be above zero")
        if grace < 0:
            raise ValidationError("grace", f"{grace} ns must not be below zero")
        self.interval = interval
        self._grace = grace
        self._forming: TickBar | None = None
        self._ts_floor: int | None = None
        self._late = 0

    @property
    def forming(self) -> TickBar | None:
        """The bar that still takes trades, None between bars."""
        return self._forming

    @property
    def late(self) -> int:
        """How many trades came too late for their bar."""
        return self._late

    def on_tick(self, tick: TradeTick) -> TickBar | None:
        """Take one trade; return the bar that it completes."""
        start = tick.ts_event - tick.ts_event % self.interval
        if self._ts_floor is not None and start < self._ts_floor:
            self._late += 1
            return None
        price, forming = tick.ticks, self._forming
        if forming is None or forming.ts_open != start:
            self._ts_floor = start
            self._forming = TickBar(start, price, price, price, price, tick.steps)
            return forming
        self._forming = TickBar(
            start,
            forming.open,
            max(forming.high, price),
            min(forming.low, price),
            price,
            forming.steps + tick.steps,
        )
        return None

    def on_time(self, ts: int) -> TickBar | None:
        """Take the passing of time (our clock, UTC ns); return the bar that silence completes."""
        forming = self._forming
        if forming is None or ts < forming.ts_open + self.interval + self._grace:
            return None
        self._forming = None
        self._ts_floor = forming.ts_open + self.interval
        return forming

    def skip(self, ts_open: int) -> None:
        """Take note that the bar of the interval from ``ts_open`` is known from elsewhere.

        Raises:
            ValidationError: When it does not start an interval, or is not after all bars so far.
        """
        if ts_open % self.interval:
            raise ValidationError("bars", f"{ts_open} ns starts no interval of {self.interval} ns")
        if self._forming is not None or (self._ts_floor is not None and ts_open < self._ts_floor):
            raise ValidationError(
                "bars", f"the bar from {ts_open} ns must come in time order and before the prices"
            )
        self._ts_floor = ts_open + self.interval

    def state(self) -> BarsState:
        """Return all that is remembered."""
        return BarsState(forming=self._forming, ts_floor=self._ts_floor, late=self._late)

    def restore(self, state: BarsState) -> None:
        """Take up what :meth:`state` returned."""
        self._forming = state.forming
        self._ts_floor = state.ts_floor
        self._late = state.late


class BarBuilder:
    """Builds :class:`~robson_domain.Bar` objects from the trades of one pair.

    Args:
        interval: Length of a bar, ns, above zero.
        instrument: The pair's rules, which say what a tick and a step are.
        grace: Silence after the end of an interval before time completes its bar, ns.

    Raises:
        ValidationError: For an interval that is not above zero or a grace below zero.
    """

    __slots__ = ("_bars", "_instrument")

    def __init__(self, interval: int, instrument: Instrument, *, grace: int = CLOSE_GRACE) -> None:
        self._bars = TickBars(interval, grace=grace)
        self._instrument = instrument

    @property
    def forming(self) -> Bar | None:
        """The bar that still takes trades, as it stands; None between bars."""
        return self._bar(self._bars.forming)

    @property
    def late(self) -> int:
        """How many trades came too late for their bar."""
        return self._bars.late

    def on_tick(self, tick: TradeTick) -> Bar | None:
        """Take one trade; return the bar that it completes."""
        return self._bar(self._bars.on_tick(tick))

    def on_time(self, ts: int) -> Bar | None:
        """Take the passing of time (our clock, UTC ns); return the bar that silence completes."""
        return self._bar(self._bars.on_time(ts))

    def _bar(self, found: TickBar | None) -> Bar | None:
        if found is None:
            return None
        price = self._instrument.price
        return Bar(
            symbol=self._instrument.symbol,
            ts_open=found.ts_open,
            interval=self._bars.interval,
            open=price(found.open),
            high=price(found.high),
            low=price(found.low),
            close=price(found.close),
            volume=self._instrument.quantity(found.steps),
        )
