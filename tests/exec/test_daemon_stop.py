"""The end is in order: nothing new, everything on its way is dealt with, the ports close."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from robson_connectors.memory import Fault, FaultKind, MemoryConnector, Operation
from robson_domain import (
    DetectorSpec,
    InvariantError,
    PositionStatus,
    Price,
    Snapshot,
    Store,
)
from robson_exec import Daemon
from robson_exec import daemon as module
from tests.exec.checks import check_quiet
from tests.exec.stores import Reopened, TroubledStore
from tests.exec.world import (
    BTC,
    ETH,
    SECOND,
    World,
    arm_request,
    memory_store,
    memory_world,
)

SUBMIT, QUERY = Operation.SUBMIT, Operation.QUERY_ORDER
PATIENT = DetectorSpec(name="delay", params=(("stop_distance", "1%"), ("seconds", "3600")))


async def stoppable() -> tuple[World, MemoryConnector, list[Reopened], Daemon]:
    store = TroubledStore(await memory_store())
    world, venue = await memory_world(store=cast(Store, store))
    ports = [Reopened(venue), Reopened(venue), Reopened(store)]
    daemon = await world.boot(
        execution=cast(Any, ports[0]), market=cast(Any, ports[1]), store=cast(Any, ports[2])
    )
    await daemon.desk.arm(arm_request())
    venue.feed(BTC, Price(100))
    await world.settle()
    return world, venue, ports, daemon


async def test_a_clean_stop_saves_a_snapshot_and_closes_the_ports_once() -> None:
    world, venue, ports, daemon = await stoppable()
    await daemon.desk.arm(arm_request("armed", ETH, detector=PATIENT))
    venue.feed(BTC, Price(101))
    venue.feed(ETH, Price(10))
    report = await daemon.stop()
    assert (report.is_saved, report.sends_left, report.unresolved) == (True, 0, 0)
    assert report.unprotected == (BTC,)
    assert [port.closed for port in ports] == [1, 1, 1]
    assert await daemon.stop() == report
    assert [port.closed for port in ports] == [1, 1, 1]
    last = cast(TroubledStore, world.store).written[-1]
    (snapshot,) = [state for state in last.states if isinstance(state, Snapshot)]
    recovered = await world.store.recover()
    assert recovered.snapshot == snapshot
    assert recovered.events == ()
    assert recovered.detectors[0].mark == 1
    again = await world.boot()
    assert again.recovered.replayed == 0
    assert again.recovered.snapshot_sequence == snapshot.sequence
    await again.stop()


async def test_prices_and_reports_on_their_way_are_dealt_with_before_the_end() -> None:
    world, venue, _, daemon = await stoppable()
    venue.feed(BTC, Price(99))
    report = await daemon.stop()
    position = await world.position()
    assert position.status in {PositionStatus.EXITING, PositionStatus.CLOSED}
    assert report.is_saved
    again = await world.boot()
    await world.pass_time(20 * SECOND)
    assert (await world.position()).status is PositionStatus.CLOSED
    await check_quiet(world, venue)
    await again.stop()


async def test_a_send_under_way_at_the_end_is_counted_and_in_doubt_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STOP_PATIENCE_S", 0.05)
    world, venue, _, daemon = await stoppable()
    venue.inject(
        Fault(kind=FaultKind.DELAY, on=SUBMIT, delay_ns=60 * SECOND), Fault(kind=FaultKind.DROP)
    )
    venue.feed(BTC, Price(99))
    await world.settle()
    report = await daemon.stop()
    assert (report.sends_left, report.unresolved, report.unprotected) == (1, 1, (BTC,))
    again = await world.boot()
    assert (await world.position()).status is PositionStatus.CLOSED
    await check_quiet(world, venue)
    await again.stop()


async def test_a_store_that_fails_to_the_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_PATIENCE_S", 0.05)
    world, _, ports, daemon = await stoppable()
    cast(TroubledStore, world.store).refusals = 10_000
    report = await daemon.stop()
    assert not report.is_saved
    assert [port.closed for port in ports] == [1, 1, 1]


async def test_a_halted_machine_writes_nothing_more() -> None:
    world, _, ports, daemon = await stoppable()
    written = len(cast(TroubledStore, world.store).written)
    daemon._machine.supervisor.halt("test", InvariantError("broken"))
    report = await daemon.stop()
    assert not report.is_saved
    assert len(cast(TroubledStore, world.store).written) == written
    assert [port.closed for port in ports] == [1, 1, 1]


async def test_a_port_that_fails_to_close_does_not_keep_the_others_open() -> None:
    world, _, ports, daemon = await stoppable()

    async def broken() -> None:
        raise OSError("socket")

    ports[0].close = broken  # type: ignore[method-assign]
    await daemon.stop()
    assert [port.closed for port in ports] == [0, 1, 1]
    assert world.alerts.names[-1] == "close_failed"


async def test_no_task_is_left_after_the_end() -> None:
    before = asyncio.all_tasks()
    _, _, _, daemon = await stoppable()
    await daemon.stop()
    assert asyncio.all_tasks() == before


async def test_a_port_that_hangs_while_closing_does_not_keep_the_others_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CLOSE_PATIENCE_S", 0.05)
    world, _, ports, daemon = await stoppable()

    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    ports[0].close = hang  # type: ignore[method-assign]
    await daemon.stop()
    assert [port.closed for port in ports] == [0, 1, 1]
    assert world.alerts.told[-1][2]["error"] == "TimeoutError"
