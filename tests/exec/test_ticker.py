"""Time is an input at its steps, while anything waits, skipped or not."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from robson_domain import Input, TimePassed
from robson_exec import Activity, EventBus, Supervisor, VirtualClock
from robson_exec.limits import TIME_STEP_NS
from robson_exec.ticker import Ticker, step_at
from tests.exec.world import MS, T0, Alerts


@attrs.define
class Rig:
    skips: bool
    due: int | None = None
    offered: list[int] = attrs.field(factory=list)
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(Activity(), T0 + 30 * MS))
    ticker: Ticker = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ticker = Ticker(
            lambda: self.due,
            self._offer,
            clock=self.clock,
            supervisor=Supervisor(self.clock, EventBus(Alerts())),
            activity=self.clock.activity,
            skips=self.skips,
        )

    def _offer(self, entry: Input) -> None:
        assert isinstance(entry, TimePassed)
        assert entry.ts_received == self.clock.now_ns()
        self.offered.append(entry.ts_received - T0)

    async def until(self, ts: int) -> None:
        over = asyncio.Event()

        async def end() -> None:
            await self.clock.sleep_until(T0 + ts)
            over.set()

        task = asyncio.ensure_future(end())
        await self.clock.run(over)
        await task

    async def ticking(self, ts: int) -> None:
        """Run as the runner does: after every input of time it plans the next."""
        known = -1
        while self.clock.now_ns() < T0 + ts:
            if len(self.offered) != known:
                known = len(self.offered)
                self.ticker.plan()
            await self.until(self.clock.now_ns() - T0 + 10 * MS)


@pytest.mark.parametrize(("ts", "step"), [(0, 0), (1, TIME_STEP_NS), (TIME_STEP_NS, TIME_STEP_NS)])
def test_a_step_is_not_before_its_time(ts: int, step: int) -> None:
    assert step_at(ts) == step


@pytest.mark.parametrize("skips", [True, False])
async def test_nothing_waits_nothing_comes(skips: bool) -> None:
    it = Rig(skips)
    await it.ticking(1_000 * MS)
    assert it.offered == []


async def test_every_step_while_something_waits() -> None:
    it = Rig(skips=False, due=T0 + 10_000 * MS)
    await it.ticking(350 * MS)
    assert it.offered == [100 * MS, 200 * MS, 300 * MS]


async def test_skipping_goes_to_the_first_step_at_which_something_is_due() -> None:
    it = Rig(skips=True, due=T0 + 230 * MS)
    await it.ticking(350 * MS)
    assert it.offered == [300 * MS]


async def test_what_stays_due_is_told_at_every_step() -> None:
    it = Rig(skips=True, due=0)
    await it.ticking(350 * MS)
    assert it.offered == [100 * MS, 200 * MS, 300 * MS]


async def test_what_becomes_due_sooner_is_brought_forward() -> None:
    it = Rig(skips=True, due=T0 + 900 * MS)
    it.ticker.plan()
    it.due = T0 + 200 * MS
    it.ticker.plan()
    await it.until(1_000 * MS)
    assert it.offered == [200 * MS]


async def test_what_became_due_later_is_not_told_too_early() -> None:
    it = Rig(skips=True, due=T0 + 200 * MS)
    it.ticker.plan()
    it.due = T0 + 900 * MS
    await it.until(1_000 * MS)
    assert it.offered == [900 * MS]


@pytest.mark.parametrize("skips", [True, False])
async def test_what_is_not_waited_for_any_more_is_not_told(skips: bool) -> None:
    it = Rig(skips, due=T0 + 200 * MS)
    it.ticker.plan()
    it.due = None
    await it.until(1_000 * MS)
    assert it.offered == []


async def test_what_is_due_at_this_very_step_is_told_at_it_once() -> None:
    it = Rig(skips=True)
    await it.until(200 * MS)
    it.due = T0 + 200 * MS
    it.ticker.plan()
    await it.until(210 * MS)
    assert it.offered == [200 * MS]
