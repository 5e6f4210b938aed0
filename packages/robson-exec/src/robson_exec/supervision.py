"""No task dies silently.

Every task of the machine is started here. A task that fails is an alert and a notice on the bus,
and halts the machine in order: what must not continue after a broken promise does not.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from robson_domain import Clock
from robson_exec.activity import Token, work_under
from robson_exec.bus import EventBus
from robson_exec.limits import CLOSE_PATIENCE_S


class TimedOut(Exception):
    """The clock passed a deadline first."""


class Supervisor:
    """Starts tasks, watches them, and halts the machine when one fails.

    Attributes:
        halted: Set when the machine has to be shut down.
        problem: What halted it.
    """

    def __init__(self, clock: Clock, bus: EventBus) -> None:
        self._clock = clock
        self._bus = bus
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._stopping = False
        self.halted = asyncio.Event()
        self.problem: BaseException | None = None

    def spawn(
        self, name: str, work: Coroutine[Any, Any, Any], *, token: Token | None = None
    ) -> asyncio.Task[Any]:
        """Start ``work``; its failure halts the machine.

        Args:
            token: Open work in progress that ends with the task; None = nobody waits for it.
        """
        context = contextvars.copy_context()
        context.run(work_under, token)
        task = asyncio.get_running_loop().create_task(work, name=name, context=context)
        self._tasks[task] = None
        if token is not None:
            task.add_done_callback(lambda _: token.close())
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.halt(task.get_name(), error)

    def halt(self, name: str, error: BaseException) -> None:
        """Ask for an orderly end: told once, with the first reason."""
        if self.problem is None:
            self.problem = error
            facts = {"task": name, "error": type(error).__name__, "message": str(error)}
            self._bus.notify("critical", "machine_halted", facts)
        self.halted.set()

    @asynccontextmanager
    async def deadline(self, ts: int) -> AsyncIterator[None]:
        """Cancel the body when the clock reaches ``ts`` (UTC ns).

        Raises:
            TimedOut: When it did.
        """
        task = asyncio.current_task()
        assert task is not None
        before, fired = task.cancelling(), False

        async def expire() -> None:
            nonlocal fired
            await self._clock.sleep_until(ts)
            fired = True
            task.cancel()

        timer = self.spawn("deadline", expire())
        try:
            yield
        except asyncio.CancelledError:
            if fired and task.cancelling() <= before + 1:
                raise TimedOut from None
            raise
        finally:
            timer.cancel()
            if fired:
                task.uncancel()

    async def within(self, ts: int, call: Awaitable[Any]) -> bool:
        """Wait for ``call`` until the clock reaches ``ts``; say whether it was done by then."""
        try:
            async with self.deadline(ts):
                await call
        except TimedOut:
            return False
        return True

    async def stop(self) -> None:
        """Cancel every task and wait until all have ended, but not for ever."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=CLOSE_PATIENCE_S)
            names = {task.get_name() for task in left}
            if names:
                facts = {"tasks": ", ".join(sorted(names))}
                self._bus.notify("warning", "tasks_do_not_end", facts)
