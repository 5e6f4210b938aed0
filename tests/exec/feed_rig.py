"""A feed on the memory venue, and a reader of what it brings in."""

from __future__ import annotations

import asyncio

import attrs

from robson_connectors.memory import MemoryConnector, MemoryTerms
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
from robson_exec import Activity, EventBus, MarketFeeds, Supervisor, VirtualClock
from robson_exec.inbox import Inbox
from robson_exec.market_feeds import FeedParts
from tests.exec.world import BTC, ETH, T0, Alerts, instrument

LIVE, GAP = PriceOrigin.LIVE, PriceOrigin.GAP


@attrs.define
class Rig:
    marks: dict[Symbol, int] = attrs.field(factory=dict)
    stops: dict[Symbol, int] = attrs.field(factory=dict)
    prices_max: int = 1_000
    has_backfill: bool = True
    is_real_time: bool = False
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
                is_real_time=self.is_real_time,
                mark_of=self.marks.get,
                stop_mark_of=self.stops.get,
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
