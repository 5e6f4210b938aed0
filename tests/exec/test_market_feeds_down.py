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


async def mute(*, is_real_time: bool = True) -> Rig:
    """A pair whose link stands and brings nothing any more."""
    it = Rig(marks={BTC: 1}, stops={BTC: 1}, is_real_time=is_real_time)
    it.feeds.open([BTC])
    it.trade(100)
    await it.pass_time(MS)
    it.take()
    it.venue._trade_sinks.clear()
    return it


async def test_an_open_stream_that_says_nothing_is_not_believed_while_a_stop_waits() -> None:
    it = await mute()
    it.trade(101)
    await it.pass_time(4100 * MS)
    assert it.take() == [(2, GAP)]
    it.trade(102)
    await it.pass_time(2 * SECOND)
    assert it.take() == [(3, GAP)]


async def test_what_it_says_late_is_not_taken_for_trade_ids_that_went_back() -> None:
    it = await mute()
    it.trade(101, 102, 103)
    await it.pass_time(4100 * MS)
    it.take()
    for number in (2, 3, 4):
        late = (await it.venue.trades_since(BTC, number - 1))[0]
        it.feeds._feeds[BTC].on_tick(late._replace(ts_received=it.clock.now_ns(), origin=LIVE))
        await it.pass_time(1500 * MS)
    assert it.take() == []
    assert "trade_ids_went_back" not in it.alerts.names


async def test_without_a_stop_or_on_a_recording_silence_is_silence() -> None:
    it = await mute()
    it.stops.clear()
    played = await mute(is_real_time=False)
    for each in (it, played):
        each.trade(101)
        await each.pass_time(10 * SECOND)
        assert each.take() == []
