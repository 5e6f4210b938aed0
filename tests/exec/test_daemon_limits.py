"""What may be risked is said at the start, before anything else is decided, and logged."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import Money, Price, RiskLimits, RiskLimitsSet
from tests.exec.test_daemon import Death
from tests.exec.world import (
    BTC,
    CAPITAL,
    SECOND,
    World,
    arm_request,
    memory_world,
    sqlite_store,
)

ONE = RiskLimits(max_open_positions=1)
TWO = RiskLimits(max_open_positions=2)


async def limits_in(world: World) -> list[tuple[Money, RiskLimits]]:
    events = await world.events()
    return [(e.capital, e.limits) for e in events if isinstance(e, RiskLimitsSet)]


async def test_the_first_event_of_a_new_log_says_what_may_be_risked() -> None:
    world, _ = await memory_world()
    daemon = await world.boot(limits=RiskLimits())
    await world.settle()
    (event,) = await world.events()
    assert isinstance(event, RiskLimitsSet)
    assert (event.capital, event.limits) == (CAPITAL, RiskLimits())
    assert event.ts_received == world.clock.now_ns()
    assert daemon.view.head.sequence == 1
    assert daemon.view.ledger.limits == RiskLimits()
    await daemon.stop()


async def test_without_limits_nothing_is_said() -> None:
    world, _ = await memory_world()
    daemon = await world.boot()
    await daemon.stop()
    assert await world.events() == []


async def restarted(path: Path, **changes: Any) -> None:
    """Run twice on one database: with one position and 5,000, then with ``changes``."""
    async with sqlite_store(path) as store:
        world, _ = await memory_world(store=store)
        daemon = await world.boot(limits=ONE, capital=Money(5_000))
        await world.settle()
        await daemon.stop()
    async with sqlite_store(path) as store:
        world, _ = await memory_world(store=store)
        daemon = await world.boot(**changes)
        await world.settle()
        assert (daemon.view.ledger.capital, daemon.view.ledger.limits) == (await limits_in(world))[
            -1
        ]
        await daemon.stop()


async def said(path: Path) -> list[tuple[Money, RiskLimits]]:
    async with sqlite_store(path) as store:
        world, _ = await memory_world(store=store)
        return await limits_in(world)


async def test_a_start_that_changes_nothing_logs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await restarted(path, limits=ONE, capital=Money(5_000))
    assert await said(path) == [(Money(5_000), ONE)]


async def test_a_start_that_says_nothing_goes_by_the_log(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await restarted(path, capital=Money(77_777))
    assert await said(path) == [(Money(5_000), ONE)]


async def test_a_start_with_other_limits_logs_them(tmp_path: Path) -> None:
    path = tmp_path / "robson.db"
    await restarted(path, limits=TWO, capital=Money(6_000))
    assert await said(path) == [(Money(5_000), ONE), (Money(6_000), TWO)]


async def test_limits_come_before_whatever_else_a_start_finds(tmp_path: Path) -> None:
    """An order that was on its way when the process before died is in doubt after them."""
    async with sqlite_store(tmp_path / "robson.db") as store:
        world, venue = await memory_world(store=store)
        death = Death(world)
        daemon = await death.boot()
        await daemon.desk.arm(arm_request())
        venue.inject(Fault(kind=FaultKind.DELAY, on=Operation.SUBMIT, delay_ns=5 * SECOND))
        venue.inject(Fault(kind=FaultKind.DROP))
        venue.feed(BTC, Price(100))
        await world.settle()
        before = len(await world.events())
        await death.kill()
        booting = asyncio.ensure_future(world.boot(limits=TWO))
        await world.pass_time(5 * SECOND)
        daemon = await booting
        later = (await world.event_names())[before:]
        assert later[:2] == ["RiskLimitsSet", "OrderInDoubt"]
        await daemon.stop()
