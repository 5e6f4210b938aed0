"""What is counted, from durable events alone."""

from __future__ import annotations

import attrs
import pytest

from robson_domain import (
    ClientOrderId,
    Doubt,
    EntryFilled,
    EntryOrderPlaced,
    EventId,
    OrderInDoubt,
    OrderRejected,
    OrderResolved,
    OrderStatus,
    VenueStopPlaced,
)
from robsond import telemetry
from robsond.telemetry import Metrics
from tests.robsond.api_machine import Machine
from tests.robsond.test_daemon_why import trade
from tests.robsond.test_sentences import stored


def traded() -> Machine:
    machine = Machine()
    trade(machine)
    return machine


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def placed(machine: Machine) -> EntryOrderPlaced:
    return next(event for event in machine.log if isinstance(event, EntryOrderPlaced))


def rejected(event: EntryOrderPlaced) -> OrderRejected:
    return OrderRejected(
        event_id=EventId("e"),
        sequence=9,
        position_id=event.position_id,
        ts_event=0,
        ts_received=0,
        cause_id="x",
        client_order_id=event.intent.client_order_id,
        code="MIN_NOTIONAL",
        message="too small",
        attempt=1,
        retry_at=0,
    )


def in_doubt(event: EntryOrderPlaced) -> OrderInDoubt:
    return OrderInDoubt(
        event_id=EventId("e"),
        sequence=9,
        position_id=event.position_id,
        ts_event=0,
        ts_received=0,
        cause_id="x",
        client_order_id=event.intent.client_order_id,
        doubt=Doubt(since=0, ts_signed=0),
        code="TIMEOUT",
        message="",
    )


def test_a_whole_trade() -> None:
    metrics = Metrics()
    metrics.on_events(traded().log)
    for side in ("BUY", "SELL"):
        labels = {"symbol": "BTCUSDT", "side": side}
        assert value(metrics, "orders_submitted_total", order_type="market", **labels) == 1
        assert value(metrics, "orders_filled_total", **labels) == 1


def test_a_part_is_no_filled_order() -> None:
    metrics, machine = Metrics(), traded()
    fill = next(event for event in machine.log if isinstance(event, EntryFilled))
    part = attrs.evolve(fill, order_status=OrderStatus.PARTIALLY_FILLED)
    metrics.on_events([placed(machine), part])
    assert value(metrics, "orders_filled_total", symbol="BTCUSDT", side="BUY") == 0
    metrics.on_events([fill])
    assert value(metrics, "orders_filled_total", symbol="BTCUSDT", side="BUY") == 1


def test_one_order_fails_once_whatever_is_said_of_it() -> None:
    metrics, event = Metrics(), placed(traded())
    metrics.on_events([event, in_doubt(event), in_doubt(event), rejected(event)])
    assert value(metrics, "orders_failed_total", symbol="BTCUSDT", reason="TIMEOUT") == 1
    assert value(metrics, "orders_failed_total", symbol="BTCUSDT", reason="MIN_NOTIONAL") == 0


def test_a_refusal_counts_under_its_code() -> None:
    metrics, event = Metrics(), placed(traded())
    metrics.on_events([event, rejected(event)])
    assert value(metrics, "orders_failed_total", symbol="BTCUSDT", reason="MIN_NOTIONAL") == 1


def test_orders_of_another_process_are_not_guessed_at() -> None:
    metrics, machine = Metrics(), traded()
    metrics.on_events([one for one in machine.log if not isinstance(one, EntryOrderPlaced)])
    assert value(metrics, "orders_filled_total", symbol="BTCUSDT", side="BUY") == 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_OPEN_MAX", 2)
    metrics, event = Metrics(), placed(traded())
    for number in range(5):
        intent = attrs.evolve(event.intent, client_order_id=ClientOrderId(str(number)))
        metrics.on_events([attrs.evolve(event, intent=intent)])
    assert list(metrics._open) == ["3", "4"]


def test_a_stop_at_the_venue_counts_as_one_and_leaves_when_it_ends() -> None:
    metrics = Metrics()
    placed, ended = stored("VenueStopPlaced"), stored("OrderResolved")
    assert isinstance(placed, VenueStopPlaced)
    assert isinstance(ended, OrderResolved)
    order_id = placed.intent.client_order_id
    metrics.on_events([placed])
    labels = {"symbol": "BTCUSDT", "side": "SELL", "order_type": "stop"}
    assert value(metrics, "orders_submitted_total", **labels) == 1
    works = attrs.evolve(ended, client_order_id=order_id, order_status=OrderStatus.ACCEPTED)
    metrics.on_events([works])
    assert order_id in metrics._open
    metrics.on_events([attrs.evolve(works, order_status=OrderStatus.CANCELED)])
    assert order_id not in metrics._open


def test_an_order_resolved_as_filled_waits_for_its_fill() -> None:
    metrics, machine = Metrics(), traded()
    event = placed(machine)
    ended = stored("OrderResolved")
    assert isinstance(ended, OrderResolved)
    resolved = attrs.evolve(
        ended,
        client_order_id=event.intent.client_order_id,
        order_status=OrderStatus.FILLED,
    )
    fill = next(event for event in machine.log if isinstance(event, EntryFilled))
    metrics.on_events([event, resolved, fill])
    assert value(metrics, "orders_filled_total", symbol="BTCUSDT", side="BUY") == 1
