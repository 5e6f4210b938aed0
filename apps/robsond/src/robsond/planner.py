"""Carrying out the daemon's own plan.

A step is armed while the activity counts as busy, so that on a recording no price passes
between a position's end and the next one's arming. Steps are recognized by their position ids:
a restart goes on where the plan stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from robson_domain import EntryDenied, PositionClosed, PositionDisarmed, PositionId, RobsonError
from robson_exec import Activity, Daemon, Observation, Published
from robsond import logs
from robsond.facade import PlanProgress
from robsond.plan import PlanStep
from robsond.sentences import PLANNED

log = logs.logger(__name__)

_ENDS = (PositionClosed, PositionDisarmed, EntryDenied)

Arm = Callable[[PlanStep, PositionId], Awaitable[None]]


def position_id_of(number: int) -> PositionId:
    """Return the position of the plan's step ``number``, from 1."""
    return PositionId(f"{PLANNED}{number}")


class Planner:
    """Arms each step of a plan when its turn comes."""

    def __init__(self, steps: tuple[PlanStep, ...], arm: Arm, activity: Activity) -> None:
        self._steps = steps
        self._arm = arm
        self._activity = activity
        self._begun: set[int] = set()
        self._done = 0
        self._problems: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._daemon: Daemon | None = None

    def progress(self) -> PlanProgress | None:
        """Return where the plan stands, None without one."""
        if not self._steps:
            return None
        return PlanProgress(steps=len(self._steps), done=self._done, problems=tuple(self._problems))

    async def start(self, daemon: Daemon) -> None:
        """Begin: arm what is due at the start and wait until that is done."""
        self._daemon = daemon
        for number, _ in enumerate(self._steps, start=1):
            if daemon.view.find(position_id_of(number)) is not None:
                self._begun.add(number)
                self._done += 1
        if self._steps:
            daemon.bus.add_listener("plan", self._on)
            self._look()
            await asyncio.gather(*self._tasks)

    def _on(self, item: Observation) -> None:
        if isinstance(item, Published) and any(isinstance(e, _ENDS) for e in item.events):
            self._look()

    def _look(self) -> None:
        assert self._daemon is not None
        closed = sum(1 for position in self._daemon.view.positions() if position.is_closed)
        for number, step in enumerate(self._steps, start=1):
            if number not in self._begun and closed >= step.closed_needed:
                self._begun.add(number)
                self._begin(number, step)

    def _begin(self, number: int, step: PlanStep) -> None:
        token = self._activity.token()
        task = asyncio.get_running_loop().create_task(self._carry_out(number, step))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: token.close())

    async def _carry_out(self, number: int, step: PlanStep) -> None:
        try:
            await self._arm(step, position_id_of(number))
        except RobsonError as error:
            self._problems.append(f"step {number}: {error}")
            log.error("a step of the plan failed", step=number, why=str(error))
        finally:
            self._done += 1
