"""The last complete bars of a pair and the one that forms."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import attrs

from robson_domain import Bar, Instrument, Side, TradeTick, UnknownSchema, ValidationError, decimals
from robson_engine.bars import BarsState, TickBar, TickBars


@attrs.frozen(kw_only=True)
class HistoryState:
    """All that :class:`History` remembers; ``complete`` is oldest first."""

    complete: tuple[TickBar, ...]
    bars: BarsState


class History:
    """A window of complete bars, in ticks, fed by trades, by time and by past bars.

    Args:
        interval: Length of a bar, ns.
        size: How many complete bars are kept.
        instrument: The pair's rules.
    """

    __slots__ = ("_bars", "_complete", "_instrument")

    def __init__(self, interval: int, size: int, instrument: Instrument) -> None:
        self._bars = TickBars(interval)
        self._complete: deque[TickBar] = deque(maxlen=size)
        self._instrument = instrument

    @property
    def interval(self) -> int:
        """Length of a bar, ns."""
        return self._bars.interval

    def warm_up(self, bars: Sequence[Bar]) -> None:
        """Take past bars, oldest first, before the first trade.

        Raises:
            ValidationError: For bars of another pair or interval, or out of time order.
        """
        for bar in bars:
            if bar.symbol != self._instrument.symbol or bar.interval != self.interval:
                raise ValidationError(
                    "bars", f"{bar.symbol} bars of {bar.interval} ns are not the ones asked for"
                )
            self._bars.skip(bar.ts_open)
            self._complete.append(self._in_ticks(bar))

    def _in_ticks(self, bar: Bar) -> TickBar:
        # Venues change tick sizes. A past price off the present grid is taken to the next tick
        # outward, so that a swing never comes out closer to the price than it was.
        size = self._instrument.tick_size
        return TickBar(
            bar.ts_open,
            decimals.floor_div(bar.open.value, size),
            decimals.ceil_div(bar.high.value, size),
            max(1, decimals.floor_div(bar.low.value, size)),
            decimals.floor_div(bar.close.value, size),
            self._instrument.steps(bar.volume),
        )

    def on_tick(self, tick: TradeTick) -> bool:
        """Take one trade; say whether it completed a bar."""
        return self._keep(self._bars.on_tick(tick))

    def on_time(self, ts: int) -> bool:
        """Take the passing of time (UTC ns); say whether silence completed a bar."""
        return self._keep(self._bars.on_time(ts))

    def _keep(self, bar: TickBar | None) -> bool:
        if bar is None:
            return False
        self._complete.append(bar)
        return True

    def closes(self, count: int) -> list[int] | None:
        """Return the last ``count`` closes, oldest first; None while there are fewer."""
        return None if len(self._complete) < count else [b.close for b in self._last(count)]

    def highest(self, count: int) -> int | None:
        """Return the highest high of the last ``count`` complete bars; None while fewer."""
        return None if len(self._complete) < count else max(b.high for b in self._last(count))

    def lowest(self, count: int) -> int | None:
        """Return the lowest low of the last ``count`` complete bars; None while fewer."""
        return None if len(self._complete) < count else min(b.low for b in self._last(count))

    def _last(self, count: int) -> list[TickBar]:
        return list(self._complete)[-count:]

    def swing(self, side: Side, count: int) -> int | None:
        """Return the level a trade on ``side`` must not come back to, in ticks.

        The lowest low (long) or highest high (short) of the last ``count`` complete bars and the
        forming one; None while there are fewer.
        """
        forming = self._bars.forming
        if side is Side.LONG:
            low = self.lowest(count)
            return low if low is None or forming is None else min(low, forming.low)
        high = self.highest(count)
        return high if high is None or forming is None else max(high, forming.high)

    def state(self) -> HistoryState:
        """Return all that is remembered."""
        return HistoryState(complete=tuple(self._complete), bars=self._bars.state())

    def restore(self, state: HistoryState) -> None:
        """Take up what :meth:`state` returned.

        Raises:
            UnknownSchema: For more bars than are kept: another parameter wrote it.
        """
        size = self._complete.maxlen
        if len(state.complete) > (size or 0):
            raise UnknownSchema(f"{len(state.complete)} bars stored where at most {size} are kept")
        self._complete = deque(state.complete, maxlen=size)
        self._bars.restore(state.bars)
