"""Background work of the transport: no task dies silently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from robson_domain.ports.system import Clock

Notify = Callable[[str, Mapping[str, str]], None]
"""Takes the stable name of a problem and its facts; returns at once and does not raise."""


class Tasks:
    """Starts tasks, keeps them alive and tells of those that fail."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._running: dict[asyncio.Task[Any], None] = {}

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> Callable[[], object]:
        """Start ``work`` on the running loop and return what cancels it.

        A failure is told under its name.
        """
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[task] = None
        task.add_done_callback(self._done)
        return task.cancel

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            # The type alone: a message could carry what was sent.
            facts = {"task": task.get_name(), "error": type(error).__name__}
            self._notify("task_failed", facts)

    async def close(self) -> None:
        """Cancel everything but the caller and wait for it; idempotent."""
        tasks = [task for task in self._running if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def done_by(clock: Clock, ts: int, future: asyncio.Future[Any]) -> bool:
    """Wait for ``future`` until the clock reaches ``ts`` (UTC ns); say whether it is done."""
    timer = asyncio.ensure_future(clock.sleep_until(ts))
    try:
        await asyncio.wait((future, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
    return future.done()
