"""Virtual time waits for work and wakes in a fixed order."""

from __future__ import annotations

import asyncio

import pytest

from robson_exec import Activity, VirtualClock
from robson_exec.activity import Rank, Token, work_under
from tests.exec.world import SECOND, T0


def clock_at(start: int = T0) -> VirtualClock:
    return VirtualClock(Activity(), start)


async def test_time_stands_still_until_it_is_run() -> None:
    clock = clock_at()
    sleeping = asyncio.ensure_future(clock.sleep_until(T0 + SECOND))
    for _ in range(20):
        await asyncio.sleep(0)
    assert clock.now_ns() == T0
    assert not sleeping.done()
    sleeping.cancel()


async def test_sleepers_wake_in_the_order_of_time() -> None:
    clock, over, woken = clock_at(), asyncio.Event(), []

    async def sleep(delay: int) -> None:
        await clock.sleep_until(T0 + delay)
        woken.append((delay, clock.now_ns() - T0))
        if delay == 3:
            over.set()

    tasks = [asyncio.ensure_future(sleep(delay)) for delay in (3, 1, 2)]
    await clock.run(over)
    assert woken == [(1, 1), (2, 2), (3, 3)]
    await asyncio.gather(*tasks)


async def test_at_equal_times_work_under_way_comes_before_prices_and_time_last() -> None:
    clock, over, woken = clock_at(), asyncio.Event(), []

    async def sleep(name: str, rank: Rank | None) -> None:
        token = None if rank is None else clock.activity.token(rank)
        work_under(token)
        await clock.sleep_until(T0 + SECOND)
        woken.append(name)
        if token is not None:
            token.close()
        if len(woken) == 5:
            over.set()

    names = [
        ("time", Rank.TIMER), ("price 1", None), ("answer 1", Rank.TASK), ("price 2", None),
        ("answer 2", Rank.TASK),
    ]  # fmt: skip
    tasks = [asyncio.ensure_future(sleep(name, rank)) for name, rank in names]
    await clock.run(over)
    assert woken == ["answer 1", "answer 2", "price 1", "price 2", "time"]
    await asyncio.gather(*tasks)


async def test_time_does_not_pass_while_work_is_in_progress() -> None:
    clock, over = clock_at(), asyncio.Event()
    seen: list[int] = []
    working: list[asyncio.Future[None]] = []

    async def price() -> None:
        await clock.sleep_until(T0 + 1)
        working.append(asyncio.ensure_future(work(clock.activity.token())))
        await clock.sleep_until(T0 + 2)
        over.set()

    async def work(token: Token) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        seen.append(clock.now_ns())
        token.close()

    task = asyncio.ensure_future(price())
    await clock.run(over)
    assert seen == [T0 + 1]
    await task


async def test_work_that_sleeps_lets_time_pass() -> None:
    clock, over = clock_at(), asyncio.Event()

    async def work() -> None:
        with clock.activity.busy():
            await clock.sleep_until(T0 + SECOND)
            over.set()

    task = asyncio.ensure_future(work())
    await asyncio.wait_for(clock.run(over), 1)
    assert clock.now_ns() == T0 + SECOND
    await task
    assert clock.activity.idle


async def test_a_source_waits_for_its_turn_even_when_its_time_has_come() -> None:
    """Two prices at one time: the second comes only after what the first one caused."""
    clock, over, order = clock_at(), asyncio.Event(), []
    working: list[asyncio.Future[None]] = []

    async def prices() -> None:
        for number in (1, 2):
            await clock.sleep_until(T0)
            order.append(f"price {number}")
            working.append(asyncio.ensure_future(work(number, clock.activity.token())))
        over.set()

    async def work(number: int, token: Token) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        order.append(f"work {number}")
        token.close()

    task = asyncio.ensure_future(prices())
    await clock.run(over)
    assert order == ["price 1", "work 1", "price 2", "work 2"]
    await task


async def test_work_does_not_wait_for_a_time_that_has_come() -> None:
    clock = clock_at()
    with clock.activity.busy():
        await asyncio.wait_for(clock.sleep_until(T0), 1)
        await asyncio.wait_for(clock.sleep_until(T0 - SECOND), 1)


async def test_a_canceled_sleeper_is_skipped_and_counts_as_awake() -> None:
    clock, over = clock_at(), asyncio.Event()

    async def work() -> None:
        with clock.activity.busy():
            await clock.sleep_until(T0 + 1)

    async def later() -> None:
        await clock.sleep_until(T0 + 2)
        over.set()

    canceled, task = asyncio.ensure_future(work()), asyncio.ensure_future(later())
    await asyncio.sleep(0)
    canceled.cancel()
    await clock.run(over)
    assert clock.now_ns() == T0 + 2
    assert clock.activity.idle
    await task
    with pytest.raises(asyncio.CancelledError):
        await canceled


async def test_a_sleeper_canceled_in_the_moment_it_is_woken_is_counted_once() -> None:
    clock, over = clock_at(), asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def prices() -> None:
        await clock.sleep_until(T0 + 1)

    async def reaper() -> None:
        while clock.now_ns() < T0 + 1:  # noqa: ASYNC110 (the very pass matters)
            await asyncio.sleep(0)
        tasks[0].cancel()
        over.set()

    tasks.append(asyncio.ensure_future(prices()))
    await asyncio.sleep(0)
    # The reaper sees the new time in the same pass in which the sleeper is to run.
    tasks.append(asyncio.ensure_future(reaper()))
    await clock.run(over)
    await asyncio.wait(tasks)
    assert clock.activity.idle


async def test_running_with_nothing_due_waits_for_somebody_to_come() -> None:
    clock, over = clock_at(), asyncio.Event()

    async def sleeper() -> None:
        await clock.sleep_until(T0 + 5)
        over.set()

    running = asyncio.ensure_future(clock.run(over))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not running.done()
    task = asyncio.ensure_future(sleeper())
    await asyncio.wait_for(running, 1)
    assert clock.now_ns() == T0 + 5
    await task


async def test_running_with_nothing_due_ends_when_told_so() -> None:
    clock, over = clock_at(), asyncio.Event()
    running = asyncio.ensure_future(clock.run(over))
    await asyncio.sleep(0.01)
    over.set()
    await asyncio.wait_for(running, 1)


async def test_a_finished_future_reaches_who_waits_before_time_passes() -> None:
    """A command's answer is used at the time it came, through any of asyncio's waits."""
    clock, over = clock_at(), asyncio.Event()
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    seen: list[int] = []

    async def person() -> None:
        await asyncio.wait({future})
        seen.append(clock.now_ns())

    async def answers() -> None:
        await clock.sleep_until(T0 + 1)
        future.set_result(None)
        await clock.sleep_until(T0 + 2)
        over.set()

    tasks = [asyncio.ensure_future(person()), asyncio.ensure_future(answers())]
    await clock.run(over)
    await asyncio.gather(*tasks)
    assert seen == [T0 + 1]
