"""Asking the venue what became of an order, until it has said its last word.

One inquiry an order: the order itself with a growing pause, and, while it is in doubt, the
account, because two later snapshots are part of the proof that an exit is dead, or its executions
where somebody else has changed it. A stop that rests
at the venue is asked about seldom, for as long as it rests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs

from robson_domain import (
    AccountReported,
    AccountSnapshot,
    ClientOrderId,
    Clock,
    Input,
    OrderReported,
    Symbol,
)
from robson_exec.activity import Activity
from robson_exec.bus import EventBus
from robson_exec.limits import (
    ASK_ALERT_EVERY,
    ASK_EXIT_MAX_NS,
    ASK_FIRST_NS,
    ASK_MAX_NS,
    DOUBT_ACCOUNT_NS,
    RESTING_ASK_NS,
)
from robson_exec.open_orders import OpenOrders
from robson_exec.safety.traces import Traces
from robson_exec.supervision import Supervisor
from robson_exec.venue_calls import VenueCalls


@attrs.define(kw_only=True, eq=False)
class Inquiry:
    """One order being asked about.

    Attributes:
        begins: When the first question is due, UTC ns.
        asked: Questions so far, while it was not known to rest.
        is_patient: Whether it sleeps long because its order rests at the venue.
        answered: Set with the first usable answer.
    """

    symbol: Symbol
    order_id: ClientOrderId
    begins: int
    asked: int = 0
    is_patient: bool = False
    answered: asyncio.Event = attrs.field(factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = attrs.field(factory=list)

    def cancel(self) -> None:
        """Stop asking, unless this is the very task that asks."""
        for task in self.tasks:
            task.cancel()


@attrs.define(kw_only=True, eq=False)
class Inquiries:
    """The running inquiries, by order.

    Attributes:
        traces: What the account shows of orders in doubt; None where nobody reads it.
    """

    calls: VenueCalls
    orders: OpenOrders
    offer: Callable[[Input], None]
    supervisor: Supervisor
    clock: Clock
    activity: Activity
    bus: EventBus
    traces: Traces | None = None
    running: dict[ClientOrderId, Inquiry] = attrs.field(factory=dict, init=False)

    def ask(self, symbol: Symbol, order_id: ClientOrderId, pause_ns: int = 0) -> None:
        """Begin to ask after a pause; one that has not begun yet is brought forward."""
        begins = self.clock.now_ns() + pause_ns
        before = self.running.get(order_id)
        if before is not None:
            if not before.is_patient and (before.asked or before.begins <= begins):
                return
            before.cancel()
        inquiry = Inquiry(symbol=symbol, order_id=order_id, begins=begins)
        self.running[order_id] = inquiry
        for name, work in (("order", self._ask_order), ("account", self._ask_account)):
            task = self.supervisor.spawn(
                f"ask {name} {order_id}", work(inquiry), token=self.activity.token()
            )
            inquiry.tasks.append(task)

    def settle(self, order_id: ClientOrderId) -> None:
        """Stop asking about an order unless something about it is still missing."""
        if self.orders.is_wanted(order_id):
            return
        if (inquiry := self.running.pop(order_id, None)) is not None:
            inquiry.cancel()

    async def _ask_order(self, inquiry: Inquiry) -> None:
        await self.clock.sleep_until(inquiry.begins)
        pause = ASK_FIRST_NS
        while True:
            if not self.orders.is_resting(inquiry.order_id):
                inquiry.asked += 1
            report = await self.calls.query(inquiry.symbol, inquiry.order_id)
            if report is not None:
                self.offer(OrderReported(report=report))
                inquiry.answered.set()
            self._alert_when_long(inquiry)
            await self._pause(inquiry, pause)
            if not self.orders.is_wanted(inquiry.order_id):
                break
            is_exit = self.orders.is_exit_in_doubt(inquiry.order_id)
            pause = min(2 * pause, ASK_EXIT_MAX_NS if is_exit else ASK_MAX_NS)
        if self.running.get(inquiry.order_id) is inquiry:
            del self.running[inquiry.order_id]

    async def _pause(self, inquiry: Inquiry, pause: int) -> None:
        """Sleep before the next question; long when the order rests, which can be cut short."""
        now = self.clock.now_ns()
        await self.clock.sleep_until(now + pause)
        if self.orders.is_resting(inquiry.order_id):
            inquiry.asked, inquiry.is_patient = 0, True
            await self.clock.sleep_until(now + RESTING_ASK_NS)
            inquiry.is_patient = False

    async def _ask_account(self, inquiry: Inquiry) -> None:
        await self.clock.sleep_until(inquiry.begins)
        while self.running.get(inquiry.order_id) is inquiry:
            if self.orders.is_in_doubt(inquiry.order_id):
                snapshot = await self.calls.account(inquiry.symbol)
                if snapshot is not None:
                    self.offer(AccountReported(snapshot=snapshot))
                    await self._look_for_traces(inquiry, snapshot)
            is_exit = self.orders.is_exit_in_doubt(inquiry.order_id)
            pause = ASK_EXIT_MAX_NS if is_exit else DOUBT_ACCOUNT_NS
            await self.clock.sleep_until(self.clock.now_ns() + pause)

    async def _look_for_traces(self, inquiry: Inquiry, snapshot: AccountSnapshot) -> None:
        if self.traces is not None:
            seen = await self.traces.none_of(inquiry.order_id, snapshot)
            if seen is not None:
                self.offer(seen)

    def _alert_when_long(self, inquiry: Inquiry) -> None:
        if inquiry.asked and inquiry.asked % ASK_ALERT_EVERY == 0:
            facts = {
                "symbol": str(inquiry.symbol),
                "client_order_id": inquiry.order_id,
                "questions": str(inquiry.asked),
            }
            self.bus.notify("warning", "order_unresolved", facts)
