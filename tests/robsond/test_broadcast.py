"""What sockets are told of durable events: those of a pair to its readers, the account's to all."""

from __future__ import annotations

import json
from decimal import Decimal

import attrs

from robson_domain import Event, EventId, PositionId, RiskLimitsSet, Symbol
from robson_domain.testing import an_event
from robson_domain.testing.store_samples import an_event_at
from robson_exec import PairSeen, Published, SafetyNetLooked
from robsond.broadcast import Broadcast
from robsond.hub import Hub
from robsond.telemetry import Metrics
from tests.robsond.api_machine import Machine
from tests.robsond.test_daemon_why import arm
from tests.robsond.test_safety_api import guarded


def heard(machine: Machine, *events: Event) -> list[str]:
    """Return what a reader of BTCUSDT alone gets to see of ``events``."""
    metrics = Metrics()
    hub = Hub(metrics)
    reader = hub.join()
    assert reader is not None
    reader.wants = {"events": frozenset({Symbol("BTCUSDT")})}
    Broadcast(hub, metrics, machine).on(Published(head=machine.head(), events=events))
    return [
        json.loads(reader.queue.get_nowait().text)["data"]["type"]
        for _ in range(reader.queue.qsize())
    ]


def test_an_event_of_the_account_reaches_readers_of_any_pair() -> None:
    assert heard(Machine(), an_event(RiskLimitsSet)) == ["RiskLimitsSet"]


def test_an_event_of_a_position_reaches_readers_of_its_pair() -> None:
    machine = Machine()
    arm(machine)
    arm(machine, "p-2", symbol=Symbol("ETHUSDT"))
    assert heard(machine, *machine.log) == ["PositionArmed"]


def test_an_event_of_a_position_nobody_knows_reaches_nobody() -> None:
    event = attrs.evolve(an_event_at(1), position_id=PositionId("x"), event_id=EventId("e"))
    assert heard(Machine(), event) == []


def test_a_look_of_the_safety_net_reaches_who_asked_for_it() -> None:
    metrics, machine = Metrics(), Machine()
    machine.is_real = True
    hub = Hub(metrics)
    readers = [hub.join(), hub.join()]
    assert readers[0] is not None
    assert readers[1] is not None
    readers[0].wants = {"safety_net": frozenset({Symbol("BTCUSDT")})}
    readers[1].wants = {"events": None}
    seen = PairSeen(symbol=Symbol("ETHUSDT"), state="collateral", collateral=Decimal("0.5"))
    machine.looked = SafetyNetLooked(at=machine.clock, pairs=(seen,))
    Broadcast(hub, metrics, machine).on(machine.looked)
    told = json.loads(readers[0].queue.get_nowait().text)
    assert told["type"] == "safety_net"
    assert told["data"]["pairs"][0]["collateral"] == "0.5"
    assert readers[1].queue.empty()


def test_an_event_of_a_guard_reaches_readers_of_its_pair() -> None:
    machine = Machine()
    guarded(machine)
    assert heard(machine, *machine.log) == ["GuardOpened"]
