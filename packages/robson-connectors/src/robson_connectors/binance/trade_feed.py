"""The trades of one pair on their way to whoever subscribed.

Aggregate trade ids go up by one. So a repeated trade is known by its id, and so is a missing
one: then the link is said to have been down, and whoever listens fetches what is missing.

Invariants:
    1. No trade id is delivered twice, and none goes back.
    2. The link is up before a trade is delivered.
    3. Nothing is missing between two trades delivered while the link was up, unless ids of the
       market turned out to have holes of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from robson_connectors.binance.plausibility import Plausibility
from robson_connectors.transport.tasks import Notify
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol

TradeSink = Callable[[TradeTick], None]
LinkSink = Callable[[Symbol, bool], None]

FILL_MAX_NS: Final = 5_000_000_000
"""A hole is told of again if nobody came to fetch it for so long."""
FALSE_HOLES_MAX: Final = 3
"""After so many holes in a row with nothing in them, ids say nothing about what is missing."""
_ANY: Final = -1


class TradeFeed:
    """Trades of one pair.

    Args:
        hold: Called with a time (UTC ns) at which :meth:`pass_time` is to be called.

    Attributes:
        is_up: Whether the link was said to be up.
        duplicates: Trades that came again.
        holes: Places where trades were missing.
    """

    def __init__(
        self,
        symbol: Symbol,
        sink: TradeSink,
        link: LinkSink,
        *,
        notify: Notify,
        hold: Callable[[int], None],
    ) -> None:
        self.symbol = symbol
        self.is_up = False
        self.duplicates = 0
        self.holes = 0
        self._sink = sink
        self._link = link
        self._notify = notify
        self._hold = hold
        self._gate = Plausibility()
        self._last = 0
        self._expected = _ANY
        self._needed = 0
        self._filled_to = 0
        self._hole: tuple[int, int, int] | None = None
        self._false_holes = 0

    # ---------------------------------------------------------------------------- from the venue

    def on_trade(self, tick: TradeTick) -> None:
        """Take one trade, in the order of arrival."""
        if tick.trade_id != self._expected and not self._jumped(tick):
            return
        self._last = tick.trade_id
        self._expected = tick.trade_id + 1
        gate = self._gate
        if gate.waiting is None and not gate.is_off(tick):
            self._sink(tick)
        else:
            self._judge(tick)

    def on_quote(self, bid: int, ask: int, received: int) -> None:
        """Take the newest quote: whole ticks, and UTC ns."""
        self._gate.quote(bid, ask, received)

    def _judge(self, tick: TradeTick) -> None:
        for counting in self._gate.take(tick):
            self._sink(counting)
        if self._gate.waiting is not None:
            facts = {"symbol": str(self.symbol), "trade_id": str(tick.trade_id)}
            self._notify("print_held", facts)
            self._hold(self._gate.due)

    def pass_time(self, now: int) -> None:
        """Let a print that waits count when its time has come."""
        for counting in self._gate.passed(now):
            self._sink(counting)

    def _jumped(self, tick: TradeTick) -> bool:
        """Say whether a trade that does not follow the last one is new."""
        number = tick.trade_id
        if number <= self._last:
            self.duplicates += 1
            return False
        is_first = self._expected == _ANY
        if not self.is_up:
            self.up()
        before = self._filled_to if is_first else self._last
        if before and number > before + 1:
            self._missed(before, tick)
        if is_first or self._expected == _ANY:
            self._needed = max(self._needed, number - 1)
        return True

    def _missed(self, before: int, tick: TradeTick) -> None:
        self.holes += 1
        if self._false_holes >= FALSE_HOLES_MAX:
            return
        hole = self._hole
        if hole is not None and tick.ts_received - hole[2] < FILL_MAX_NS:
            # Somebody is fetching already: they shall go as far as this.
            self._needed = max(self._needed, tick.trade_id - 1)
            return
        count = tick.trade_id - before - 1
        self._notify("trades_missed", {"symbol": str(self.symbol), "count": str(count)})
        self.down()
        self.up()
        self._hole = (before, tick.trade_id, tick.ts_received)

    # ---------------------------------------------------------------------------------- the link

    def up(self) -> None:
        """Say that trades flow; idempotent."""
        if self.is_up:
            return
        self.is_up = True
        self._needed = self._filled_to = 0
        self._hole = None
        self._tell(True)

    def down(self) -> None:
        """Say that trades may be missed; idempotent. What waits counts before."""
        if not self.is_up:
            return
        for counting in self._gate.release():
            self._sink(counting)
        self._gate.forget()
        self.is_up = False
        self._expected = _ANY
        self._tell(False)

    def _tell(self, up: bool) -> None:
        try:
            self._link(self.symbol, up)
        except Exception as error:
            # The other pairs share this connection.
            facts = {"symbol": str(self.symbol), "error": type(error).__name__}
            self._notify("listener_failed", facts)

    # ------------------------------------------------------------------------------- what is past

    def wanted_after(self, reached: int) -> bool:
        """Say whether trades after ``reached`` are known that no live one will bring."""
        return reached < self._needed

    def backfilled(self, reached: int, ticks: tuple[TradeTick, ...]) -> None:
        """Take note of what was fetched, up to and with trade ``reached``."""
        self._filled_to = max(self._filled_to, reached)
        hole, self._hole = self._hole, None
        if hole is not None:
            is_real = any(hole[0] < tick.trade_id < hole[1] for tick in ticks)
            self._false_holes = 0 if is_real else self._false_holes + 1
