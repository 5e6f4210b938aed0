"""The Safety Net put together, and what stands in for it where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robson_domain import ExternalSeen, QueryExternal
from robson_exec.account_reader import AccountReader
from robson_exec.books import Books
from robson_exec.exclusions import Database, Exclusions, LiveExclusions, VenueRecords
from robson_exec.judging import DOUBT, Steadiness
from robson_exec.locks import Locks
from robson_exec.net_parts import NetParts
from robson_exec.position_sync import PositionSync
from robson_exec.safety_net import SafetyNet

if TYPE_CHECKING:
    from robson_exec.machine import Machine


def safety_net(machine: Machine) -> SafetyNet | None:
    """Return the Safety Net of a machine, None when nobody reads the account."""
    parts = machine.parts
    if parts.holdings is None:
        return None
    books, steady = Books(machine.state), Steadiness(parts.protection.poll_ns)
    reader = AccountReader(
        holdings=parts.holdings,
        market=parts.market,
        prices=machine.prices,
        clock=parts.clock,
        supervisor=machine.supervisor,
        own_of=books.own,
    )
    locks = Locks(
        holdings=parts.holdings,
        calls=machine.calls,
        supervisor=machine.supervisor,
        clock=parts.clock,
        activity=parts.activity,
        bus=machine.bus,
        last_price=machine.prices.of,
        cancels=parts.protection.cancels_locking_orders,
    )
    net = NetParts(
        reader=reader,
        exclusions=_exclusions(machine),
        books=books,
        sync=PositionSync(books=books, store=parts.store, steady=steady),
        steady=steady,
        locks=locks,
        offer=machine.inbox.offer,
        supervisor=machine.supervisor,
        clock=parts.clock,
        activity=parts.activity,
        bus=machine.bus,
        poll_ns=parts.protection.poll_ns,
    )
    return SafetyNet(net)


def _exclusions(machine: Machine) -> Exclusions:
    parts = machine.parts
    live = LiveExclusions(machine.bus, parts.clock, parts.protection.poll_ns)
    live.seed(machine.state.positions.values())
    machine.bus.add_listener(live.name, live.hear)
    # The set in memory is asked last: between its answer and its use nothing else can happen.
    layers = (Database(parts.store), VenueRecords(parts.store), live)
    return Exclusions(layers=layers, supervisor=machine.supervisor, clock=parts.clock)


def answer_blindly(machine: Machine, command: QueryExternal) -> None:
    """Answer a guard that was opened when the account could be read: nobody knows, so nothing."""
    guard = machine.state.positions.get(command.position_id)
    if guard is None or guard.stop is None:
        return
    now = machine.parts.clock.now_ns()
    said = ExternalSeen(
        instrument=guard.instrument,
        price=machine.prices.of(guard.symbol) or guard.stop,
        ts_event=now,
        ts_received=now,
        excluded=DOUBT,
        guard=command.position_id,
    )
    machine.inbox.offer(said)
