"""The passing of time as an input: at steps of the clock, while anything waits for it.

Inputs of time come at multiples of :data:`TIME_STEP_NS`, whoever makes them. A driver without a
wall clock skips the steps at which nothing is due; since such a step changes nothing, the log is
the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from robson_domain import Clock, Input, TimePassed
from robson_exec.activity import Activity, Rank
from robson_exec.limits import TIME_STEP_NS
from robson_exec.supervision import Supervisor


def step_at(ts: int) -> int:
    """Return the first step of time that is not before ``ts`` (UTC ns)."""
    return -(-ts // TIME_STEP_NS) * TIME_STEP_NS


class Ticker:
    """Offers :class:`TimePassed`.

    Args:
        due: Returns when time is next wanted, UTC ns; None = nothing waits.
        skips: Whether steps at which nothing is due may be left out.
    """

    def __init__(
        self,
        due: Callable[[], int | None],
        offer: Callable[[Input], None],
        *,
        clock: Clock,
        supervisor: Supervisor,
        activity: Activity,
        skips: bool,
    ) -> None:
        self._due = due
        self._offer = offer
        self._clock = clock
        self._supervisor = supervisor
        self._activity = activity
        self._skips = skips
        self._timer: asyncio.Task[None] | None = None
        self._planned = 0
        self._last = 0

    def plan(self) -> None:
        """See to it that the next step of time comes; called whenever the runner rests."""
        if self._timer is not None and not self._skips:
            return
        due = self._due()
        if due is None:
            return
        earliest = max(self._clock.now_ns(), self._last + 1)
        wanted = step_at(max(due, earliest) if self._skips else earliest)
        if self._timer is not None:
            if self._planned <= wanted:
                return
            self._timer.cancel()
        self._planned = wanted
        token = self._activity.token(Rank.TIMER)
        self._timer = self._supervisor.spawn("time", self._step(wanted), token=token)

    async def _step(self, ts: int) -> None:
        await self._clock.sleep_until(ts)
        self._timer = None
        self._last = self._clock.now_ns()
        due = self._due()
        if due is not None and (not self._skips or due <= self._last):
            self._offer(TimePassed(ts_received=self._last))
        else:
            self.plan()
