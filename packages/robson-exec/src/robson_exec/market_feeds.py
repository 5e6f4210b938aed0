"""Prices of the pairs in use, without holes: what was missed comes before what is new.

For each pair: live prices are buffered while the trades since the last known one are fetched;
those enter first, in trade-id order and marked as :attr:`PriceOrigin.GAP`, then the buffered
ones, then live ones as they come. When the past can not be had within
:data:`BACKFILL_MAX_NS`, the first live price is passed on marked as such, so that it is tested
against the stop before it may raise it.

Invariants:
    1. A trade id never enters twice and never goes back, unless the market has begun to count
       anew: then that is an alert, and prices go on.
    2. No live price enters while an earlier one is being fetched.
    3. A price is left out only when its link was closed first, and is fetched again then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from enum import Enum
from typing import Any

import attrs

from robson_domain import (
    Clock,
    LinkChanged,
    MarketDataPort,
    PriceOrigin,
    RetryableVenueError,
    Symbol,
    TradeTick,
    VenueError,
)
from robson_exec.activity import Activity
from robson_exec.bus import EventBus
from robson_exec.inbox import Inbox
from robson_exec.limits import (
    ASK_PRICES_NS,
    ASKED_AHEAD_NS,
    BACKFILL_MAX_NS,
    BACKFILL_RETRY_NS,
    BUFFER_MAX,
    RENUMBERED_NS,
)
from robson_exec.supervision import Supervisor, TimedOut


class FeedStatus(Enum):
    """Where the prices of a pair stand."""

    DOWN = "down"
    CLOSED = "closed"
    """By us, for lack of room in the inbox."""
    FILLING = "filling"
    LIVE = "live"


@attrs.frozen(kw_only=True)
class FeedParts:
    """What every feed needs.

    Attributes:
        mark_of: Trade id after which a pair's prices are needed; None = nobody needs older ones.
        stop_mark_of: The same for stops alone; None = no stop waits on the pair, 0 = one does and
            has seen no trade yet.
        is_real_time: Whether the clock passes by itself. Then a stream that is open and says
            nothing is not believed while a stop waits on it.
    """

    market: MarketDataPort
    inbox: Inbox
    clock: Clock
    activity: Activity
    supervisor: Supervisor
    bus: EventBus
    mark_of: Callable[[Symbol], int | None]
    stop_mark_of: Callable[[Symbol], int | None]
    is_real_time: bool = False


class MarketFeeds:
    """The feeds by pair; closed until start-up knows what the venue says.

    A price that came before an entry was found filled would not be seen by its stop.
    """

    def __init__(self, parts: FeedParts) -> None:
        self._parts = parts
        self._feeds: dict[Symbol, Feed] = {}
        self._is_open = False

    def open(self, symbols: Iterable[Symbol]) -> None:
        """Begin: follow ``symbols`` now and others from now on."""
        self._is_open = True
        if self._parts.is_real_time and self._parts.market.capabilities.has_backfill:
            _ = self._parts.supervisor.spawn("silence", self._doubt_silence())
        for symbol in symbols:
            self.ensure(symbol)

    def ensure(self, symbol: Symbol) -> None:
        """Follow a pair from now on; idempotent, and nothing before :meth:`open`."""
        if not self._is_open or symbol in self._feeds:
            return
        feed = self._feeds[symbol] = Feed(symbol, self._parts)
        try:
            self._parts.market.subscribe(symbol, feed.on_tick, feed.on_link)
        except Exception as error:
            # The other pairs need this process; the next change on this one tries again.
            del self._feeds[symbol]
            facts = {"symbol": str(symbol), "error": type(error).__name__, "message": str(error)}
            self._parts.bus.notify("critical", "prices_unavailable", facts)
        else:
            feed.ask_meanwhile()

    async def _doubt_silence(self) -> None:
        clock = self._parts.clock
        while True:
            heard = {symbol: feed.heard for symbol, feed in self._feeds.items()}
            await clock.sleep_until(clock.now_ns() + ASK_PRICES_NS)
            for symbol, feed in self._feeds.items():
                if heard.get(symbol) == feed.heard:
                    feed.doubt_silence()

    def release(self, symbol: Symbol) -> None:
        """Follow a pair no more; idempotent."""
        feed = self._feeds.pop(symbol, None)
        if feed is not None:
            self._parts.market.unsubscribe(symbol)
            feed.stop()

    def backfill(self, symbol: Symbol, after_trade_id: int) -> None:
        """Fetch the trades of a pair after an id, before any further live one counts."""
        feed = self._feeds.get(symbol)
        if feed is not None:
            feed.refill(after_trade_id)

    def status(self, symbol: Symbol) -> FeedStatus:
        """Return where the prices of a pair stand."""
        feed = self._feeds.get(symbol)
        return feed.status if feed is not None else FeedStatus.DOWN

    @property
    def backfilled(self) -> int:
        """How many trades were fetched after gaps, over the feeds in use."""
        return sum(feed.backfilled for feed in self._feeds.values())

    async def filled(self) -> None:
        """Return once no feed is fetching."""
        fills = [feed.fill for feed in self._feeds.values() if feed.fill is not None]
        if fills:
            await asyncio.wait(fills)

    def stop(self) -> None:
        """Follow nothing any more."""
        for symbol in list(self._feeds):
            self.release(symbol)


class Feed:
    """Prices of one pair.

    Attributes:
        status: Where they stand.
        last_id: Last trade id passed on; 0 = none yet.
        fill: The running fetch, None when none runs.
        backfilled: Trades fetched after gaps.
        heard: Id of the last trade that was pushed, whatever became of it.
    """

    def __init__(self, symbol: Symbol, parts: FeedParts) -> None:
        self.symbol = symbol
        self.status = FeedStatus.DOWN
        self.last_id = 0
        self.fill: asyncio.Task[None] | None = None
        self.backfilled = 0
        self.heard = 0
        self._parts = parts
        self._inbox = parts.inbox
        self._buffer: list[TradeTick] = []
        self._marks_gap = False
        self._is_live = False
        self._old_since = 0
        self._asked_at = 0
        self._asking: asyncio.Task[None] | None = None

    def on_tick(self, tick: TradeTick) -> None:
        """Take one live trade, in the order of arrival."""
        self.heard = tick.trade_id
        if self._is_live and not self._marks_gap and self._inbox.has_room:
            if tick.trade_id > self.last_id:
                self.last_id = tick.trade_id
                self._old_since = 0
            elif tick.trade_id:
                self._on_old(tick)
                return
            self._inbox.offer(tick)
        else:
            self._on_special(tick)

    def _on_old(self, tick: TradeTick) -> None:
        """Leave out a trade that was seen, unless nothing else comes: stops hang on it then."""
        if tick.ts_received - self._asked_at < ASKED_AHEAD_NS:
            return
        if not self._old_since:
            self._old_since = tick.ts_received
        elif tick.ts_received - self._old_since >= RENUMBERED_NS:
            facts = {
                "symbol": str(self.symbol),
                "last_id": str(self.last_id),
                "trade_id": str(tick.trade_id),
            }
            self._parts.bus.notify("critical", "trade_ids_went_back", facts)
            self._old_since, self.last_id = 0, tick.trade_id
            # What was traded in between is not known: first test the stop, then raise.
            self._inbox.offer(tick._replace(trade_id=0, origin=PriceOrigin.GAP))

    def _on_special(self, tick: TradeTick) -> None:
        if self.status is FeedStatus.DOWN:
            # A trade proves the link.
            self.on_link(self.symbol, True)
        if self.status is FeedStatus.CLOSED:
            return
        if self.status is FeedStatus.FILLING:
            self._keep(tick)
        elif not self._inbox.has_room:
            self._close_link()
        else:
            self._pass_on(tick)

    def _keep(self, tick: TradeTick) -> None:
        if len(self._buffer) < BUFFER_MAX:
            self._buffer.append(tick)
        else:
            self._close_link()

    def _pass_on(self, tick: TradeTick) -> None:
        if tick.trade_id:
            if tick.trade_id <= self.last_id:
                self._on_old(tick)
                return
            self.last_id, self._old_since = tick.trade_id, 0
        if self._marks_gap:
            self._marks_gap = False
            tick = tick._replace(origin=PriceOrigin.GAP)
        self._inbox.offer(tick)

    def on_link(self, symbol: Symbol, up: bool) -> None:
        """Take note that trades flow again, or may be missed from now on."""
        if up == (self.status is not FeedStatus.DOWN):
            return
        now = self._parts.clock.now_ns()
        self._inbox.offer(LinkChanged(symbol=symbol, up=up, ts_received=now))
        if up:
            self._open()
        else:
            self.stop()
            self.ask_meanwhile()

    def ask_meanwhile(self) -> None:
        """Ask for trades while none are pushed: stops are tested on them as on any others."""
        if self.status is FeedStatus.DOWN and self._parts.market.capabilities.has_backfill:
            self._asking = self._spawn("ask", self._ask())

    async def _ask(self) -> None:
        clock = self._parts.clock
        while self.status is FeedStatus.DOWN:
            await clock.sleep_until(clock.now_ns() + ASK_PRICES_NS)
            waiting = self._parts.stop_mark_of(self.symbol)
            if waiting is not None and self.status is FeedStatus.DOWN:
                # Where no trade was seen yet the latest ones are what there is to begin with.
                await self._ask_once(max(self.last_id, waiting))

    def doubt_silence(self) -> None:
        """Ask once for trades that an open stream may have kept to itself, where a stop waits."""
        waiting = self._parts.stop_mark_of(self.symbol)
        is_asking = self._asking is not None and not self._asking.done()
        if self.status is FeedStatus.LIVE and waiting is not None and not is_asking:
            self._asking = self._spawn("ask", self._ask_once(max(self.last_id, waiting)))

    async def _ask_once(self, after: int) -> None:
        clock = self._parts.clock
        try:
            async with self._parts.supervisor.deadline(clock.now_ns() + BACKFILL_MAX_NS):
                trades = await self._parts.market.trades_since(self.symbol, after)
        except (TimedOut, VenueError):
            return
        for tick in trades:
            if tick.trade_id > self.last_id and self._inbox.has_room:
                self.last_id, self._asked_at = tick.trade_id, clock.now_ns()
                self.backfilled += 1
                self._inbox.offer(tick._replace(origin=PriceOrigin.GAP))

    def _open(self) -> None:
        self._ask_no_more()
        needed = self._parts.mark_of(self.symbol)
        after = self.last_id or needed
        if needed is None or after is None:
            self._go_live()
        elif after and self._parts.market.capabilities.has_backfill:
            self._begin_fill(after)
        else:
            self._marks_gap = True
            self._go_live()

    def _go_live(self) -> None:
        self.status, self._is_live = FeedStatus.LIVE, True
        buffered, self._buffer = self._buffer, []
        for tick in buffered:
            self._pass_on(tick)

    def stop(self) -> None:
        """Pass nothing on any more."""
        self.status, self._is_live = FeedStatus.DOWN, False
        self._buffer = []
        if self.fill is not None:
            self.fill.cancel()
            self.fill = None
        self._ask_no_more()

    def _ask_no_more(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def refill(self, after: int) -> None:
        """Fetch again from ``after``, unless a fetch runs or the link is down."""
        if self.status is FeedStatus.LIVE:
            self.last_id = min(self.last_id, after)
            self._begin_fill(after)

    def _begin_fill(self, after: int) -> None:
        self.last_id = max(self.last_id, after)
        self.status, self._is_live = FeedStatus.FILLING, False
        self.fill = self._spawn("fill", self._fill(after))

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        token = self._parts.activity.token()
        return self._parts.supervisor.spawn(f"{name} {self.symbol}", work, token=token)

    async def _fill(self, after: int) -> None:
        trades = await self._fetch(after)
        self.fill = None
        if trades is None:
            self._marks_gap = True
        for tick in trades or ():
            if tick.trade_id > self.last_id:
                self.last_id = tick.trade_id
                self.backfilled += 1
                self._inbox.offer(tick._replace(origin=PriceOrigin.GAP))
        self._go_live()

    async def _fetch(self, after: int) -> tuple[TradeTick, ...] | None:
        """Return the trades after ``after``, None when they can not be had in time."""
        clock = self._parts.clock
        problem = "no answer in time"
        try:
            async with self._parts.supervisor.deadline(clock.now_ns() + BACKFILL_MAX_NS):
                while True:
                    try:
                        return await self._parts.market.trades_since(self.symbol, after)
                    except RetryableVenueError as error:
                        problem = error.message
                        await clock.sleep_until(clock.now_ns() + BACKFILL_RETRY_NS)
        except TimedOut:
            pass
        except VenueError as error:
            problem = error.message
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        facts = {"symbol": str(self.symbol), "after_trade_id": str(after), "problem": problem}
        self._parts.bus.notify("warning", "backfill_failed", facts)
        return None

    def _close_link(self) -> None:
        """Too far behind: better a hole that is fetched later than prices without end."""
        self._parts.bus.notify("critical", "prices_refused", {"symbol": str(self.symbol)})
        self.on_link(self.symbol, False)
        self.status = FeedStatus.CLOSED
        self.fill = self._spawn("wait for room", self._reopen())

    async def _reopen(self) -> None:
        clock = self._parts.clock
        while not self._inbox.has_room:
            await clock.sleep_until(clock.now_ns() + BACKFILL_RETRY_NS)
        self.fill, self.status = None, FeedStatus.DOWN
        self.on_link(self.symbol, True)
