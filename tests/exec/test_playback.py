"""Playback is deterministic: same inputs, same log, whatever the machine and however fast."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robson_domain import (
    CloseReason,
    DetectorSpec,
    EntryFilled,
    ExitFilled,
    ExitTriggered,
    Price,
    Store,
)
from robson_engine import VenueAssumptions
from tests.exec.playing import CALM, play, walk
from tests.exec.stores import TroubledStore
from tests.exec.world import (
    BTC,
    MS,
    SECOND,
    T0,
    arm_request,
    memory_store,
    paper_world,
    sqlite_store,
    ticks_of,
)

ROOT = Path(__file__).resolve().parents[2]
PRICES = st.lists(st.integers(-60, 60), min_size=3, max_size=60)
GAPS = st.lists(st.sampled_from([0, 1, 30, 100, 170, 450, 2_500]), min_size=60, max_size=60)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(PRICES, GAPS, st.sampled_from([0, 50 * MS, 333 * MS]))
def test_skipping_quiet_time_gives_the_same_log(
    steps: list[int], gaps: list[int], latency: int
) -> None:
    async def both() -> None:
        ticks = walk(steps, gaps)
        skipped, world = await play(ticks, latency=latency)
        stepped, other = await play(ticks, skips=False, latency=latency)
        assert await world.events() == await other.events()
        assert skipped == stepped

    asyncio.run(both())


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(PRICES, GAPS)
def test_every_price_is_tested_against_the_stop(steps: list[int], gaps: list[int]) -> None:
    """Entry, every exit and its stop equal a calculation from the rule alone."""

    async def once() -> None:
        ticks = [tick for tick in walk(steps, gaps) if tick.symbol == BTC]
        _, world = await play(ticks)
        events = [e for e in await world.events() if e.position_id == "p0"]
        filled = next((e for e in events if isinstance(e, EntryFilled)), None)
        assert filled is not None
        assert filled.fill.price == Price(Decimal(ticks[0].ticks) / 100)
        distance = ticks[0].ticks // 100  # 1 %, in whole ticks
        best, expected = ticks[0].ticks, None
        for tick in ticks[1:]:
            if tick.ticks <= best - distance:
                expected = (tick.ts_received, best - distance, tick.ticks)
                break
            best = max(best, tick.ticks)
        hit = next(e for e in events if isinstance(e, ExitTriggered))
        if expected is None:
            assert hit.reason is CloseReason.END_OF_DATA
            return
        assert hit.reason is CloseReason.TRAILING_STOP
        assert hit.stop is not None
        assert hit.price is not None
        found = (hit.timestamp, int(hit.stop.value * 100), int(hit.price.value * 100))
        assert found == expected
        exit_ = next(e for e in events if isinstance(e, ExitFilled))
        assert exit_.fill.price == hit.price

    asyncio.run(once())


async def test_the_same_inputs_give_the_same_head_in_every_store(tmp_path: Path) -> None:
    memory, _ = await play(CALM)
    async with sqlite_store(tmp_path / "robson.db") as store:
        sqlite, _ = await play(CALM, store=store)
        assert sqlite == memory
    elsewhere = TroubledStore(await memory_store(), inline=False)
    server, world = await play(CALM, store=cast(Store, elsewhere))
    assert server == memory
    assert elsewhere.overlaps == 0
    assert len(await world.events()) == memory.sequence


def test_the_same_inputs_give_the_same_head_in_every_process() -> None:
    code = (
        "import asyncio; from tests.exec.playing import CALM, play;"
        "head, _ = asyncio.run(play(CALM, latency=50_000_000)); print(head.sequence, head.hash)"
    )
    heads = set()
    for seed in ("1", "4711"):
        found = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        heads.add(found.stdout)
    assert len(heads) == 1
    assert int(heads.pop().split()[0]) > 10


async def test_a_price_comes_only_when_all_it_met_is_done() -> None:
    """Decision, commit, send, answer and exit of one price happen before the next."""
    ticks = ticks_of([100, 102, 101, 50], every_ns=MS)
    world, market = await paper_world(ticks)
    daemon = await world.boot()
    await daemon.desk.arm(arm_request())
    await world.clock.run(market.finished)
    events = await world.events()
    (exit_,) = [event for event in events if isinstance(event, ExitFilled)]
    assert exit_.timestamp == T0 + 3 * MS
    assert exit_.fill.price == Price(101)
    await daemon.stop()


async def test_an_answer_that_is_due_comes_before_the_price_of_the_same_time() -> None:
    """With a latency that ends exactly at a trade, the fill is known before that price."""
    ticks = ticks_of([100, 100.5, 103, 102, 99], every_ns=50 * MS)
    terms = VenueAssumptions(taker_fee_rate=Decimal(0), latency_ns=100 * MS)
    world, market = await paper_world(ticks, assumptions=terms)
    daemon = await world.boot()
    await daemon.desk.arm(arm_request())
    await world.clock.run(market.finished)
    events = await world.events()
    filled = next(event for event in events if isinstance(event, EntryFilled))
    assert (filled.fill.price, filled.timestamp) == (Price(103), T0 + 150 * MS)
    hit = next(event for event in events if isinstance(event, ExitTriggered))
    assert (hit.stop, hit.price) == (Price(102), Price(102))
    await daemon.stop()


class LoopClock:
    """Time that really passes: the event loop's own, at a factor, begun at the first price."""

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._began = self._loop_ns()

    @staticmethod
    def _loop_ns() -> int:
        return int(asyncio.get_running_loop().time() * 1e9)

    def now_ns(self) -> int:
        return T0 + (self._loop_ns() - self._began) * self._factor

    async def sleep_until(self, ts: int) -> None:
        while (left := ts - self.now_ns()) > 0:  # noqa: ASYNC110 (it may wake early)
            await asyncio.sleep(left / self._factor / 1e9)


async def test_a_clock_that_really_passes_gives_the_same_story() -> None:
    """At a factor the same prices lead to the same fills; times of silence may differ."""
    ticks = ticks_of([100, 101, 102, 103, 101, 100], every_ns=200 * MS)
    world, market = await paper_world(ticks)
    clock = LoopClock(10)
    market._clock = clock
    cast(Any, world.execution)._clock = clock
    daemon = await world.boot(clock=clock, skips_quiet_time=False)
    await daemon.desk.arm(arm_request())
    await asyncio.wait_for(market.finished.wait(), 10)
    events = await world.events()
    (hit,) = [event for event in events if isinstance(event, ExitTriggered)]
    assert (hit.stop, hit.price) == (Price(102), Price(101))
    assert world.alerts.names == []
    await daemon.stop()


@pytest.mark.parametrize("seconds", ["0", "0.5"])
async def test_time_fires_detectors_between_prices(seconds: str) -> None:
    spec = DetectorSpec(name="test", params=(("stop_distance", "1%"),))
    ticks = ticks_of([100, 100, 100], every_ns=4 * SECOND)
    world, market = await paper_world(ticks)
    daemon = await world.boot()
    await daemon.desk.arm(arm_request(detector=spec))
    await world.clock.run(market.finished)
    position = await world.position()
    assert position.signal_at == T0 + 5 * SECOND
    assert seconds
    await daemon.stop()
