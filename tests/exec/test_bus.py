"""Observers see everything they have room for, and nobody is ever made to wait for them."""

from __future__ import annotations

import asyncio

import pytest

from robson_domain import (
    DetectorSpec,
    EntryDenied,
    Event,
    EventId,
    Head,
    Position,
    PositionId,
    PositionStatus,
    RiskConfig,
    Side,
)
from robson_exec import EventBus, Notice, Observation, Overflow, Published
from tests.exec.world import BTC, CAPITAL, T0, Alerts, instrument


def event(sequence: int) -> Event:
    return EntryDenied(
        event_id=EventId(str(sequence)),
        sequence=sequence,
        position_id=PositionId("p"),
        ts_event=T0,
        ts_received=T0,
        cause_id="test",
        code="X",
        message="",
    )


def position(name: str, sequence: int) -> Position:
    return Position(
        position_id=PositionId(name),
        symbol=BTC,
        side=Side.LONG,
        status=PositionStatus.ARMED,
        risk=RiskConfig(capital=CAPITAL),
        instrument=instrument(),
        detector=DetectorSpec(name="manual"),
        armed_at=T0,
        sequence=sequence,
    )


def published(sequence: int, *positions: Position) -> Published:
    head = Head(epoch="e", sequence=sequence, hash=str(sequence))
    return Published(head=head, events=(event(sequence),), positions=positions)


def bus() -> tuple[EventBus, Alerts]:
    alerts = Alerts()
    return EventBus(alerts), alerts


async def read_all(bus_: EventBus, name: str) -> list[Observation]:
    subscription = next(s for s in bus_.subscriptions if s.name == name)
    bus_.unsubscribe(name)
    return [item async for item in subscription]


async def test_a_subscriber_reads_everything_in_order() -> None:
    it, _ = bus()
    it.subscribe("page")
    notice = Notice(severity="warning", name="n", facts={})
    items: list[Observation] = [published(1), published(2), notice]
    for item in items:
        it.publish(item)
    assert await read_all(it, "page") == items
    assert it.published == {"Published": 2, "Notice": 1}


async def test_a_reader_that_waits_is_woken() -> None:
    it, _ = bus()
    subscription = it.subscribe("page")
    reading = asyncio.ensure_future(anext(subscription))
    await asyncio.sleep(0)
    assert not reading.done()
    it.publish(published(1))
    assert await asyncio.wait_for(reading, 1) == published(1)


async def test_a_slow_reader_loses_the_oldest_and_is_told_how_many() -> None:
    it, _ = bus()
    subscription = it.subscribe("page", maxsize=2)
    for sequence in range(1, 6):
        it.publish(published(sequence))
    assert subscription.dropped == 3
    assert await read_all(it, "page") == [published(4), published(5)]


async def test_a_conflating_reader_keeps_the_latest_of_every_position() -> None:
    it, _ = bus()
    subscription = it.subscribe("page", maxsize=3, overflow=Overflow.CONFLATE)
    it.publish(published(1, position("a", 1)))
    it.publish(published(2, position("b", 2)))
    it.publish(published(3, position("a", 3)))
    it.publish(published(4, position("c", 4)))
    first, second = await read_all(it, "page")
    assert isinstance(first, Published)
    assert first.head.sequence == 3
    assert {p.position_id: p.sequence for p in first.positions} == {"a": 3, "b": 2}
    assert (first.events, first.skipped, subscription.dropped) == ((), 3, 3)
    assert second == published(4, position("c", 4))


async def test_conflating_again_keeps_counting() -> None:
    it, _ = bus()
    it.subscribe("page", maxsize=2, overflow=Overflow.CONFLATE)
    for sequence in range(1, 8):
        it.publish(published(sequence))
    first, last = await read_all(it, "page")
    assert isinstance(first, Published)
    assert (first.head.sequence, first.skipped) == (6, 6)
    assert last == published(7)


async def test_conflating_with_one_place_keeps_the_last_only() -> None:
    it, _ = bus()
    subscription = it.subscribe("page", maxsize=1, overflow=Overflow.CONFLATE)
    for sequence in (1, 2):
        it.publish(published(sequence))
    assert await read_all(it, "page") == [published(2)]
    assert subscription.dropped == 1


async def test_conflating_notices_drops_them_with_a_count() -> None:
    it, _ = bus()
    subscription = it.subscribe("page", maxsize=2, overflow=Overflow.CONFLATE)
    for name in ("a", "b", "c"):
        it.publish(Notice(severity="warning", name=name, facts={}))
    assert [n.name for n in await read_all(it, "page") if isinstance(n, Notice)] == ["c"]
    assert subscription.dropped == 2


async def test_a_listener_that_fails_is_counted_told_once_and_stops_nobody() -> None:
    it, alerts = bus()
    heard: list[Observation] = []

    def broken(_: Observation) -> None:
        raise RuntimeError("observer")

    it.add_listener("broken", broken)
    it.add_listener("good", heard.append)
    it.publish(published(1))
    it.publish(published(2))
    assert heard == [published(1), published(2)]
    assert it.failures == {"broken": 2}
    assert alerts.names == ["listener_failed"]


async def test_a_closed_subscription_takes_no_more() -> None:
    it, _ = bus()
    subscription = it.subscribe("page")
    it.publish(published(1))
    subscription.close()
    subscription.put(published(2))
    assert await anext(subscription) == published(1)
    with pytest.raises(StopAsyncIteration):
        await anext(subscription)


async def test_a_second_subscription_of_a_name_ends_the_first() -> None:
    it, _ = bus()
    first = it.subscribe("page")
    it.subscribe("page")
    with pytest.raises(StopAsyncIteration):
        await anext(first)
    assert len(it.subscriptions) == 1


async def test_closing_the_bus_ends_every_reader() -> None:
    it, _ = bus()
    subscription = it.subscribe("page")
    reading = asyncio.ensure_future(anext(subscription))
    await asyncio.sleep(0)
    it.close()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(reading, 1)
    assert it.subscriptions == ()


async def test_a_notice_reaches_the_person_and_the_observers() -> None:
    it, alerts = bus()
    heard: list[Observation] = []
    it.add_listener("page", heard.append)
    it.notify("critical", "store_failed", {"error": "X"})
    assert alerts.told == [("critical", "store_failed", {"error": "X"})]
    assert heard == [Notice(severity="critical", name="store_failed", facts={"error": "X"})]
