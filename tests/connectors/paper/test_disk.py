"""The paper venue when its disk fails: nothing is told that was not written."""

from __future__ import annotations

import pytest

from robson_domain.errors import (
    InDoubtError,
)
from robson_domain.identity import ClientOrderId
from robson_domain.reports import ReportStatus
from robson_domain.symbols import Symbol
from tests.connectors.harnesses import BTC, SECOND, PaperHarness
from tests.connectors.paper.kit import Seen, an_order

FILLED = ReportStatus.FILLED
ETH = Symbol("ETHUSDT")


class Disk:
    """Really lets the ledger run out of room, and gives it room again."""

    def __init__(self, harness: PaperHarness) -> None:
        assert harness.paper._account._ledger is not None
        self._database = harness.paper._account._ledger._database

    def fill(self) -> None:
        self._database.execute("PRAGMA query_only = ON")

    def empty(self) -> None:
        self._database.execute("PRAGMA query_only = OFF")


async def test_an_order_that_cannot_be_written_is_in_doubt_and_not_taken(
    harness: PaperHarness,
) -> None:
    disk = Disk(harness)
    disk.fill()
    with pytest.raises(InDoubtError, match="ledger failed"):
        await harness.paper.submit(an_order())
    report = await harness.paper.query_order(BTC, ClientOrderId("a"))
    assert report.status is ReportStatus.NOT_FOUND
    disk.empty()
    await harness.paper.submit(an_order())
    await harness.clock.run_for(SECOND)
    await harness.reopen()
    assert (await harness.paper.query_order(BTC, ClientOrderId("a"))).status is FILLED
    assert len(await harness.paper.fills_since(BTC, None)) == 1


async def test_a_fill_that_cannot_be_written_is_not_reported(harness: PaperHarness) -> None:
    seen = Seen(harness.paper)
    await harness.paper.submit(an_order())
    disk = Disk(harness)
    disk.fill()
    await harness.clock.run_for(2 * SECOND)
    assert seen.reports == []
    report = await harness.paper.query_order(BTC, ClientOrderId("a"))
    assert report.status is ReportStatus.ACCEPTED
    assert len(seen.ticks) > 8
    disk.empty()
    await harness.clock.run_for(SECOND)
    assert [each.status for each in seen.reports] == [FILLED]


async def test_what_was_due_while_asleep_is_not_filled_without_the_disk(
    harness: PaperHarness,
) -> None:
    seen = Seen(harness.paper)
    await harness.clock.run_for(SECOND)
    await harness.paper.submit(an_order())
    disk = Disk(harness)
    disk.fill()
    harness.clock.jump_to(harness.clock.now_ns() + 60 * SECOND)
    await harness.clock.run_for(0)
    assert seen.links == [True, False, True]
    report = await harness.paper.query_order(BTC, ClientOrderId("a"))
    assert report.status is ReportStatus.ACCEPTED
    assert (await harness.paper.account(BTC)).net_qty == 0
    disk.empty()
    await harness.clock.run_for(SECOND)
    assert [each.status for each in seen.reports] == [FILLED]


async def test_a_cancel_that_cannot_be_written_is_in_doubt(harness: PaperHarness) -> None:
    await harness.paper.submit(an_order())
    disk = Disk(harness)
    disk.fill()
    with pytest.raises(InDoubtError, match="ledger failed"):
        await harness.paper.cancel(BTC, ClientOrderId("a"))
    (working,) = await harness.paper.open_orders(BTC)
    assert working.status is ReportStatus.ACCEPTED
    disk.empty()
