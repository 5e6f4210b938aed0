"""Parts in, a running daemon out, and an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import attrs

from robson_domain import Input, Recovered, SetRiskLimits, SetSafetyNet, Symbol
from robson_exec import recovery
from robson_exec.activity import Activity
from robson_exec.bus import EventBus
from robson_exec.desk import Desk
from robson_exec.limits import CLOSE_PATIENCE_S, START_PATIENCE_NS, STOP_PATIENCE_S
from robson_exec.machine import Machine
from robson_exec.market_feeds import MarketFeeds
from robson_exec.parts import Parts
from robson_exec.recovery import RecoveryReport
from robson_exec.safety.safety_net import SafetyNet
from robson_exec.view import View


@attrs.frozen(kw_only=True)
class StopReport:
    """What was left when the machine ended, for the person.

    Attributes:
        sends_left: Sends that were still under way; in doubt at the next start.
        is_saved: Whether everything decided is durable.
        unresolved: Orders without the venue's last word.
        unprotected: Pairs with an open quantity, which nobody watches from now on.
    """

    sends_left: int
    is_saved: bool
    unresolved: int
    unprotected: tuple[Symbol, ...]


class Daemon:
    """A running machine.

    Attributes:
        recovered: What start-up found.
        desk: The person's door.
        view: Durable read model.
        bus: For observers.
        feeds: Prices by pair.
        safety_net: Watches what the person opened; None when nobody reads the account.
    """

    def __init__(
        self, machine: Machine, consumer: asyncio.Task[None], recovered: RecoveryReport
    ) -> None:
        self._machine = machine
        self._consumer = consumer
        self._stopped: StopReport | None = None
        self.recovered = recovered
        self.desk: Desk = machine.desk
        self.view: View = machine.view
        self.bus: EventBus = machine.bus
        self.feeds: MarketFeeds = machine.feeds
        self.safety_net: SafetyNet | None = machine.safety_net

    @property
    def activity(self) -> Activity:
        """Whether anything is in progress."""
        return self._machine.parts.activity

    @property
    def halted(self) -> asyncio.Event:
        """Set when the machine must be shut down because of :attr:`problem`."""
        return self._machine.supervisor.halted

    @property
    def problem(self) -> BaseException | None:
        """What halted the machine, None while nothing did."""
        return self._machine.supervisor.problem

    @property
    def is_store_failing(self) -> bool:
        """Whether the last try to write failed; entries are not sent meanwhile."""
        return self._machine.committer.failures > 0

    def offer(self, entry: Input) -> None:
        """Put one input into the inbox, as a driver of recordings or a test does."""
        self._machine.runner.offer(entry)

    async def stop(self) -> StopReport:
        """End in order: nothing new, drain, one last batch with a snapshot, close the ports.

        Sends under way get :data:`STOP_PATIENCE_S` seconds to be answered. Idempotent.
        """
        if self._stopped is None:
            self._stopped = await self._stop()
        return self._stopped

    async def _stop(self) -> StopReport:
        machine = self._machine
        machine.desk.is_closed = True
        machine.feeds.stop()
        if machine.safety_net is not None:
            machine.safety_net.stop()
        sends_left = await machine.order_manager.finish(STOP_PATIENCE_S)
        is_saved = False
        if not self.halted.is_set():
            is_saved = await _in_time(self._save())
        report = StopReport(
            sends_left=sends_left,
            is_saved=is_saved,
            unresolved=machine.orders.count,
            unprotected=tuple(
                dict.fromkeys(p.symbol for p in machine.state.live.values() if p.open_qty)
            ),
        )
        await machine.supervisor.stop()
        machine.bus.close()
        for port in (machine.parts.execution, machine.parts.market, machine.parts.store):
            await self._close(port.close())
        return report

    async def _save(self) -> None:
        machine = self._machine
        await machine.inbox.drained()
        self._consumer.cancel()
        machine.runner.take_snapshot()
        await machine.runner.flush()
        await machine.committer.drained()

    async def _close(self, closing: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(CLOSE_PATIENCE_S):
                await closing
        except Exception as error:
            facts = {"error": type(error).__name__, "message": str(error)}
            self._machine.parts.alerts.alert("warning", "close_failed", facts)


async def _in_time(work: Awaitable[None]) -> bool:
    # The loop's own time: the daemon's clock may be a virtual one that stands still now.
    try:
        async with asyncio.timeout(STOP_PATIENCE_S):
            await work
    except TimeoutError:
        return False
    return True


async def start(parts: Parts) -> Daemon:
    """Recover, ask the venue, fetch what was missed, and run.

    A connector that sleeps on a virtual clock needs that clock to be run meanwhile.

    Raises:
        StoreError: What is stored cannot be reached or trusted.
        InvariantError: The log and the tables contradict each other; nothing was started.
    """
    recovered = await parts.store.recover()
    state = recovery.restore(parts.config, parts.capital, recovered)
    await recovery.compare(state, parts.store, recovered.unresolved)
    recovery.require_own(state)
    machine = Machine(parts, recovered, state)
    try:
        return await _begin(machine, recovered)
    except BaseException:
        await machine.supervisor.stop()
        raise


async def _begin(machine: Machine, recovered: Recovered) -> Daemon:
    parts, state = machine.parts, machine.state
    _say_limits(machine)
    _say_mode(machine)
    report = recovery.report_of(state, recovered)
    report = attrs.evolve(report, detectors=_take_up_detectors(machine, recovered))
    parts.execution.subscribe_reports(machine.hear)
    _ = machine.supervisor.spawn("commit", machine.committer.run())
    for intent in recovered.unresolved:
        machine.guard.forbid(intent.client_order_id)
        machine.inbox.offer(recovery.in_doubt(intent, parts.clock.now_ns()))
    consumer = machine.supervisor.spawn("consume", machine.runner.consume())
    answered = await _ask_venue(machine, recovered)
    await machine.market.learn(state.symbols(), parts.clock.now_ns() + START_PATIENCE_NS)
    machine.feeds.open(state.symbols())
    await machine.feeds.filled()
    report = attrs.evolve(report, answered=answered, backfilled=machine.feeds.backfilled)
    if machine.safety_net is not None:
        machine.safety_net.start()
    return Daemon(machine, consumer, report)


def _say_limits(machine: Machine) -> None:
    # The very first input: nothing may be decided by limits that the log does not know.
    parts = machine.parts
    if parts.limits is not None:
        said = SetRiskLimits(
            command_id=parts.ids.new_id("command"),
            capital=parts.capital,
            limits=parts.limits,
            ts_received=parts.clock.now_ns(),
        )
        machine.inbox.offer(said)


def _say_mode(machine: Machine) -> None:
    parts = machine.parts
    if parts.protection.mode is not None:
        said = SetSafetyNet(
            command_id=parts.ids.new_id("command"),
            mode=parts.protection.mode,
            ts_received=parts.clock.now_ns(),
        )
        machine.inbox.offer(said)


def _take_up_detectors(machine: Machine, recovered: Recovered) -> int:
    now = machine.parts.clock.now_ns()
    for position, memory in recovery.waiting(machine.state, recovered.detectors):
        end = machine.detectors.restore(position, memory, now)
        if end is not None:
            machine.inbox.offer(end)
    return machine.detectors.count


async def _ask_venue(machine: Machine, recovered: Recovered) -> int:
    """Ask about every open question; return how many orders were answered about in time."""
    clock, inquiries = machine.parts.clock, machine.inquiries
    deadline = clock.now_ns() + START_PATIENCE_NS
    for intent in recovered.unresolved:
        inquiries.ask(intent.symbol, intent.client_order_id)
    asked = tuple(inquiries.running.values())
    for inquiry in asked:
        await machine.supervisor.within(deadline, inquiry.answered.wait())
    owned = [p.symbol for p in machine.state.live.values() if p.owns_pair]
    for symbol in dict.fromkeys(owned):
        await machine.order_manager.report_account(symbol, lambda: clock.now_ns() < deadline)
    # What was answered decides which prices are needed: an entry found filled has a stop now.
    await machine.supervisor.within(deadline, machine.inbox.drained())
    return sum(inquiry.answered.is_set() for inquiry in asked)
