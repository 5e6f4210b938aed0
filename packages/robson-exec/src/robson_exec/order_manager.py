"""Orders go out here, once each, and are asked about until the venue has said its last word.

Every command is a task of its own: there is no queue in which an exit could stand behind an
entry, a question or another pair's hanging call. What comes back enters the runner's inbox.

Invariants:
    1. A client order id is handed to the venue at most once in the life of this process, and
       never when its intent is not durable (orders out = orders in).
    2. A send whose outcome is unknown is reported as such, never repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import attrs

from robson_domain import (
    AccountReported,
    CancelOrder,
    ClientOrderId,
    Clock,
    Input,
    Intent,
    IntentKind,
    IntentStatus,
    InvariantError,
    NewOrder,
    OrderReport,
    OrderReported,
    PlaceEntryOrder,
    PlaceExitOrder,
    PlaceVenueStop,
    PositionId,
    QueryAccount,
    QueryDebt,
    QueryExternal,
    QueryOrder,
    RepayDebt,
    ReportStatus,
    Symbol,
)
from robson_exec.activity import Activity
from robson_exec.bus import EventBus, OrderSent
from robson_exec.debts import Debts
from robson_exec.inquiries import Inquiries
from robson_exec.limits import (
    ACCOUNT_RETRY_NS,
    ACCOUNT_TRIES_MAX,
    ASK_FIRST_NS,
    ASK_MAX_NS,
    ENTRY_AGE_MAX_NS,
    SILENCE_NS,
)
from robson_exec.supervision import Supervisor
from robson_exec.venue_calls import NOT_SENT, VenueCalls

VenueCommand = (
    PlaceEntryOrder
    | PlaceExitOrder
    | PlaceVenueStop
    | CancelOrder
    | QueryOrder
    | QueryAccount
    | QueryDebt
    | RepayDebt
    | QueryExternal
)


WITHHELD = "WITHHELD"
"""Code of a report: not sent, because trades by hand have overtaken the order."""


async def unhindered(_: Intent) -> str:
    """Nothing is in the way of any order."""
    return ""


class SendGuard:
    """The last check before the wire, independent of everything that decided."""

    def __init__(self) -> None:
        self._durable: dict[ClientOrderId, Intent] = {}
        self._gone: set[ClientOrderId] = set()

    def allow(self, intents: Iterable[Intent]) -> None:
        """Take note of intents that are durable now."""
        for intent in intents:
            if intent.status is IntentStatus.RECORDED:
                self._durable[intent.client_order_id] = intent

    def forbid(self, order_id: ClientOrderId) -> None:
        """Take note of an order that may have been sent by an earlier process."""
        self._gone.add(order_id)

    def pass_once(self, intent: Intent) -> None:
        """Let one durable intent through, once.

        Raises:
            InvariantError: When it is not durable, or was let through before.
        """
        order_id = intent.client_order_id
        if order_id in self._gone:
            raise InvariantError(f"order {order_id} would be sent twice")
        if self._durable.pop(order_id, None) != intent:
            raise InvariantError(f"order {order_id} has no durable intent")
        self._gone.add(order_id)


def ignored(_: Intent, __: OrderReport) -> None:
    """Nobody looks at the account."""


@attrs.define(kw_only=True, eq=False)
class OrderManager:
    """Carries out the commands that concern the venue.

    Attributes:
        is_waiting: Whether a position still waits for an account snapshot.
        debts: Asks for debts and pays them back.
        look_for: Asks the Safety Net what of a pair is the person's.
        refused: Told of orders that the venue has refused.
        before_send: Sees to what is in the way of an order; returns why it must not be sent.
        is_stopping: Set when nothing new may be sent.
    """

    calls: VenueCalls
    guard: SendGuard
    inquiries: Inquiries
    offer: Callable[[Input], None]
    supervisor: Supervisor
    clock: Clock
    activity: Activity
    bus: EventBus
    is_waiting: Callable[[PositionId], bool]
    debts: Debts
    look_for: Callable[[QueryExternal], None]
    refused: Callable[[Intent, OrderReport], None] = ignored
    before_send: Callable[[Intent], Awaitable[str]] = unhindered
    is_stopping: bool = False
    _sends: dict[asyncio.Task[Any], None] = attrs.field(factory=dict, init=False)
    _looking: set[PositionId] = attrs.field(factory=set, init=False)

    def execute(self, command: VenueCommand) -> None:
        """Begin to carry out one released command."""
        match command:
            case PlaceEntryOrder(intent=intent):
                # A store that failed for a while must not let out entries of another time.
                if self.clock.now_ns() - intent.ts_created > ENTRY_AGE_MAX_NS:
                    self._not_sent(intent)
                else:
                    self._begin_send(intent)
            case PlaceExitOrder(intent=intent) | PlaceVenueStop(intent=intent):
                self._begin_send(intent)
            case CancelOrder():
                _ = self._spawn(f"cancel {command.client_order_id}", self._cancel(command))
            case QueryOrder():
                self.inquiries.ask(command.symbol, command.client_order_id)
            case QueryDebt():
                self.debts.query(command)
            case RepayDebt():
                self._begin_repay(command)
            case QueryExternal():
                self.look_for(command)
            case QueryAccount():
                if command.position_id not in self._looking:
                    self._looking.add(command.position_id)
                    _ = self._spawn(f"account {command.symbol}", self._look(command))

    def _spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.supervisor.spawn(name, work, token=self.activity.token())

    def _not_sent(self, intent: Intent) -> None:
        self._withhold(
            intent, NOT_SENT, "durable too late after the decision, because the store was slow"
        )

    def _withhold(self, intent: Intent, code: str, message: str) -> None:
        now = self.clock.now_ns()
        self.guard.forbid(intent.client_order_id)
        report = OrderReport(
            client_order_id=intent.client_order_id,
            symbol=intent.symbol,
            status=ReportStatus.REJECTED,
            ts_event=now,
            ts_received=now,
            code=code,
            message=message,
        )
        self.offer(OrderReported(report=report))

    def _begin_repay(self, command: RepayDebt) -> None:
        if not self.is_stopping:
            self.debts.repay(command)

    def _begin_send(self, intent: Intent) -> None:
        if self.is_stopping:
            return
        task = self._spawn(f"send {intent.client_order_id}", self._send(intent))
        self._sends[task] = None
        task.add_done_callback(lambda done: self._sends.pop(done, None))

    async def _send(self, intent: Intent) -> None:
        order = NewOrder(
            client_order_id=intent.client_order_id,
            symbol=intent.symbol,
            side=intent.side,
            quantity=intent.quantity,
            reduces=intent.kind is not IntentKind.ENTRY,
            stop_price=intent.stop_price,
        )
        if objection := await self.before_send(intent):
            self._withhold(intent, WITHHELD, objection)
            return
        started = self.clock.now_ns()
        self.guard.pass_once(intent)
        report = await self.calls.submit(order)
        self.offer(OrderReported(report=report))
        sent = OrderSent(
            intent=intent,
            duration_ns=self.clock.now_ns() - started,
            status=report.status,
            code=report.code,
        )
        self.bus.publish(sent)
        if report.status is ReportStatus.REJECTED:
            self.refused(intent, report)
        else:
            # Pushed reports can be lost; the engine's own questions come sooner when it doubts.
            self.inquiries.ask(intent.symbol, intent.client_order_id, SILENCE_NS)

    async def _cancel(self, command: CancelOrder) -> None:
        """Cancel until the venue has answered or the order has ended; repeating is harmless."""
        symbol, order_id, pause = command.symbol, command.client_order_id, ASK_FIRST_NS
        while True:
            report = await self.calls.cancel(symbol, order_id)
            if report is not None:
                self.offer(OrderReported(report=report))
                return
            self.inquiries.ask(symbol, order_id)
            await self.clock.sleep_until(self.clock.now_ns() + pause)
            if not self.inquiries.orders.is_wanted(order_id):
                return
            pause = min(2 * pause, ASK_MAX_NS)

    async def _look(self, command: QueryAccount) -> None:
        position_id = command.position_id
        try:
            _ = await self.report_account(command.symbol, lambda: self.is_waiting(position_id))
        finally:
            self._looking.discard(position_id)

    async def report_account(self, symbol: Symbol, is_waiting: Callable[[], bool]) -> bool:
        """Offer a fresh snapshot of a pair, asking again while somebody waits for it."""
        for _ in range(ACCOUNT_TRIES_MAX):
            if not is_waiting():
                return False
            snapshot = await self.calls.account(symbol)
            if snapshot is not None:
                self.offer(AccountReported(snapshot=snapshot))
                return True
            await self.clock.sleep_until(self.clock.now_ns() + ACCOUNT_RETRY_NS)
        self.bus.notify("warning", "account_unreachable", {"symbol": str(symbol)})
        return False

    async def finish(self, patience_s: float) -> int:
        """Send nothing more, wait for what is being sent; return how many sends are left."""
        self.is_stopping = True
        if self._sends:
            await asyncio.wait(list(self._sends), timeout=patience_s)
        return len(self._sends)
