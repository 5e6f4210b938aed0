"""When to look: every poll, soon after a hint, and ever less often where nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import attrs

from robson_domain import Clock
from robson_exec.activity import Activity
from robson_exec.limits import HINT_PAUSE_NS, HINTED_LOOKS_APART_NS, LOOK_BACKOFF_MAX_NS
from robson_exec.supervision import Supervisor


@attrs.define(kw_only=True, eq=False)
class LookTimer:
    """Calls ``look`` again and again, one at a time.

    Attributes:
        look: Looks; returns whether the venue answered without asking for patience.
    """

    look: Callable[[], Awaitable[bool]]
    poll_ns: int
    supervisor: Supervisor
    clock: Clock
    activity: Activity
    _timer: asyncio.Task[None] | None = attrs.field(default=None, init=False)
    _due: int = attrs.field(default=0, init=False)
    _began_at: int = attrs.field(default=0, init=False)
    _failures: int = attrs.field(default=0, init=False)
    _is_looking: bool = attrs.field(default=False, init=False)
    _is_hinted: bool = attrs.field(default=False, init=False)
    _is_stopped: bool = attrs.field(default=True, init=False)

    def start(self) -> None:
        """Look at once."""
        self._is_stopped = False
        self._plan(self.clock.now_ns())

    def stop(self) -> None:
        """Look no more; idempotent."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def hint(self) -> None:
        """Look soon, unless the venue asked for patience; many hints are one look."""
        self._is_hinted = True
        if not self._is_looking and not self._is_stopped:
            self._plan(self._soon())

    def _soon(self) -> int:
        apart = self._pause() if self._failures else HINTED_LOOKS_APART_NS
        return max(self.clock.now_ns() + HINT_PAUSE_NS, self._began_at + apart)

    def _pause(self) -> int:
        longest = max(LOOK_BACKOFF_MAX_NS, self.poll_ns)
        return min(self.poll_ns << min(self._failures, 10), longest)

    def _plan(self, due: int) -> None:
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = self.supervisor.spawn(
            "safety net", self._run(due), token=self.activity.token()
        )

    async def _run(self, due: int) -> None:
        await self.clock.sleep_until(due)
        self._timer, self._is_looking, self._is_hinted = None, True, False
        self._began_at = self.clock.now_ns()
        try:
            is_answered = await self.look()
        finally:
            self._is_looking = False
        self._failures = 0 if is_answered else self._failures + 1
        if not self._is_stopped:
            again = max(self.clock.now_ns(), self._began_at + self._pause())
            self._plan(min(again, self._soon()) if self._is_hinted else again)
