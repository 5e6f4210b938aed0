"""The Safety Net put together, and what stands in for it where there is none."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from robson_domain import ExternalSeen, Input, QueryExternal
from robson_engine import EngineState
from robson_exec.bus import EventBus
from robson_exec.parts import Parts
from robson_exec.safety.account_reader import AccountReader
from robson_exec.safety.books import Books
from robson_exec.safety.exclusions import Database, Exclusions, LiveExclusions, VenueRecords
from robson_exec.safety.judging import DOUBT, Steadiness
from robson_exec.safety.locks import Locks
from robson_exec.safety.net_parts import NetParts
from robson_exec.safety.position_sync import PositionSync
from robson_exec.safety.safety_net import SafetyNet
from robson_exec.safety.traces import Traces
from robson_exec.supervision import Supervisor
from robson_exec.venue_calls import VenueCalls
from robson_exec.view import Prices


@attrs.frozen(kw_only=True)
class Around:
    """What of the machine the Safety Net needs."""

    parts: Parts
    state: EngineState
    supervisor: Supervisor
    bus: EventBus
    prices: Prices
    calls: VenueCalls
    offer: Callable[[Input], None]


def safety_net(around: Around) -> SafetyNet | None:
    """Return the Safety Net, None when nobody reads the account."""
    parts = around.parts
    if parts.holdings is None:
        return None
    books, steady = Books(around.state), Steadiness(parts.protection.poll_ns)
    reader = AccountReader(
        holdings=parts.holdings,
        market=parts.market,
        prices=around.prices,
        clock=parts.clock,
        supervisor=around.supervisor,
        own_of=books.own,
    )
    locks = Locks(
        holdings=parts.holdings,
        calls=around.calls,
        supervisor=around.supervisor,
        clock=parts.clock,
        activity=parts.activity,
        bus=around.bus,
        last_price=around.prices.of,
        is_stray=books.is_stray,
        offer=around.offer,
        cancels=parts.protection.cancels_locking_orders,
    )
    traces = Traces(
        holdings=parts.holdings, books=books, supervisor=around.supervisor, clock=parts.clock
    )
    net = NetParts(
        reader=reader,
        exclusions=_exclusions(around),
        books=books,
        sync=PositionSync(books=books, store=parts.store, steady=steady),
        steady=steady,
        locks=locks,
        traces=traces,
        offer=around.offer,
        supervisor=around.supervisor,
        clock=parts.clock,
        activity=parts.activity,
        bus=around.bus,
        poll_ns=parts.protection.poll_ns,
    )
    return SafetyNet(net)


def _exclusions(around: Around) -> Exclusions:
    parts = around.parts
    live = LiveExclusions(around.bus, parts.clock, parts.protection.poll_ns)
    live.seed(around.state.positions.values())
    around.bus.add_listener(live.name, live.hear)
    # The set in memory is asked last: between its answer and its use nothing else can happen.
    layers = (Database(parts.store), VenueRecords(parts.store), live)
    return Exclusions(layers=layers, supervisor=around.supervisor, clock=parts.clock)


def answer_blindly(around: Around, command: QueryExternal) -> None:
    """Answer a guard that was opened when the account could be read: nobody knows, so nothing."""
    guard = around.state.positions.get(command.position_id)
    if guard is None or guard.stop is None:
        return
    now = around.parts.clock.now_ns()
    said = ExternalSeen(
        instrument=guard.instrument,
        price=around.prices.of(guard.symbol) or guard.stop,
        ts_event=now,
        ts_received=now,
        excluded=DOUBT,
        guard=command.position_id,
    )
    around.offer(said)
