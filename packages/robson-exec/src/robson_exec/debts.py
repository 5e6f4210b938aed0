"""What a flat position still owes: asked for until it is known, paid back once, asked again.

Invariants:
    1. One repayment leads to one call, whatever comes of it; only the debt says what it did.
    2. At most one question about a position's debt runs at a time.
    3. Core waits for an answer however long it takes; a guard, whose pair nobody guards meanwhile,
       does not.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import attrs

from robson_domain import (
    Clock,
    Debt,
    DebtReported,
    DebtUnknown,
    Input,
    LendingPort,
    PositionId,
    QueryDebt,
    RepayDebt,
    Side,
    VenueError,
    decimals,
)
from robson_exec.activity import Activity
from robson_exec.bus import EventBus
from robson_exec.limits import (
    ANSWER_APART_NS,
    CALL_TIMEOUT_NS,
    DEBT_ALERT_EVERY,
    DEBT_FIRST_NS,
    DEBT_MAX_NS,
)
from robson_exec.supervision import Supervisor, TimedOut


@attrs.define(kw_only=True, eq=False)
class Debts:
    """Carries out the commands about debt.

    Attributes:
        lending: None where the venue lends nothing.
        is_settling: Whether a position is flat and has not ended.
        gives_up: Whether a position ends without an answer when there is none for long.
    """

    lending: LendingPort | None
    is_settling: Callable[[PositionId], bool]
    gives_up: Callable[[PositionId], bool]
    offer: Callable[[Input], None]
    supervisor: Supervisor
    clock: Clock
    activity: Activity
    bus: EventBus
    _asking: set[PositionId] = attrs.field(factory=set, init=False)
    _not_before: dict[PositionId, int] = attrs.field(factory=dict, init=False)

    def query(self, command: QueryDebt) -> None:
        """Begin to ask what a position owes, unless that is being asked already."""
        if command.position_id in self._asking:
            return
        if self.lending is None:
            # A venue that cannot be asked lends nothing.
            self.offer(_reported(command, _no_debt(command, self.clock.now_ns())))
            return
        self._asking.add(command.position_id)
        self._spawn(f"debt {command.position_id}", self._report(self.lending, command))

    def repay(self, command: RepayDebt) -> None:
        """Begin to pay back, then ask what is left."""
        self._spawn(f"repay {command.position_id}", self._repay(command))

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        _ = self.supervisor.spawn(name, work, token=self.activity.token())

    async def _repay(self, command: RepayDebt) -> None:
        if self.lending is not None:
            problem = await self._paid(self.lending, command)
            if problem:
                self._tell("repayment_failed", command, problem)
            # What the venue books it shows a moment later.
            await self.clock.sleep_until(self.clock.now_ns() + DEBT_FIRST_NS)
        self.query(
            QueryDebt(
                symbol=command.symbol,
                position_id=command.position_id,
                side=command.side,
                since=command.since,
            )
        )

    async def _paid(self, lending: LendingPort, command: RepayDebt) -> str:
        """Pay once; return what went wrong, empty when nothing did."""
        try:
            async with self.supervisor.deadline(self.clock.now_ns() + CALL_TIMEOUT_NS):
                await lending.repay(command.symbol, command.asset, command.amount)
        except TimedOut:
            return "no answer in time"
        except VenueError as error:
            return error.message
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    async def _report(self, lending: LendingPort, command: QueryDebt) -> None:
        try:
            await self._ask(lending, command)
        finally:
            self._asking.discard(command.position_id)

    async def _ask(self, lending: LendingPort, command: QueryDebt) -> None:
        pause, asked, key = DEBT_FIRST_NS, 0, command.position_id
        await self.clock.sleep_until(self._not_before.get(key, 0))
        while self.is_settling(key):
            debt = await self._debt(lending, command)
            if debt is not None:
                now = self.clock.now_ns()
                waiting = {other: ts for other, ts in self._not_before.items() if ts > now}
                self._not_before = waiting | {key: now + ANSWER_APART_NS}
                self.offer(_reported(command, debt))
                return
            asked += 1
            if asked % DEBT_ALERT_EVERY == 0:
                problem = f"{asked} questions without an answer"
                self._tell("debt_unknown", command, problem)
                if self.gives_up(key):
                    self.offer(_unknown(command, problem, self.clock.now_ns()))
                    return
            await self.clock.sleep_until(self.clock.now_ns() + pause)
            pause = min(2 * pause, DEBT_MAX_NS)

    async def _debt(self, lending: LendingPort, command: QueryDebt) -> Debt | None:
        try:
            async with self.supervisor.deadline(self.clock.now_ns() + CALL_TIMEOUT_NS):
                return await lending.debt(command.symbol, command.side, command.since)
        except (TimedOut, VenueError):
            return None
        except Exception as error:
            self._tell("debt_unknown", command, f"{type(error).__name__}: {error}")
            return None

    def _tell(self, name: str, command: QueryDebt | RepayDebt, problem: str) -> None:
        facts = {
            "position_id": command.position_id,
            "symbol": str(command.symbol),
            "problem": problem,
        }
        self.bus.notify("critical", name, facts)


def _unknown(command: QueryDebt, problem: str, now: int) -> DebtUnknown:
    return DebtUnknown(position_id=command.position_id, problem=problem, ts_received=now)


def _no_debt(command: QueryDebt, now: int) -> Debt:
    asset = command.symbol.quote if command.side is Side.LONG else command.symbol.base
    nothing = decimals.ZERO
    return Debt(
        asset=asset, amount=nothing, free=nothing, interest=nothing, ts_event=now, ts_received=now
    )


def _reported(command: QueryDebt, debt: Debt) -> DebtReported:
    return DebtReported(
        position_id=command.position_id,
        asset=debt.asset,
        amount=debt.amount,
        free=debt.free,
        interest=debt.interest,
        ts_event=debt.ts_event,
        ts_received=debt.ts_received,
    )
