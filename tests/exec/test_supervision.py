"""No task dies silently; deadlines are the clock's."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from robson_exec import Activity, EventBus, Notice, Supervisor, VirtualClock
from robson_exec.activity import current_token
from robson_exec.supervision import TimedOut
from tests.exec.world import MS, SECOND, T0, Alerts


class Rig:
    def __init__(self) -> None:
        self.alerts = Alerts()
        self.bus = EventBus(self.alerts)
        self.heard: list[Notice] = []
        self.bus.add_listener("test", lambda item: self.heard.append(item))  # type: ignore[arg-type]
        self.activity = Activity()
        self.clock = VirtualClock(self.activity, T0)
        self.supervisor = Supervisor(self.clock, self.bus)

    async def run(self, seconds: float) -> None:
        over = asyncio.Event()

        async def end() -> None:
            await self.clock.sleep_until(self.clock.now_ns() + int(seconds * SECOND))
            over.set()

        task = asyncio.ensure_future(end())
        await self.clock.run(over)
        await task


async def fail(error: Exception) -> None:
    raise error


async def test_a_failing_task_halts_with_an_alert_and_a_notice() -> None:
    rig = Rig()
    error = RuntimeError("broken")
    _ = rig.supervisor.spawn("consume", fail(error))
    await asyncio.wait_for(rig.supervisor.halted.wait(), 1)
    assert rig.supervisor.problem is error
    assert rig.alerts.told == [
        (
            "critical",
            "machine_halted",
            {"task": "consume", "error": "RuntimeError", "message": "broken"},
        )
    ]
    assert [notice.name for notice in rig.heard] == ["machine_halted"]


async def test_only_the_first_problem_is_told() -> None:
    rig = Rig()
    _ = rig.supervisor.spawn("a", fail(RuntimeError("first")))
    _ = rig.supervisor.spawn("b", fail(RuntimeError("second")))
    await asyncio.sleep(0.01)
    assert str(rig.supervisor.problem) == "first"
    assert rig.alerts.names == ["machine_halted"]


async def test_a_task_that_ends_or_is_canceled_is_no_problem() -> None:
    rig = Rig()
    _ = rig.supervisor.spawn("done", asyncio.sleep(0))
    _ = rig.supervisor.spawn("canceled", asyncio.sleep(60)).cancel()
    await asyncio.sleep(0.01)
    assert not rig.supervisor.halted.is_set()


async def test_a_token_lasts_as_long_as_its_task() -> None:
    rig = Rig()
    token = rig.activity.token()

    async def work() -> None:
        assert current_token() is token
        await asyncio.sleep(0)

    task = rig.supervisor.spawn("work", work(), token=token)
    assert not rig.activity.idle
    await task
    await asyncio.sleep(0)
    assert rig.activity.idle


async def test_a_task_without_a_token_is_not_part_of_its_starters_work() -> None:
    rig = Rig()
    seen: list[object] = []

    async def work() -> None:
        seen.append(current_token())

    with rig.activity.busy():
        await rig.supervisor.spawn("work", work())
    assert seen == [None]


async def test_a_deadline_ends_what_hangs() -> None:
    rig = Rig()
    ended: list[int] = []

    async def work() -> None:
        with pytest.raises(TimedOut):
            async with rig.supervisor.deadline(T0 + 500 * MS):
                await asyncio.Future()
        ended.append(rig.clock.now_ns() - T0)

    task = rig.supervisor.spawn("work", work())
    await rig.run(1)
    assert ended == [500 * MS]
    assert not task.cancelled()


async def test_what_is_done_in_time_is_not_disturbed_later() -> None:
    rig = Rig()
    done: list[str] = []

    async def work() -> None:
        async with rig.supervisor.deadline(T0 + 500 * MS):
            done.append("call")
        await rig.clock.sleep_until(T0 + SECOND)
        done.append("after")

    _ = rig.supervisor.spawn("work", work())
    await rig.run(2)
    assert done == ["call", "after"]


async def test_a_cancel_from_outside_is_not_a_timeout() -> None:
    rig = Rig()

    async def work() -> None:
        async with rig.supervisor.deadline(T0 + SECOND):
            await asyncio.Future()

    task = rig.supervisor.spawn("work", work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancel_that_comes_with_the_deadline_wins() -> None:
    rig = Rig()

    async def work() -> None:
        async with rig.supervisor.deadline(T0 + SECOND):
            await asyncio.Future()

    task = rig.supervisor.spawn("work", work())

    async def killer() -> None:
        while rig.clock.now_ns() < T0 + SECOND:  # noqa: ASYNC110 (the very pass matters)
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()

    killing = asyncio.ensure_future(killer())
    await rig.run(2)
    await killing
    assert task.cancelled()


async def test_an_error_of_a_call_that_is_being_timed_out_passes_and_leaves_no_trace() -> None:
    rig = Rig()
    outcome: list[str] = []

    async def stubborn() -> None:
        try:
            await asyncio.Future()
        except asyncio.CancelledError:
            raise RuntimeError("connector") from None

    async def work() -> None:
        try:
            async with rig.supervisor.deadline(T0 + SECOND):
                await stubborn()
        except RuntimeError as error:
            outcome.append(str(error))
        task = asyncio.current_task()
        assert task is not None
        outcome.append(str(task.cancelling()))

    _ = rig.supervisor.spawn("work", work())
    await rig.run(2)
    assert outcome == ["connector", "0"]


async def test_within_says_whether_it_was_done() -> None:
    rig = Rig()
    said: list[bool] = []

    async def work() -> None:
        said.append(await rig.supervisor.within(T0 + SECOND, asyncio.sleep(0)))
        said.append(await rig.supervisor.within(T0 + SECOND, asyncio.Event().wait()))

    _ = rig.supervisor.spawn("work", work())
    await rig.run(2)
    assert said == [True, False]


async def test_stopping_ends_every_task_and_waits_for_it() -> None:
    rig = Rig()
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Future()
        finally:
            await asyncio.sleep(0)
            ended.append("work")

    _ = rig.supervisor.spawn("work", work())
    await asyncio.sleep(0)
    await rig.supervisor.stop()
    assert ended == ["work"]
    await rig.supervisor.stop()


async def test_a_task_that_refuses_to_end_is_told_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("robson_exec.supervision.CLOSE_PATIENCE_S", 0.05)
    rig = Rig()
    over = asyncio.Event()

    async def stubborn() -> None:
        while not over.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await over.wait()

    task = rig.supervisor.spawn("stubborn", stubborn())
    await asyncio.sleep(0)
    await rig.supervisor.stop()
    assert rig.alerts.told == [("warning", "tasks_do_not_end", {"tasks": "stubborn"})]
    over.set()
    await task
