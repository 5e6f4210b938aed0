"""The process dies at every point there is, one after the other, and starts again.

Afterwards, whatever the point: no order was executed twice, nothing open is without a stop, no
stop was loosened, the log is the truth, and the position ended as if nothing had happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from decimal import Decimal
from typing import Any, cast

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, Operation
from robson_domain import (
    CloseReason,
    EntryFilled,
    Event,
    ExecutionPort,
    ExitTriggered,
    MarketDataPort,
    Position,
    PositionStatus,
    Price,
    Side,
    Store,
)
from robson_exec import Activity, Daemon
from tests.exec.checks import check_quiet
from tests.exec.crashing import Life, MortalStore, MortalVenue, bury
from tests.exec.world import (
    BTC,
    MS,
    SECOND,
    World,
    arm_request,
    memory_world,
)

UP = ["100", "100.50", "101", "100.70", "101.80", "102.50", "102", "101.40", "101", "100", "100"]
DOWN = ["100", "99.50", "99", "99.30", "98.20", "97.50", "98", "98.60", "99", "100", "100"]
PATH = {Side.LONG: UP, Side.SHORT: DOWN}


@attrs.define
class Scene:
    """A market, a venue and a disk that outlive the processes working on them."""

    world: World
    venue: MemoryConnector
    side: Side
    downtime: int = 0
    points: list[int] = attrs.field(factory=list)

    async def live(self, dies_at: Sequence[int]) -> None:
        """Play the path; the processes die at the given points of their own lives."""
        deaths = list(dies_at)
        life, daemon, tasks = await self._boot(deaths)
        for price in PATH[self.side]:
            self.venue.feed(BTC, Price(price))
            await self._pass(life, SECOND)
            while life.died.is_set():
                await self._rest_in_peace(life, tasks)
                life, daemon, tasks = await self._boot(deaths)
                await self._pass(life, 10 * MS)
        while True:
            # Long enough for an entry nobody knows about to be given up.
            await self._pass(life, 80 * SECOND)
            self.venue.feed(BTC, Price(PATH[self.side][-1]))
            await self._pass(life, SECOND)
            if not life.died.is_set():
                break
            await self._rest_in_peace(life, tasks)
            life, daemon, tasks = await self._boot(deaths)
        self.points.append(life.points)
        life.dies_at = 0
        assert daemon is not None
        assert not daemon.halted.is_set(), daemon.problem
        await daemon.stop()

    async def _boot(self, deaths: list[int]) -> tuple[Life, Daemon | None, set[Any]]:
        before = set(asyncio.all_tasks())
        life = Life(dies_at=deaths.pop(0) if deaths else 0)
        venue = MortalVenue(self.venue, life)
        booting = asyncio.ensure_future(
            self.world.boot(
                store=cast(Store, MortalStore(self.world.store, life)),
                execution=cast(ExecutionPort, venue),
                market=cast(MarketDataPort, venue),
            )
        )
        await self._while_alive(life, booting)
        if life.died.is_set():
            return life, None, before
        daemon = booting.result()
        if not await self.world.store.positions.find_by_id(arm_request().position_id):
            await self._while_alive(life, daemon.desk.arm(arm_request(side=self.side)))
        return life, daemon, before

    async def _while_alive(self, life: Life, work: Awaitable[Any]) -> None:
        """Let time pass until ``work`` is done or the process dead."""
        over = asyncio.Event()
        tasks = [asyncio.ensure_future(work), asyncio.ensure_future(life.died.wait())]
        for task in tasks:
            task.add_done_callback(lambda _: over.set())
        running = asyncio.ensure_future(self.world.clock.run(over))
        await over.wait()
        if not life.died.is_set():
            await running
        for task in (*tasks, running):
            task.cancel()

    async def _pass(self, life: Life, ns: int) -> None:
        if not life.died.is_set():
            await self._while_alive(
                life, self.world.clock.sleep_until(self.world.clock.now_ns() + ns)
            )

    async def _rest_in_peace(self, life: Life, before: set[Any]) -> None:
        self.points.append(life.points)
        await bury(before)
        self.world.activity = self.world.clock.activity = Activity()
        if self.downtime:
            await self.world.pass_time(self.downtime)


async def scene(side: Side = Side.LONG, downtime: int = 0) -> Scene:
    world, venue = await memory_world()
    return Scene(world, venue, side, downtime)


def expected(side: Side, filled_at: int) -> tuple[Decimal, Decimal]:
    """The stop that is hit and the price that hits it, calculated from the rule alone."""
    prices = [Decimal(price) for price in PATH[side]]
    sign = side.sign
    best = fill = prices[filled_at - 1]
    distance = Decimal(int(fill)) / 100  # 1 %, in whole ticks of 0.01
    for price in prices[filled_at:]:
        if sign * price <= sign * (best - sign * distance):
            return best - sign * distance, price
        best = max(best, price) if side is Side.LONG else min(best, price)
    raise AssertionError(f"no exit after {fill}")


async def check_outcome(it: Scene) -> Position:
    await check_quiet(it.world, it.venue)
    position = await it.world.position()
    assert position.status is PositionStatus.CLOSED, position.status
    events = await it.world.events()
    fills = [e for e in events if isinstance(e, EntryFilled)]
    if not fills:
        assert position.close_reason in {CloseReason.NOT_ENTERED, CloseReason.DENIED}
        return position
    (hit,) = [e for e in events if isinstance(e, ExitTriggered)]
    assert hit.reason in {CloseReason.TRAILING_STOP, CloseReason.CROSSED_IN_GAP}
    assert hit.stop is not None
    assert hit.price is not None
    assert (hit.stop.value, hit.price.value) == expected(it.side, _trade_of(it, fills[0]))
    return position


def _trade_of(it: Scene, event: Event) -> int:
    """Which trade the venue filled at: the last one it had seen."""
    order = it.venue.book.orders[0]
    known = [t for t in it.venue._ticks[BTC] if t.ts_received <= order.fills[0].ts_event]
    return known[-1].trade_id


async def _points(side: Side) -> int:
    it = await scene(side)
    await it.live([])
    position = await check_outcome(it)
    assert position.close_reason is CloseReason.TRAILING_STOP
    return it.points[0]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("downtime", [0, 2 * SECOND], ids=["at once", "after 2 s"])
async def test_dying_once_at_every_point(side: Side, downtime: int) -> None:
    points = await _points(side)
    assert points > 20
    for dies_at in range(1, points + 1):
        it = await scene(side, downtime)
        try:
            await it.live([dies_at])
            await check_outcome(it)
        except BaseException as error:
            error.add_note(f"died at point {dies_at} of {points}")
            raise


async def test_dying_again_while_recovering_from_every_point() -> None:
    points = await _points(Side.LONG)
    for first in range(1, points + 1, 2):
        for second in range(1, 10, 3):
            it = await scene(Side.LONG, SECOND)
            try:
                await it.live([first, second, second])
                await check_outcome(it)
            except BaseException as error:
                error.add_note(f"died at point {first}, then twice at point {second}")
                raise


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.LOSE_REPLY, on=Operation.SUBMIT),
        Fault(kind=FaultKind.LOSE_REQUEST, on=Operation.SUBMIT),
        Fault(kind=FaultKind.LOSE_REPLY, on=Operation.SUBMIT, after=1),
        Fault(kind=FaultKind.LOSE_REQUEST, on=Operation.SUBMIT, after=1),
        Fault(kind=FaultKind.LATE, times=3),
        Fault(kind=FaultKind.PARTIAL, parts=2),
        Fault(kind=FaultKind.PARTIAL, parts=2, after=1),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.after}",
)
async def test_dying_at_every_point_while_the_venue_misbehaves(fault: Fault) -> None:
    it = await scene()
    it.venue.inject(fault)
    await it.live([])
    for dies_at in range(1, it.points[0] + 1, 2):
        it = await scene(Side.LONG, SECOND)
        it.venue.inject(fault)
        try:
            await it.live([dies_at])
            await check_quiet(it.world, it.venue)
            assert (await it.world.position()).status is PositionStatus.CLOSED
        except BaseException as error:
            error.add_note(f"died at point {dies_at}")
            raise
