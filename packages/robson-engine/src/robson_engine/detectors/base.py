"""What all detectors share: what they see, how they fire once, and how they are remembered.

Which prices count:

* **Live** trades build the bars and may fire.
* **Gap** trades (back-filled after a silence or a restart) build the bars and the averages but
  never fire. Such a price is older than it looks: a signal made from it would be refused as
  stale, and the position's one signal would be spent. Whatever the idea was, the next live price
  decides. After a gap trade there is no last price until the next live one.
* **REST** prices are ignored. They are no trades, so bars made of them would differ from the
  venue's and from a backtest's.

Time is counted from the first thing a detector is shown, a live price or the passing of time;
show it the time of arming (``on_time(armed_at)``) and it counts from there. It never runs
backwards: received times that do count as the latest one seen.

A signal whose technical stop is not known, or not on the losing side of the price, is not made
and the detector goes on waiting (see :mod:`robson_engine.detectors.stops`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

import attrs

from robson_domain import (
    Bar,
    DetectorSignal,
    Instrument,
    PositionId,
    Price,
    PriceOrigin,
    Side,
    SignalId,
    Symbol,
    TradeTick,
    UnknownSchema,
    codec,
)
from robson_engine.detectors.history import History, HistoryState
from robson_engine.detectors.params import COMMON, INTERVAL, Param, Params, resolve
from robson_engine.detectors.stops import is_losing, stop_rule


@attrs.frozen(kw_only=True)
class Watch:
    """The position a detector waits for."""

    position_id: PositionId
    symbol: Symbol
    side: Side
    instrument: Instrument


@attrs.frozen(kw_only=True)
class Memory:
    """All that a detector remembers.

    Attributes:
        started: First time it was shown anything, UTC ns; None = nothing yet.
        now: Latest time it was shown, UTC ns.
        last: Last price in ticks; None before the first live one and after a gap.
        fired: Whether its one signal is out.
    """

    history: HistoryState
    started: int | None
    now: int
    last: int | None
    fired: bool


class SignalDetector(ABC):
    """Base of the built-in detectors, and of others that want bars, stops and memory for free.

    A detector names itself (``NAME``, ``VERSION``, ``PARAMS``) and answers
    :meth:`price_fires`, or :meth:`time_fires` as well. One with a memory of its own also extends
    :meth:`dump` and :meth:`restore`. ``VERSION`` goes up with the layout of the memory and with
    what it means: a changed default changes that for positions armed before.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int]
    FIRES_AT_ANY_PRICE: ClassVar[bool] = False
    PARAMS: ClassVar[tuple[Param[object], ...]] = ()
    """Its own parameters, beside the common ones."""

    def __init__(self, params: Params, watch: Watch) -> None:
        self._watch = watch
        self._rule = stop_rule(params, watch.instrument)
        self._own_bars_needed = self.own_bars_needed(params)
        self.history = History(params[INTERVAL], self.bars_needed, watch.instrument)
        self._started: int | None = None
        self._now = 0
        self._last: int | None = None
        self._fired = False

    @classmethod
    def allowed(cls) -> tuple[Param[object], ...]:
        """Return every parameter it takes, its own first."""
        return cls.PARAMS + COMMON

    @classmethod
    def create(cls, given: Iterable[tuple[str, str]], watch: Watch) -> Self:
        """Return the detector for ``watch`` with the parameters ``given``.

        Raises:
            ValidationError: For a parameter that is unknown, given twice, or has a bad value.
        """
        return cls(resolve(cls.NAME, cls.allowed(), given), watch)

    @property
    def side(self) -> Side:
        """Direction of the position."""
        return self._watch.side

    @property
    def interval(self) -> int:
        """Length of its bars, ns."""
        return self.history.interval

    @property
    def bars_needed(self) -> int:
        """How many past bars :meth:`warm_up` wants; 0 = none."""
        return max(self._own_bars_needed, self.stop_bars_needed)

    @property
    def stop_bars_needed(self) -> int:
        """How many of them the technical stop needs; 0 when the person named the stop.

        Without these a position should not be armed; bars beyond them may be gathered live.
        """
        return self._rule.bars_needed

    @property
    def elapsed(self) -> int:
        """Time since it was first shown anything, ns."""
        return 0 if self._started is None else self._now - self._started

    def own_bars_needed(self, params: Params) -> int:
        """Return how many complete bars the idea itself looks at."""
        return 0

    def bars_changed(self) -> None:  # noqa: B027 (most have nothing to note)
        """Take note that a bar was completed, or that all were replaced."""

    @abstractmethod
    def price_fires(self, ticks: int, *, bar_closed: bool) -> bool:
        """Say whether a live price is the one that was waited for.

        Args:
            ticks: The price; it is part of :attr:`history` already.
            bar_closed: Whether it completed a bar (and so is the first price of the next).
        """

    def time_fires(self, *, bar_closed: bool) -> bool:
        """Say whether the passing of time makes the signal, at the last live price.

        Args:
            bar_closed: Whether silence just completed a bar.
        """
        return False

    def warm_up(self, bars: Sequence[Bar]) -> None:
        """Take past bars, oldest first, before the first price.

        Raises:
            ValidationError: For bars of another pair or interval, or out of time order.
        """
        self.history.warm_up(bars)
        self.bars_changed()

    def on_price(self, tick: TradeTick) -> DetectorSignal | None:
        """Take one price; return the signal when this price makes it."""
        if self._fired or tick.origin is PriceOrigin.REST or tick.symbol != self._watch.symbol:
            return None
        bar_closed = self.history.on_tick(tick)
        if bar_closed:
            self.bars_changed()
        if tick.origin is PriceOrigin.GAP:
            self._last = None
            return None
        self._see(tick.ts_received)
        self._last = tick.ticks
        if not self.price_fires(tick.ticks, bar_closed=bar_closed):
            return None
        return self._fire(tick.ticks, tick.ts_received)

    def on_time(self, ts: int) -> DetectorSignal | None:
        """Take the passing of time (UTC ns); return the signal when it is due."""
        if self._fired:
            return None
        self._see(ts)
        bar_closed = self.history.on_time(ts)
        if bar_closed:
            self.bars_changed()
        if self._last is None or not self.time_fires(bar_closed=bar_closed):
            return None
        return self._fire(self._last, ts)

    def estimate(self, price: Price) -> DetectorSignal | None:
        """Return what the signal would be if it fired now at ``price``; changes nothing.

        Returns:
            The signal, stamped with the latest time seen (UTC ns), or None when the technical
            stop is not known yet or not on the losing side of ``price``.
        """
        return self._signal(price, self._now)

    def dump(self) -> str:
        """Return the state as canonical JSON text."""
        return codec.dumps(
            Memory(
                history=self.history.state(),
                started=self._started,
                now=self._now,
                last=self._last,
                fired=self._fired,
            )
        )

    def restore(self, data: str, version: int) -> None:
        """Take up the state that :meth:`dump` returned.

        Raises:
            UnknownSchema: For another version or text that does not fit.
        """
        if version != self.VERSION:
            raise UnknownSchema(f"detector {self.NAME}: version {version} is not {self.VERSION}")
        memory = codec.decode(codec.loads(data), Memory)
        self.history.restore(memory.history)
        self._started = memory.started
        self._now = memory.now
        self._last = memory.last
        self._fired = memory.fired
        self.bars_changed()

    def _see(self, ts: int) -> None:
        self._now = max(self._now, ts)
        if self._started is None:
            self._started = ts

    def _fire(self, ticks: int, ts: int) -> DetectorSignal | None:
        signal = self._signal(self._watch.instrument.price(ticks), ts)
        self._fired = signal is not None
        return signal

    def _signal(self, price: Price, ts: int) -> DetectorSignal | None:
        watch = self._watch
        stop = self._rule.find(price, watch.side, self.history)
        if stop is None or not is_losing(stop, price, watch.side):
            return None
        return DetectorSignal(
            signal_id=SignalId(f"{watch.position_id}-signal"),
            position_id=watch.position_id,
            symbol=watch.symbol,
            side=watch.side,
            entry_price=price,
            technical_stop=stop,
            timestamp=ts,
        )
