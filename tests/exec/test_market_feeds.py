"""Prices without holes: what was missed comes first, once, in order, and marked."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, MemoryTerms, Operation
from robson_domain import (
    Capabilities,
    Input,
    LinkChanged,
    Money,
    Price,
    PriceOrigin,
    Symbol,
    TradeTick,
)
from robson_exec import Activity, EventBus, FeedStatus, MarketFeeds, Supervisor, VirtualClock
from robson_exec import market_feeds as module
from robson_exec.inbox import Inbox
from robson_exec.market_feeds import FeedParts
from tests.exec.world import BTC, ETH, MS, SECOND, T0, Alerts, instrument

LIVE, GAP = PriceOrigin.LIVE, PriceOrigin.GAP


@attrs.define
class Rig:
    marks: dict[Symbol, int] = attrs.field(factory=dict)
    prices_max: int = 1_000
    has_backfill: bool = True
    alerts: Alerts = attrs.field(factory=Alerts)
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(Activity(), T0))
    venue: MemoryConnector = attrs.field(init=False)
    inbox: Inbox = attrs.field(init=False)
    feeds: MarketFeeds = attrs.field(init=False)
    _read: list[Input] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        terms = MemoryTerms(
            capabilities=Capabilities(name="memory", has_backfill=self.has_backfill)
        )
        pairs = [instrument(BTC), instrument(ETH)]
        self.venue = MemoryConnector(pairs, Money(1), self.clock, terms)
        self.inbox = Inbox(self.clock.activity, self.prices_max)
        bus = EventBus(self.alerts)
        self.feeds = MarketFeeds(
            FeedParts(
                market=self.venue,
                inbox=self.inbox,
                clock=self.clock,
                activity=self.clock.activity,
                supervisor=Supervisor(self.clock, bus),
                bus=bus,
                mark_of=self.marks.get,
            )
        )
        self.feeds.open(())

    def trade(self, *prices: int, symbol: Symbol = BTC) -> None:
        for price in prices:
            self.venue.feed(symbol, Price(price))

    def take(self) -> list[tuple[int, PriceOrigin]]:
        """Return (trade id, origin) of the prices that came in since the last time."""
        self._take_over()
        read, self._read = self._read, []
        return [(e.trade_id, e.origin) for e in read if isinstance(e, TradeTick)]

    def links(self) -> list[bool]:
        """Return the ups and downs that came in since prices were last taken."""
        return [
            entry.up
            for entry in (*self._read, *self.inbox.waiting)
            if isinstance(entry, LinkChanged)
        ]

    def _take_over(self) -> None:
        self._read.extend(self.inbox.waiting)
        self.inbox.waiting.clear()
        self.inbox.rest()

    async def _reader(self) -> None:
        while True:
            await self.inbox.wait()
            self._take_over()

    async def pass_time(self, ns: int) -> None:
        over = asyncio.Event()

        async def end() -> None:
            await self.clock.sleep_until(self.clock.now_ns() + ns)
            over.set()

        tasks = [asyncio.ensure_future(end()), asyncio.ensure_future(self._reader())]
        await self.clock.run(over)
        for task in tasks:
            task.cancel()


async def test_with_nothing_to_fetch_prices_are_live_at_once() -> None:
    it = Rig()
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.feeds.ensure(BTC)
    it.feeds.ensure(BTC)
    assert it.feeds.status(BTC) is FeedStatus.LIVE
    assert it.links() == [True]
    it.trade(100, 101)
    it.trade(7, symbol=ETH)
    assert it.take() == [(1, LIVE), (2, LIVE)]


async def test_nothing_is_followed_before_it_is_opened() -> None:
    it = Rig()
    it.feeds = MarketFeeds(it.feeds._parts)
    it.feeds.ensure(BTC)
    it.trade(100)
    assert it.take() == []
    it.feeds.open([BTC])
    it.trade(101)
    assert it.take() == [(2, LIVE)]


async def test_what_was_missed_comes_before_what_came_meanwhile() -> None:
    it = Rig(marks={BTC: 2})
    it.trade(100, 101, 102, 103)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=SECOND),
    )
    it.feeds.ensure(BTC)
    assert it.feeds.status(BTC) is FeedStatus.FILLING
    await it.pass_time(500 * MS)
    it.trade(104)
    assert it.take() == []
    await it.pass_time(SECOND)
    assert it.take() == [(3, GAP), (4, GAP), (5, LIVE)]
    assert it.feeds.backfilled == 2
    it.trade(105)
    assert it.take() == [(6, LIVE)]


async def test_a_trade_that_is_fetched_and_buffered_enters_once() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.feeds.ensure(BTC)
    it.trade(102)  # buffered before the fetch has even begun, and fetched too
    await it.feeds.filled()
    await it.feeds.filled()
    assert it.take() == [(2, GAP), (3, GAP)]


async def test_a_repeated_or_older_trade_never_enters_again() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(100, 101)
    sink, _ = it.venue._trade_sinks[BTC]
    sink(it.venue._ticks[BTC][0])
    sink(it.venue._ticks[BTC][1])
    assert it.take() == [(1, LIVE), (2, LIVE)]


async def test_trades_without_ids_all_enter() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(100)
    sink, _ = it.venue._trade_sinks[BTC]
    for _ in range(2):
        sink(it.venue._ticks[BTC][0]._replace(trade_id=0))
    assert it.take() == [(1, LIVE), (0, LIVE), (0, LIVE)]


async def test_a_reconnect_fetches_from_the_last_trade_that_entered() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.trade(101)
    it.venue.set_link(BTC, False)
    it.venue.set_link(BTC, False)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.trade(102, 103)
    it.venue.set_link(BTC, True)
    assert it.links() == [True, False, True]
    it.trade(104)
    await it.pass_time(MS)
    assert it.take() == [(2, LIVE), (3, GAP), (4, GAP), (5, GAP)]


async def test_a_reconnect_nobody_needs_the_past_of_fetches_nothing() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(101)
    it.venue.set_link(BTC, False)
    it.trade(102)
    it.venue.set_link(BTC, True)
    it.trade(103)
    assert it.take() == [(1, LIVE), (3, LIVE)]


async def test_a_fetch_that_fails_is_repeated_in_time() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(
        Fault(kind=FaultKind.LOSE_REPLY, on=Operation.TRADES_SINCE, times=3),
    )
    it.feeds.ensure(BTC)
    await it.pass_time(2 * SECOND)
    assert it.take() == [(2, GAP)]
    assert it.alerts.names == []


async def test_after_five_seconds_the_first_live_price_stands_for_the_gap() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.TRADES_SINCE, times=1_000))
    it.feeds.ensure(BTC)
    await it.pass_time(4 * SECOND)
    it.trade(102, 103)
    assert it.take() == []
    await it.pass_time(SECOND + MS)
    assert it.take() == [(3, GAP), (4, LIVE)]
    assert it.alerts.names == ["backfill_failed"]
    it.trade(104)
    assert it.take() == [(5, LIVE)]


async def test_a_fetch_that_hangs_holds_prices_back_for_five_seconds_only() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=60 * SECOND),
    )
    it.feeds.ensure(BTC)
    await it.pass_time(5 * SECOND + MS)
    it.trade(102)
    assert it.take() == [(3, GAP)]


async def test_a_venue_without_a_past_is_not_asked() -> None:
    it = Rig(marks={BTC: 1}, has_backfill=False)
    it.trade(100, 101)
    it.feeds.ensure(BTC)
    it.trade(102, 103)
    assert it.take() == [(3, GAP), (4, LIVE)]
    assert it.alerts.names == []


async def test_a_stop_without_a_mark_is_tested_by_the_first_price() -> None:
    it = Rig(marks={BTC: 0})
    it.feeds.ensure(BTC)
    it.trade(102, 103)
    assert it.take() == [(1, GAP), (2, LIVE)]


async def test_a_past_the_venue_refuses_is_given_up_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    original = it.venue.trades_since

    async def refused(symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        await original(Symbol("SOLUSDT"), after)
        raise AssertionError

    monkeypatch.setattr(it.venue, "trades_since", refused)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.trade(101)
    assert it.take() == [(2, GAP)]
    assert "not traded" in it.alerts.told[0][2]["problem"]


async def test_a_connector_that_breaks_is_given_up_with_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)

    async def broken(symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        raise KeyError("x")

    monkeypatch.setattr(it.venue, "trades_since", broken)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.trade(101)
    assert it.take() == [(2, GAP)]
    assert "KeyError" in it.alerts.told[0][2]["problem"]


async def test_a_link_lost_while_fetching_begins_again() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=SECOND),
    )
    it.feeds.ensure(BTC)
    await it.pass_time(100 * MS)
    it.venue.set_link(BTC, False)
    it.trade(102)
    it.venue.set_link(BTC, True)
    await it.pass_time(MS)
    assert it.take() == [(2, GAP), (3, GAP)]
    await it.pass_time(5 * SECOND)
    assert it.take() == []


async def test_a_trade_proves_a_link_nobody_announced() -> None:
    it = Rig()
    it.venue._down.add(BTC)
    it.feeds.ensure(BTC)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.venue._down.clear()
    it.trade(100)
    assert it.links() == [True]
    assert it.take() == [(1, LIVE)]


async def test_a_pair_that_is_released_is_not_followed() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.feeds.ensure(BTC)
    it.feeds.release(BTC)
    it.feeds.release(BTC)
    await it.pass_time(SECOND)
    it.trade(102)
    assert it.take() == []
    it.feeds.ensure(ETH)
    it.feeds.stop()
    it.trade(5, symbol=ETH)
    assert it.take() == []
    assert it.clock.activity.idle


async def test_without_room_the_link_is_closed_and_the_past_is_fetched_later() -> None:
    it = Rig(marks={BTC: 0}, prices_max=3)
    it.feeds.ensure(BTC)
    it.trade(100, 101)  # with the link's own input the inbox is full
    it.trade(102, 103)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    assert it.links() == [True, False]
    assert it.alerts.names == ["prices_refused"]
    assert it.take() == [(1, GAP), (2, LIVE)]
    it.marks[BTC] = 2
    await it.pass_time(300 * MS)
    assert it.take() == [(3, GAP), (4, GAP)]
    it.trade(104)
    assert it.take() == [(5, LIVE)]


async def test_no_room_for_long_waits_for_long() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.inbox.is_held = True
    it.trade(101)
    await it.pass_time(10 * SECOND)
    it.trade(102)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    assert it.take() == []
    it.inbox.is_held = False
    await it.pass_time(SECOND)
    assert it.take() == [(2, GAP), (3, GAP)]


async def test_a_link_lost_while_closed_is_simply_down() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.inbox.is_held = True
    it.trade(101)
    it.venue.set_link(BTC, True)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    it.venue.set_link(BTC, False)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.inbox.is_held = False
    await it.pass_time(SECOND)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.venue.set_link(BTC, True)
    await it.pass_time(MS)
    assert it.take() == [(2, GAP)]


async def test_a_buffer_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=SECOND),
    )
    monkeypatch.setattr(module, "BUFFER_MAX", 2)
    it.feeds.ensure(BTC)
    it.trade(101, 102, 103)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    await it.pass_time(2 * SECOND)
    assert it.take() == [(2, GAP), (3, GAP), (4, GAP)]


async def test_a_back_fill_that_is_asked_for_goes_back_that_far() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(100, 101, 102)
    it.take()
    it.feeds.backfill(BTC, 1)
    it.feeds.backfill(BTC, 0)  # one runs already
    it.feeds.backfill(ETH, 0)  # nobody follows it
    await it.pass_time(MS)
    assert it.take() == [(2, GAP), (3, GAP)]
