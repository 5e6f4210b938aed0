"""The machine put together: who tells whom, in one place."""

from __future__ import annotations

import attrs

from robson_domain import (
    Backfill,
    Durable,
    EntrySignalReceived,
    Intent,
    Ledger,
    OrderRejected,
    OrderReport,
    OrderReported,
    Position,
    PositionId,
    PositionStatus,
    QueryExternal,
    Recovered,
    Reply,
    Symbol,
)
from robson_engine import EngineState
from robson_exec.bus import EventBus, Published
from robson_exec.committer import Committer
from robson_exec.debts import Debts
from robson_exec.desk import Desk, Replies
from robson_exec.inbox import Inbox
from robson_exec.inquiries import Inquiries
from robson_exec.limits import BACKLOG_UNITS_MAX, REJECTIONS_ALERT
from robson_exec.market_feeds import FeedParts, MarketFeeds
from robson_exec.observations import DetectorSignalFired
from robson_exec.one_grid import OneGrid
from robson_exec.open_orders import Lack, OpenOrders
from robson_exec.order_manager import OrderManager, SendGuard, ignored, unhindered
from robson_exec.parts import Parts
from robson_exec.pending import Unit
from robson_exec.position_manager import PositionManager
from robson_exec.runner import Reactions, Runner
from robson_exec.safety import protecting
from robson_exec.safety.exclusions import Ownership
from robson_exec.supervision import Supervisor
from robson_exec.ticker import Ticker
from robson_exec.venue_calls import VenueCalls
from robson_exec.view import Prices, View


class Machine:
    """Everything that runs, wired; nothing has begun yet."""

    def __init__(self, parts: Parts, recovered: Recovered, state: EngineState) -> None:
        self.state = state
        self.bus = EventBus(parts.alerts)
        self.supervisor = Supervisor(parts.clock, self.bus)
        self.market = OneGrid(
            market=parts.market,
            tick_of=state.tick_size_of,
            clock=parts.clock,
            supervisor=self.supervisor,
            activity=parts.activity,
        )
        self.parts = attrs.evolve(parts, market=self.market)
        self.inbox = Inbox(parts.activity)
        self.prices = Prices()
        for position in state.positions.values():
            self.prices.learn(position.instrument)
        self.detectors = PositionManager(self.bus, parts.registry)
        self.orders = OpenOrders(state, recovered.unresolved)
        self.ownership = Ownership(state.positions.values())
        self.guard = SendGuard()
        self.replies = Replies()
        self.view = View(recovered.head, state.ledger, state.positions, self.prices)
        self._add_venue()
        self._add_market()
        self._add_core()

    def _add_venue(self) -> None:
        parts = self.parts
        calls = self.calls = VenueCalls(parts.execution, parts.clock, self.supervisor, self.bus)
        self._around = protecting.Around(
            parts=parts,
            state=self.state,
            supervisor=self.supervisor,
            bus=self.bus,
            prices=self.prices,
            calls=calls,
            offer=self.inbox.offer,
        )
        self.safety_net = protecting.safety_net(self._around)
        net = self.safety_net
        self.inquiries = Inquiries(
            calls=calls,
            orders=self.orders,
            offer=self.inbox.offer,
            supervisor=self.supervisor,
            clock=parts.clock,
            activity=parts.activity,
            bus=self.bus,
            traces=None if net is None else net.traces,
        )
        self.order_manager = OrderManager(
            calls=calls,
            guard=self.guard,
            inquiries=self.inquiries,
            offer=self.inbox.offer,
            supervisor=self.supervisor,
            clock=parts.clock,
            activity=parts.activity,
            bus=self.bus,
            is_waiting=self._waits_for_account,
            debts=self._debts(),
            look_for=self._look_for,
            before_send=unhindered if net is None else net.before_send,
            refused=ignored if net is None else net.refused,
        )

    def hear(self, report: OrderReport) -> None:
        """Take in what the venue says of an order, whoever placed it."""
        if self.safety_net is not None:
            self.safety_net.hear_report(report)
        self.inbox.offer(OrderReported(report=report))

    def _debts(self) -> Debts:
        parts = self.parts
        return Debts(
            lending=parts.lending,
            is_settling=self._is_settling,
            gives_up=self._is_guard,
            offer=self.inbox.offer,
            supervisor=self.supervisor,
            clock=parts.clock,
            activity=parts.activity,
            bus=self.bus,
        )

    def _is_settling(self, position_id: PositionId) -> bool:
        found = self.state.live.get(position_id)
        return (
            found is not None and found.status is PositionStatus.EXITING and not found.is_unresolved
        )

    def _is_guard(self, position_id: PositionId) -> bool:
        found = self.state.live.get(position_id)
        return found is not None and found.is_guard

    def _look_for(self, command: QueryExternal) -> None:
        if self.safety_net is not None:
            self.safety_net.answer(command)
        else:
            protecting.answer_blindly(self._around, command)

    def _add_market(self) -> None:
        parts = self.parts
        feed_parts = FeedParts(
            market=parts.market,
            inbox=self.inbox,
            clock=parts.clock,
            activity=parts.activity,
            supervisor=self.supervisor,
            bus=self.bus,
            is_real_time=not parts.skips_quiet_time,
            mark_of=self._mark_of,
            stop_mark_of=self._stop_mark_of,
        )
        self.feeds = MarketFeeds(feed_parts)
        self.desk = Desk(
            market=parts.market,
            detectors=self.detectors,
            offer=self.inbox.offer,
            follow=self.feeds.ensure,
            knows=self.state.positions.__contains__,
            last_price=self.prices.of,
            replies=self.replies,
            clock=parts.clock,
            ids=parts.ids,
            activity=parts.activity,
            supervisor=self.supervisor,
            registry=parts.registry,
        )

    def _add_core(self) -> None:
        parts = self.parts
        self.committer = Committer(
            parts.store, self._release, clock=parts.clock, activity=parts.activity, bus=self.bus
        )
        self.runner = Runner(
            self.state,
            inbox=self.inbox,
            committer=self.committer,
            detectors=self.detectors,
            orders=self.orders,
            prices=self.prices,
            reactions=Reactions(
                follow=self.feeds.ensure,
                release=self.feeds.release,
                lack=self._on_lack,
                settle=self._on_settled,
                rest=self._on_rest,
            ),
        )
        self.ticker = Ticker(
            self.runner.due,
            self.inbox.offer,
            clock=parts.clock,
            supervisor=self.supervisor,
            activity=parts.activity,
            skips=parts.skips_quiet_time,
        )

    def _release(self, durable: Durable, unit: Unit) -> None:
        """Carry out what has become durable: orders first, then who watches, then the person."""
        self.inbox.is_held = self.committer.backlog >= BACKLOG_UNITS_MAX
        self.guard.allow(unit.intents)
        replies: list[Reply] = []
        for command in unit.commands:
            match command:
                case Reply():
                    replies.append(command)
                case Backfill():
                    self.feeds.backfill(command.symbol, command.after_trade_id)
                case _:
                    self.order_manager.execute(command)
        self._tell(durable, unit)
        for reply in replies:
            self.replies.give(reply)

    def _tell(self, durable: Durable, unit: Unit) -> None:
        if not unit.events:
            return
        positions = tuple(state for state in unit.states if isinstance(state, Position))
        for event in unit.events:
            if isinstance(event, OrderRejected) and event.attempt >= REJECTIONS_ALERT:
                self._alert_rejected(event, positions)
        self._tell_ownership(unit, positions)
        ledger = next((state for state in unit.states if isinstance(state, Ledger)), None)
        self.view.take(durable.head, ledger=ledger, positions=positions, events=unit.events)
        self.bus.publish(Published(head=durable.head, events=unit.events, positions=positions))

    def _tell_ownership(self, unit: Unit, positions: tuple[Position, ...]) -> None:
        for event in unit.events:
            if isinstance(event, EntrySignalReceived):
                self.bus.publish(DetectorSignalFired(signal=event.signal))
        for said in self.ownership.changes(positions):
            self.bus.publish(said)

    def _alert_rejected(self, event: OrderRejected, positions: tuple[Position, ...]) -> None:
        stops = [stop for one in positions for stop in (one.venue_stop, *one.past_stops)]
        is_stop = any(stop and stop.client_order_id == event.client_order_id for stop in stops)
        facts = {
            "position_id": event.position_id,
            "attempt": str(event.attempt),
            "code": event.code,
            "message": event.message,
        }
        name = "venue_stop_rejected" if is_stop else "exit_rejected"
        self.bus.notify("critical", name, facts)

    def _waits_for_account(self, position_id: PositionId) -> bool:
        found = self.state.live.get(position_id)
        if found is None:
            return False
        if found.status is PositionStatus.ARMED:
            return found.signal is not None
        return found.exit_reason is not None and found.working_stop is not None

    def _mark_of(self, symbol: Symbol) -> int | None:
        marks = (self.state.earliest_mark(symbol), self.detectors.earliest_mark(symbol))
        return min((mark for mark in marks if mark is not None), default=None)

    def _stop_mark_of(self, symbol: Symbol) -> int | None:
        mark = self.state.earliest_mark(symbol)
        return 0 if mark is None and self.state.has_stops(symbol) else mark

    def _on_lack(self, lack: Lack) -> None:
        self.inquiries.ask(lack.symbol, lack.client_order_id)

    def _on_settled(self, intent: Intent) -> None:
        self.inquiries.settle(intent.client_order_id)

    def _on_rest(self) -> None:
        self.ticker.plan()
