"""Too far behind, a feed closes its link and fetches later; nothing grows without end."""

from __future__ import annotations

import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import Symbol
from robson_exec import FeedStatus
from robson_exec import market_feeds as module
from tests.exec.feed_rig import GAP, LIVE, Rig
from tests.exec.world import BTC, ETH, MS, SECOND

SOL = Symbol("SOLUSDT")


async def test_without_room_the_link_is_closed_and_the_past_is_fetched_later() -> None:
    it = Rig(marks={BTC: 0}, prices_max=3)
    it.feeds.ensure(BTC)
    it.trade(100, 101)  # with the link's own input the inbox is full
    it.trade(102, 103)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    assert it.links() == [True, False]
    assert it.alerts.names == ["prices_refused"]
    assert it.take() == [(1, GAP), (2, LIVE)]
    it.marks[BTC] = 2
    await it.pass_time(300 * MS)
    assert it.take() == [(3, GAP), (4, GAP)]
    it.trade(104)
    assert it.take() == [(5, LIVE)]


async def test_no_room_for_long_waits_for_long() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.inbox.is_held = True
    it.trade(101)
    await it.pass_time(10 * SECOND)
    it.trade(102)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    assert it.take() == []
    it.inbox.is_held = False
    await it.pass_time(SECOND)
    assert it.take() == [(2, GAP), (3, GAP)]


async def test_a_link_lost_while_closed_is_simply_down() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.inbox.is_held = True
    it.trade(101)
    it.venue.set_link(BTC, True)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    it.venue.set_link(BTC, False)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.inbox.is_held = False
    await it.pass_time(SECOND)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.venue.set_link(BTC, True)
    await it.pass_time(MS)
    assert it.take() == [(2, GAP)]


async def test_a_buffer_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=SECOND),
    )
    monkeypatch.setattr(module, "BUFFER_MAX", 2)
    it.feeds.ensure(BTC)
    it.trade(101, 102, 103)
    assert it.feeds.status(BTC) is FeedStatus.CLOSED
    await it.pass_time(2 * SECOND)
    assert it.take() == [(2, GAP), (3, GAP), (4, GAP)]


async def test_a_pair_the_venue_does_not_have_is_told_and_harms_no_other() -> None:
    it = Rig()
    it.feeds.open([SOL, BTC])
    assert it.alerts.names == ["prices_unavailable"]
    assert it.feeds.status(BTC) is FeedStatus.LIVE
    it.feeds.ensure(SOL)
    assert it.alerts.names == ["prices_unavailable"] * 2


async def test_a_back_fill_that_is_asked_for_goes_back_that_far() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(100, 101, 102)
    it.take()
    it.feeds.backfill(BTC, 1)
    it.feeds.backfill(BTC, 0)  # one runs already
    it.feeds.backfill(ETH, 0)  # nobody follows it
    await it.pass_time(MS)
    assert it.take() == [(2, GAP), (3, GAP)]
