"""Tasks that fail are told of, and nothing outlives its owner."""

from __future__ import annotations

import asyncio

from robson_connectors.transport.tasks import Tasks, done_by
from tests.connectors.transport.kit import MS, HurryingClock, Problems, until


async def test_a_failure_is_told_without_its_words() -> None:
    problems = Problems()

    async def fail() -> None:
        raise ValueError("token geheim")

    Tasks(problems).spawn("work", fail())
    await until(lambda: problems.told)
    assert problems.told == [("task_failed", {"task": "work", "error": "ValueError"})]


async def test_closing_waits_for_the_end() -> None:
    problems = Problems()
    tasks = Tasks(problems)
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(name)

    tasks.spawn("a", work("a"))
    cancel = tasks.spawn("b", work("b"))
    await asyncio.sleep(0)
    cancel()
    await tasks.close()
    await tasks.close()
    assert sorted(ended) == ["a", "b"]
    assert problems.told == []


async def test_closing_from_within() -> None:
    tasks = Tasks(Problems())
    done = asyncio.Event()

    async def close() -> None:
        await tasks.close()
        done.set()

    tasks.spawn("close", close())
    async with asyncio.timeout(5):
        await done.wait()


async def test_waiting_ends_with_the_clock_or_the_thing() -> None:
    clock = HurryingClock()
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    assert not await done_by(clock, clock.now_ns() + 20 * MS, future)
    future.set_result(1)
    began = clock.now_ns()
    assert await done_by(clock, began + 5_000 * MS, future)
    assert clock.now_ns() - began < 1_000 * MS
