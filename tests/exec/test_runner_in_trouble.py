"""The store fails, sends hang: stops are tested all the same, and nothing undurable leaves."""

from __future__ import annotations

from typing import Any

import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    Batch,
    PositionStatus,
    Price,
)
from robson_exec import FeedStatus
from robson_exec import runner as module
from tests.exec.checks import check_quiet
from tests.exec.runner_rig import ONE, Rig, rig
from tests.exec.world import (
    BTC,
    ETH,
    MS,
    SECOND,
    arm_request,
)


def failing(it: Rig) -> bool:
    return it.daemon.is_store_failing


async def test_a_price_is_tested_against_every_stop_while_sends_hang() -> None:
    it = await rig()
    for name, symbol in (("p1", BTC), ("p2", ETH)):
        await it.daemon.desk.arm(arm_request(name, symbol))
        it.venue.feed(symbol, Price(100))
        await it.world.settle()
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.SUBMIT, times=2, delay_ns=60 * SECOND),
        Fault(kind=FaultKind.DROP, times=2),
    )
    it.venue.feed(BTC, Price(99))
    it.venue.feed(ETH, Price(99))
    await it.world.settle()
    assert {(await it.world.position(name)).status for name in ("p1", "p2")} == {
        PositionStatus.EXITING
    }
    await it.world.pass_time(30 * SECOND)
    assert await it.world.store.positions.find_active() == ()
    await it.daemon.stop()


async def test_a_store_that_fails_stops_entries_and_not_the_test_of_stops() -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request("p1"))
    await it.feed(100)
    await it.daemon.desk.arm(arm_request("p2", ETH))
    it.store.refusals = 10_000
    it.venue.feed(ETH, Price(100))
    await it.feed(99)
    await it.world.pass_time(5 * SECOND)
    assert failing(it)
    assert len(it.witness.orders) == 1
    assert it.daemon._machine.state.positions[ONE].status is PositionStatus.EXITING
    assert it.world.alerts.names == ["store_failed"]
    it.store.refusals = 0
    await it.world.pass_time(10 * SECOND)
    assert (await it.world.position("p1")).status is PositionStatus.CLOSED
    assert (await it.world.position("p2")).denial_code == "STALE_SIGNAL"
    assert [order.reduces for order, _ in it.witness.orders] == [False, True]
    assert not failing(it)
    await check_quiet(it.world, it.venue)
    await it.daemon.stop()


async def test_an_entry_that_was_decided_before_the_store_failed_is_not_sent_long_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    real = it.store.submit

    async def fail_at_the_entry(batch: Batch) -> Any:
        if batch.intents and it.store.tries == before:
            it.store.refusals = 10_000
        return await real(batch)

    before = it.store.tries + 1
    monkeypatch.setattr(it.store, "submit", fail_at_the_entry)
    await it.feed(100)
    await it.world.pass_time(5 * SECOND)
    it.store.refusals = 0
    await it.world.pass_time(10 * SECOND)
    position = await it.world.position()
    assert position.close_reason == "not_entered"
    assert it.witness.orders == []
    await check_quiet(it.world, it.venue)
    await it.daemon.stop()


async def test_a_backlog_without_end_closes_the_links_and_opens_them_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BACKLOG_UNITS_MAX", 3)
    monkeypatch.setattr("robson_exec.machine.BACKLOG_UNITS_MAX", 3)
    it = await rig()
    await it.daemon.desk.arm(arm_request())
    await it.feed(100)
    it.store.refusals = 10_000
    for step in range(20):
        await it.feed(101 + step / 10, every=300 * MS)
    assert it.daemon.feeds.status(BTC) is FeedStatus.CLOSED
    assert "prices_refused" in it.world.alerts.names
    it.store.refusals = 0
    await it.world.pass_time(10 * SECOND)
    assert it.daemon.feeds.status(BTC) is FeedStatus.LIVE
    await it.world.pass_time(SECOND)
    assert (await it.world.position()).best == Price("102.9")
    await it.daemon.stop()
