"""While no prices are pushed they are asked for: a stop does not go unwatched."""

from __future__ import annotations

from robson_connectors.memory import Fault, FaultKind, Operation
from tests.exec.feed_rig import GAP, LIVE, Rig
from tests.exec.world import BTC, MS, SECOND


def down(stop_at: int = 1) -> Rig:
    """A pair whose link is lost after its first trade."""
    it = Rig(marks={BTC: 1}, stops={BTC: stop_at})
    it.trade(100)
    it.feeds.ensure(BTC)
    it.venue.set_link(BTC, False)
    return it


async def test_what_is_traded_meanwhile_is_asked_for_every_two_seconds() -> None:
    it = down()
    it.trade(101, 102)
    await it.pass_time(1900 * MS)
    assert it.take() == []
    await it.pass_time(200 * MS)
    assert it.take() == [(2, GAP), (3, GAP)]
    it.trade(103)
    await it.pass_time(2 * SECOND)
    assert it.take() == [(4, GAP)]
    it.venue.set_link(BTC, True)
    await it.pass_time(MS)
    it.trade(104)
    await it.pass_time(5 * SECOND)
    assert it.take() == [(5, LIVE)]


async def test_without_a_stop_nothing_is_asked() -> None:
    it = down()
    it.stops.clear()
    it.trade(101)
    await it.pass_time(10 * SECOND)
    assert it.take() == []


async def test_a_question_that_fails_is_asked_again() -> None:
    it = down()
    it.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.TRADES_SINCE, times=1))
    it.trade(101)
    await it.pass_time(15 * SECOND)
    assert it.take() == [(2, GAP)]


async def test_a_pair_that_is_released_is_asked_about_no_more() -> None:
    it = down()
    it.feeds.release(BTC)
    it.trade(101)
    await it.pass_time(10 * SECOND)
    assert it.take() == []


async def test_a_stop_that_has_seen_no_trade_yet_is_tested_on_the_latest_ones() -> None:
    it = Rig(stops={BTC: 0})
    it.venue.set_link(BTC, False)
    it.trade(100, 101)
    it.feeds.ensure(BTC)
    await it.pass_time(2100 * MS)
    assert it.take() == [(1, GAP), (2, GAP)]
    it.trade(102)
    await it.pass_time(2 * SECOND)
    assert it.take() == [(3, GAP)]
