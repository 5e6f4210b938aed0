"""The last check at the send, and commands that no daemon history reaches easily."""

from __future__ import annotations

import asyncio
from typing import cast

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, Operation
from robson_domain import (
    CancelOrder,
    ClientOrderId,
    ExecutionPort,
    InDoubtError,
    Input,
    Intent,
    IntentId,
    IntentKind,
    IntentStatus,
    InvariantError,
    Money,
    NewOrder,
    OrderReport,
    OrderReported,
    OrderSide,
    PlaceEntryOrder,
    PlaceExitOrder,
    PositionId,
    Price,
    Quantity,
    QueryAccount,
    QueryExternal,
    ReportStatus,
)
from robson_engine import EngineConfig, EngineState
from robson_exec import Activity, EventBus, OrderManager, Supervisor, VirtualClock
from robson_exec.debts import Debts
from robson_exec.inquiries import Inquiries
from robson_exec.limits import ACCOUNT_TRIES_MAX
from robson_exec.open_orders import OpenOrders
from robson_exec.order_manager import SendGuard
from robson_exec.venue_calls import VenueCalls
from tests.exec.world import BTC, CAPITAL, SECOND, T0, Alerts, instrument


def intent(name: str = "o1", kind: IntentKind = IntentKind.ENTRY) -> Intent:
    return Intent(
        intent_id=IntentId(name),
        position_id=PositionId("p"),
        kind=kind,
        n=1,
        symbol=BTC,
        side=OrderSide.BUY,
        quantity=Quantity(1),
        client_order_id=ClientOrderId(name),
        reason="test",
        ts_created=T0,
    )


def test_a_durable_intent_passes_once() -> None:
    guard = SendGuard()
    guard.allow([intent()])
    guard.pass_once(intent())
    with pytest.raises(InvariantError, match="twice"):
        guard.pass_once(intent())
    guard.allow([intent()])
    with pytest.raises(InvariantError, match="twice"):
        guard.pass_once(intent())


def test_an_intent_that_is_not_durable_does_not_pass() -> None:
    with pytest.raises(InvariantError, match="no durable intent"):
        SendGuard().pass_once(intent())


def test_an_order_that_differs_from_its_durable_intent_does_not_pass() -> None:
    guard = SendGuard()
    guard.allow([intent()])
    with pytest.raises(InvariantError, match="no durable intent"):
        guard.pass_once(attrs.evolve(intent(), quantity=Quantity(2)))


def test_an_intent_whose_outcome_is_known_does_not_pass() -> None:
    guard = SendGuard()
    guard.allow([attrs.evolve(intent(), status=IntentStatus.REJECTED)])
    with pytest.raises(InvariantError):
        guard.pass_once(intent())


def test_what_an_earlier_process_may_have_sent_does_not_pass() -> None:
    guard = SendGuard()
    guard.forbid(intent().client_order_id)
    guard.allow([intent()])
    with pytest.raises(InvariantError, match="twice"):
        guard.pass_once(intent())


class Rig:
    def __init__(self, execution: ExecutionPort | None = None) -> None:
        self.alerts = Alerts()
        bus = EventBus(self.alerts)
        self.activity = Activity()
        self.clock = VirtualClock(self.activity, T0)
        self.supervisor = Supervisor(self.clock, bus)
        self.venue = MemoryConnector([instrument()], Money(10_000), self.clock)
        self.venue.feed(BTC, Price(100))
        self.offered: list[Input] = []
        self.waits = True
        state = EngineState.opening(EngineConfig(account="a", epoch="e"), CAPITAL)
        self.open = OpenOrders(state, ())
        self.guard = SendGuard()
        calls = VenueCalls(execution or self.venue, self.clock, self.supervisor, bus)
        self.inquiries = Inquiries(
            calls=calls,
            orders=self.open,
            offer=self.offered.append,
            supervisor=self.supervisor,
            clock=self.clock,
            activity=self.activity,
            bus=bus,
        )
        self.looked_for: list[QueryExternal] = []
        self.manager = OrderManager(
            calls=calls,
            guard=self.guard,
            inquiries=self.inquiries,
            offer=self.offered.append,
            supervisor=self.supervisor,
            clock=self.clock,
            activity=self.activity,
            bus=bus,
            is_waiting=lambda _: self.waits,
            debts=Debts(
                lending=None,
                is_settling=lambda _: True,
                gives_up=lambda _: False,
                offer=self.offered.append,
                supervisor=self.supervisor,
                clock=self.clock,
                activity=self.activity,
                bus=bus,
            ),
            look_for=self.looked_for.append,
        )

    async def pass_time(self, ns: int = 0) -> None:
        over = asyncio.Event()

        async def end() -> None:
            await self.clock.sleep_until(self.clock.now_ns() + ns)
            over.set()

        task = asyncio.ensure_future(end())
        await self.clock.run(over)
        await task

    def reports(self) -> list[tuple[ReportStatus, str]]:
        return [(e.report.status, e.report.code) for e in self.offered if type(e) is OrderReported]


async def test_an_order_without_a_durable_intent_halts_the_machine() -> None:
    it = Rig()
    it.manager.execute(PlaceEntryOrder(intent=intent()))
    await it.pass_time()
    assert isinstance(it.supervisor.problem, InvariantError)
    assert it.venue.book.orders == []


async def test_an_entry_that_became_durable_too_late_is_not_sent() -> None:
    it = Rig()
    it.guard.allow([intent()])
    await it.pass_time(2 * SECOND + 1)
    it.manager.execute(PlaceEntryOrder(intent=intent()))
    await it.pass_time()
    assert it.venue.book.orders == []
    assert it.reports() == [(ReportStatus.REJECTED, "NOT_SENT")]


async def test_an_exit_is_sent_however_late() -> None:
    it = Rig()
    exit_ = attrs.evolve(intent(kind=IntentKind.EXIT), side=OrderSide.SELL)
    it.guard.allow([exit_])
    await it.pass_time(60 * SECOND)
    it.manager.execute(PlaceExitOrder(intent=exit_))
    await it.pass_time()
    assert it.reports() == [(ReportStatus.REJECTED, "EXCEEDS_POSITION")]


async def test_a_cancel_is_reported_and_one_without_an_answer_is_asked_about() -> None:
    it = Rig()
    cancel = CancelOrder(symbol=BTC, client_order_id=ClientOrderId("o1"))
    it.manager.execute(cancel)
    await it.pass_time()
    assert it.reports() == [(ReportStatus.NOT_FOUND, "")]
    assert not it.inquiries.running
    it.venue.inject(
        Fault(kind=FaultKind.LOSE_REPLY, on=Operation.CANCEL),
        Fault(kind=FaultKind.NOT_SENT, on=Operation.CANCEL),
    )
    for count in (2, 3):
        it.manager.execute(cancel)
        await it.pass_time(SECOND)
        assert it.reports() == [(ReportStatus.NOT_FOUND, "")] * count
        assert not it.inquiries.running


async def test_an_account_nobody_waits_for_any_more_is_not_asked() -> None:
    it = Rig()
    it.waits = False
    it.manager.execute(QueryAccount(symbol=BTC, position_id=PositionId("p")))
    await it.pass_time()
    assert it.offered == []


async def test_an_account_that_never_answers_is_told_in_the_end() -> None:
    it = Rig()
    fault = Fault(kind=FaultKind.LOSE_REPLY, on=Operation.ACCOUNT, times=10_000)
    it.venue.inject(fault)
    it.manager.execute(QueryAccount(symbol=BTC, position_id=PositionId("p")))
    await it.pass_time(60 * SECOND)
    assert it.venue._script._lines[0][2] == 10_000 - ACCOUNT_TRIES_MAX
    assert it.alerts.names == ["account_unreachable"]


async def test_while_stopping_nothing_is_sent_and_what_hangs_is_counted() -> None:
    it = Rig()
    it.guard.allow([intent("o1"), intent("o2")])
    it.venue.inject(Fault(kind=FaultKind.DELAY, on=Operation.SUBMIT, delay_ns=60 * SECOND))
    it.manager.execute(PlaceEntryOrder(intent=intent("o1")))
    await it.pass_time()
    assert await it.manager.finish(0.01) == 1
    it.manager.execute(PlaceEntryOrder(intent=intent("o2")))
    await it.pass_time()
    assert len(it.venue.book.orders) == 1
    await it.supervisor.stop()


class BadVenue:
    """A connector that does what the port forbids."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def submit(self, order: NewOrder) -> OrderReport:
        raise self.error

    async def query_order(self, symbol: str, client_order_id: str) -> OrderReport:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "alerts"),
    [
        (InDoubtError("5xx", "-1007"), "-1007", []),
        (InDoubtError("cut off"), "TIMEOUT", []),
        (ZeroDivisionError(), "UNEXPECTED", ["connector_failed"]),
    ],
)
async def test_whatever_a_connector_raises_the_order_is_in_doubt(
    error: Exception, code: str, alerts: list[str]
) -> None:
    it = Rig(cast(ExecutionPort, BadVenue(error)))
    it.guard.allow([intent()])
    await it.pass_time(SECOND)
    it.manager.execute(PlaceEntryOrder(intent=intent()))
    await it.pass_time()
    assert it.reports() == [(ReportStatus.NO_REPLY, code)]
    entry = it.offered[0]
    assert isinstance(entry, OrderReported)
    assert entry.report.ts_signed == 0, "who failed does not tell what it was stamped with"
    assert it.alerts.names == alerts
    assert it.supervisor.problem is None


async def test_a_question_that_breaks_the_connector_is_told_and_asked_no_further() -> None:
    it = Rig(cast(ExecutionPort, BadVenue(ZeroDivisionError())))
    it.inquiries.ask(BTC, ClientOrderId("o1"))
    await it.pass_time(SECOND)
    assert it.offered == []
    assert it.alerts.names == ["connector_failed"]
    assert it.supervisor.problem is None


async def test_a_planned_question_is_brought_forward_and_never_put_off() -> None:
    it = Rig()
    it.inquiries.ask(BTC, ClientOrderId("o1"), 2 * SECOND)
    it.inquiries.ask(BTC, ClientOrderId("o1"), 5 * SECOND)
    await it.pass_time(SECOND)
    assert it.offered == []
    it.inquiries.ask(BTC, ClientOrderId("o1"))
    await it.pass_time()
    assert len(it.reports()) == 1
    it.inquiries.ask(BTC, ClientOrderId("o1"))
    await it.pass_time(100)
    assert len(it.reports()) == 1
    await it.pass_time(10 * SECOND)
    assert len(it.reports()) == 1
    assert not it.inquiries.running
