"""The same with real files: SQLite under the daemon, the paper venue's ledger under the venue.

At each death both files are closed as the operating system would, and opened anew. The market
goes on meanwhile; the venue fills what became due, the daemon fetches what it missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

import robson_store
from robson_connectors.paper import PaperConnector
from robson_connectors.paper.market import RecordedMarket
from robson_domain import (
    EntryFilled,
    EntryOrderPlaced,
    ExecutionPort,
    ExitTriggered,
    MarketDataPort,
    Money,
    PositionStatus,
    Store,
    TradeTick,
)
from robson_engine import EngineConfig, VenueAssumptions
from robson_exec import Activity, Daemon, Parts, VirtualClock, start
from tests.exec.crashing import Life, MortalStore, MortalVenue, bury
from tests.exec.world import (
    BTC,
    CAPITAL,
    MS,
    SECOND,
    T0,
    Alerts,
    CountingIds,
    arm_request,
    instrument,
    ticks_of,
)

_STEPS = [0, 95, 10, 60, 100, 40, 120, 180, 150, 90, 130, 220, 160, 110, 100, 90, 60, 120, 80, 40]
CALM = [Decimal(100) + Decimal(step) / 100 for step in _STEPS] + [Decimal(99)] * 5
SPIKE = [CALM[0], Decimal(103), *CALM[2:]]
"""With a high between the decision to enter and a late fill: no price of the position."""


@attrs.define
class Disk:
    """A machine with two files on it and a clock; processes come and go."""

    folder: Path
    latency_ns: int
    prices: list[Decimal] = attrs.field(factory=lambda: CALM)
    activity: Activity = attrs.field(factory=Activity)
    clock: VirtualClock = attrs.field(init=False)
    alerts: Alerts = attrs.field(factory=Alerts)
    ids: CountingIds = attrs.field(factory=CountingIds)

    def __attrs_post_init__(self) -> None:
        self.clock = VirtualClock(self.activity, T0)

    @property
    def ticks(self) -> list[TradeTick]:
        return ticks_of(self.prices, every_ns=200 * MS)

    async def store(self) -> Store:
        return await robson_store.open(f"sqlite:///{self.folder}/robson.db", ids=CountingIds())

    def venue(self) -> tuple[PaperConnector, RecordedMarket]:
        market = RecordedMarket(self.ticks, instrument(), self.clock)
        terms = VenueAssumptions(taker_fee_rate=Decimal(0), latency_ns=self.latency_ns)
        ledger = str(self.folder / "paper.db")
        return PaperConnector(market, ledger, terms, Money(10_000), self.clock), market

    async def live(self, dies_at: int, downtime: int) -> int:
        """Play the market to its end with at most one death; return the points of the first."""
        first = await self._process(dies_at)
        if first.died.is_set():
            over = asyncio.Event()
            task = asyncio.ensure_future(self._later(over, self.clock.now_ns() + downtime))
            await self.clock.run(over)
            await task
            last = await self._process(0)
            assert not last.died.is_set()
        return first.points

    async def _later(self, over: asyncio.Event, ts: int) -> None:
        await self.clock.sleep_until(ts)
        over.set()

    async def _process(self, dies_at: int) -> Life:
        before = set(asyncio.all_tasks())
        life = Life(dies_at=dies_at)
        store, (venue, market) = await self.store(), self.venue()
        mortal = MortalVenue(venue, life)
        parts = Parts(
            config=EngineConfig(account="paper", epoch=store.epoch),
            capital=CAPITAL,
            store=cast(Store, MortalStore(store, life)),
            execution=cast(ExecutionPort, mortal),
            market=cast(MarketDataPort, mortal),
            clock=self.clock,
            ids=self.ids,
            alerts=self.alerts,
            activity=self.activity,
            skips_quiet_time=True,
        )
        daemon = await self._alive(life, self._begin(parts))
        await self._alive(life, self._play(market))
        if daemon is not None and not life.died.is_set():
            assert not daemon.halted.is_set(), daemon.problem
            life.dies_at = 0
            await daemon.stop()
        await bury(before)
        self.activity = self.clock.activity = Activity()
        await venue.close()
        await store.close()
        return life

    async def _begin(self, parts: Parts) -> Daemon:
        daemon = await start(parts)
        if not daemon.view.positions():
            await daemon.desk.arm(arm_request())
        return daemon

    async def _play(self, market: RecordedMarket) -> None:
        over = asyncio.Event()
        ending = asyncio.ensure_future(self._end(market, over))
        await self.clock.run(over)
        await ending

    async def _end(self, market: RecordedMarket, over: asyncio.Event) -> None:
        await market.finished.wait()
        # Questions about a lost order may outlive the prices.
        await self.clock.sleep_until(self.clock.now_ns() + 80 * SECOND)
        over.set()

    async def _alive(self, life: Life, work: Awaitable[Any]) -> Any:
        task = asyncio.ensure_future(work)
        dying = asyncio.ensure_future(life.died.wait())
        await asyncio.wait({task, dying}, return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        return task.result() if task.done() else None


def expected(prices: list[Decimal], filled_at: int, distance: Decimal) -> tuple[Decimal, Decimal]:
    """Stop and price of the exit, from the rule alone; the distance in whole ticks of 0.01."""
    best, distance = prices[filled_at - 1], Decimal(int(distance * 100)) / 100
    for price in prices[filled_at:]:
        if price <= best - distance:
            return best - distance, price
        best = max(best, price)
    raise AssertionError


async def check(disk: Disk) -> str:
    store = await disk.store()
    try:
        events = [event async for event in store.events.read()]
        assert await store.intents.find_unresolved() == ()
        position = await store.positions.find_by_id(arm_request().position_id)
    finally:
        await store.close()
    assert position is not None
    assert position.status is PositionStatus.CLOSED, position.status
    fills = [event for event in events if isinstance(event, EntryFilled)]
    venue, _ = disk.venue()
    try:
        executed = [fill for _, fill in await venue.fills_since(BTC, None)]
        held = (await venue.account(BTC)).net_qty
    finally:
        await venue.close()
    assert held == 0
    assert len(executed) == (2 if fills else 0)
    if not fills:
        return "not entered"
    (hit,) = [event for event in events if isinstance(event, ExitTriggered)]
    trade = next(t for t in disk.ticks if t.ts_received == fills[0].fill.ts_event)
    assert hit.stop is not None
    assert hit.price is not None
    (placed,) = [event for event in events if isinstance(event, EntryOrderPlaced)]
    distance = placed.stop_distance.value
    assert (hit.stop.value, hit.price.value) == expected(disk.prices, trade.trade_id, distance)
    return str(hit.reason)


@pytest.mark.parametrize(
    ("latency", "downtime", "prices"),
    [(0, 3 * SECOND, CALM), (500 * MS, 700 * MS, SPIKE)],
    ids=["instant, after 3 s", "500 ms, after 700 ms"],
)
async def test_dying_at_every_point_with_files(
    tmp_path: Path, latency: int, downtime: int, prices: list[Decimal]
) -> None:
    (tmp_path / "0").mkdir()
    points = await Disk(tmp_path / "0", latency, prices).live(0, 0)
    assert points > 20
    outcomes = []
    for dies_at in range(1, points + 1):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        disk = Disk(folder, latency, prices)
        try:
            await disk.live(dies_at, downtime)
            outcomes.append(await check(disk))
        except BaseException as error:
            error.add_note(f"died at point {dies_at} of {points}")
            raise
    assert set(outcomes) <= {"trailing_stop", "crossed_in_gap", "not entered"}
    assert outcomes.count("not entered") < len(outcomes) // 2
