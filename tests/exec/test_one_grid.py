"""A venue that changed a pair's tick size while a position was open."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson_connectors.memory import MemoryConnector
from robson_domain import (
    Instrument,
    MarketDataPort,
    PositionStatus,
    Price,
    RetryableVenueError,
    Symbol,
    TradeTick,
)
from robson_exec import Daemon
from tests.exec.world import BTC, MS, SECOND, World, arm_request, instrument, memory_world

S = PositionStatus


@attrs.define
class Regridded:
    """The memory venue's market, told in another tick size; its rules fail at first."""

    venue: MemoryConnector
    tick_size: Decimal
    failures: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.venue, name)

    async def instrument(self, symbol: Symbol) -> Instrument:
        if self.failures:
            self.failures -= 1
            raise RetryableVenueError("not now")
        found = await self.venue.instrument(symbol)
        return attrs.evolve(found, tick_size=self.tick_size)

    def subscribe(self, symbol: Symbol, sink: Any, link: Any) -> None:
        self.venue.subscribe(symbol, lambda tick: sink(self._told(tick)), link)

    async def trades_since(self, symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        return tuple(map(self._told, await self.venue.trades_since(symbol, after)))

    def _told(self, tick: TradeTick) -> TradeTick:
        return tick._replace(ticks=int(tick.ticks * Decimal("0.01") / self.tick_size))


@attrs.define
class Restart:
    """A position was opened at 100 with a stop at 99; the venue comes back on another grid."""

    world: World
    venue: MemoryConnector
    daemon: Daemon

    async def feed(self, *prices: str) -> None:
        for price in prices:
            self.venue.feed(BTC, Price(price))
            await self.world.pass_time(300 * MS)

    async def stop(self) -> Price:
        found = (await self.world.position()).stop
        assert found is not None
        return found


async def restarted(tick_size: str, *missed: str, failures: int = 0) -> Restart:
    world, venue = await memory_world()
    daemon = await world.boot()
    await daemon.desk.arm(arm_request())
    it = Restart(world, venue, daemon)
    await it.feed("100")
    assert (await world.position()).status is S.ACTIVE
    await daemon.stop()
    venue._calls.is_closed = False
    world.store._closed = False  # type: ignore[attr-defined]
    for price in missed:
        venue.feed(BTC, Price(price))
    market: Any = Regridded(venue, Decimal(tick_size), failures)
    world.market = market
    it.daemon = await world.boot()
    await world.settle()
    return it


@pytest.mark.parametrize("tick_size", ["0.001", "0.05"])
async def test_live_prices_mean_the_same(tick_size: str) -> None:
    it = await restarted(tick_size)
    before = await it.stop()
    await it.feed("99.50")
    assert (await it.world.position()).status is S.ACTIVE
    await it.feed("102")
    assert await it.stop() == Price(before.value + 2)
    await it.feed("100.95")
    assert (await it.world.position()).status is S.CLOSED
    await it.daemon.stop()


async def test_missed_prices_mean_the_same() -> None:
    it = await restarted("0.001", "100.5", "103", "102.5")
    await it.world.pass_time(300 * MS)
    assert (await it.world.position()).status is S.ACTIVE
    assert await it.stop() == Price(102)
    await it.daemon.stop()


async def test_what_is_armed_beside_it_counts_alike_and_later_ones_anew() -> None:
    it = await restarted("0.001")
    await it.daemon.desk.arm(arm_request("p2"))
    assert (await it.world.position("p2")).instrument == instrument(BTC)
    await it.daemon.desk.panic()
    await it.feed("100")
    assert (await it.world.position()).status is S.CLOSED
    await it.daemon.desk.arm(arm_request("p3"))
    assert (await it.world.position("p3")).instrument.tick_size == Decimal("0.001")
    await it.feed("100")
    assert (await it.world.position("p3")).status is S.ACTIVE
    await it.feed("99.5")
    assert (await it.world.position("p3")).status is S.ACTIVE
    await it.daemon.stop()


async def test_without_rules_no_price_is_believed_until_they_are_known() -> None:
    it = await restarted("0.001", failures=4)
    await it.feed("99.5")
    assert (await it.world.position()).status is S.ACTIVE
    await it.world.pass_time(10 * SECOND)
    await it.feed("98.9")
    assert (await it.world.position()).status is S.CLOSED
    await it.daemon.stop()


async def test_a_pair_that_is_let_go_meanwhile_is_not_subscribed() -> None:
    it = await restarted("0.001", failures=1_000)
    grid: Any = it.daemon._machine.market
    market: MarketDataPort = grid
    market.unsubscribe(BTC)
    grid.market.failures = 0
    await it.world.pass_time(3 * SECOND)
    assert BTC not in it.venue._trade_sinks
    await it.daemon.stop()
