"""Prices without holes: what was missed comes first, once, in order, and marked."""

from __future__ import annotations

import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    Symbol,
    TradeTick,
)
from robson_exec import FeedStatus, MarketFeeds
from tests.exec.feed_rig import GAP, LIVE, Rig
from tests.exec.world import BTC, ETH, MS, SECOND


async def test_with_nothing_to_fetch_prices_are_live_at_once() -> None:
    it = Rig()
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.feeds.ensure(BTC)
    it.feeds.ensure(BTC)
    assert it.feeds.status(BTC) is FeedStatus.LIVE
    assert it.links() == [True]
    it.trade(100, 101)
    it.trade(7, symbol=ETH)
    assert it.take() == [(1, LIVE), (2, LIVE)]


async def test_nothing_is_followed_before_it_is_opened() -> None:
    it = Rig()
    it.feeds = MarketFeeds(it.feeds._parts)
    it.feeds.ensure(BTC)
    it.trade(100)
    assert it.take() == []
    it.feeds.open([BTC])
    it.trade(101)
    assert it.take() == [(2, LIVE)]


async def test_what_was_missed_comes_before_what_came_meanwhile() -> None:
    it = Rig(marks={BTC: 2})
    it.trade(100, 101, 102, 103)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=SECOND),
    )
    it.feeds.ensure(BTC)
    assert it.feeds.status(BTC) is FeedStatus.FILLING
    await it.pass_time(500 * MS)
    it.trade(104)
    assert it.take() == []
    await it.pass_time(SECOND)
    assert it.take() == [(3, GAP), (4, GAP), (5, LIVE)]
    assert it.feeds.backfilled == 2
    it.trade(105)
    assert it.take() == [(6, LIVE)]


async def test_a_trade_that_is_fetched_and_buffered_enters_once() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.feeds.ensure(BTC)
    it.trade(102)  # buffered before the fetch has even begun, and fetched too
    await it.feeds.filled()
    await it.feeds.filled()
    assert it.take() == [(2, GAP), (3, GAP)]


async def test_a_repeated_or_older_trade_never_enters_again() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(100, 101)
    sink, _ = it.venue._trade_sinks[BTC]
    sink(it.venue._ticks[BTC][0])
    sink(it.venue._ticks[BTC][1])
    assert it.take() == [(1, LIVE), (2, LIVE)]


async def test_trades_without_ids_all_enter() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(100)
    sink, _ = it.venue._trade_sinks[BTC]
    for _ in range(2):
        sink(it.venue._ticks[BTC][0]._replace(trade_id=0))
    assert it.take() == [(1, LIVE), (0, LIVE), (0, LIVE)]


async def test_a_reconnect_fetches_from_the_last_trade_that_entered() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.trade(101)
    it.venue.set_link(BTC, False)
    it.venue.set_link(BTC, False)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.trade(102, 103)
    it.venue.set_link(BTC, True)
    assert it.links() == [True, False, True]
    it.trade(104)
    await it.pass_time(MS)
    assert it.take() == [(2, LIVE), (3, GAP), (4, GAP), (5, GAP)]


async def test_a_reconnect_nobody_needs_the_past_of_fetches_nothing() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(101)
    it.venue.set_link(BTC, False)
    it.trade(102)
    it.venue.set_link(BTC, True)
    it.trade(103)
    assert it.take() == [(1, LIVE), (3, LIVE)]


async def test_a_fetch_that_fails_is_repeated_in_time() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(
        Fault(kind=FaultKind.LOSE_REPLY, on=Operation.TRADES_SINCE, times=3),
    )
    it.feeds.ensure(BTC)
    await it.pass_time(2 * SECOND)
    assert it.take() == [(2, GAP)]
    assert it.alerts.names == []


async def test_after_five_seconds_the_first_live_price_stands_for_the_gap() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=Operation.TRADES_SINCE, times=1_000))
    it.feeds.ensure(BTC)
    await it.pass_time(4 * SECOND)
    it.trade(102, 103)
    assert it.take() == []
    await it.pass_time(SECOND + MS)
    assert it.take() == [(3, GAP), (4, LIVE)]
    assert it.alerts.names == ["backfill_failed"]
    it.trade(104)
    assert it.take() == [(5, LIVE)]


async def test_a_fetch_that_hangs_holds_prices_back_for_five_seconds_only() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=60 * SECOND),
    )
    it.feeds.ensure(BTC)
    await it.pass_time(5 * SECOND + MS)
    it.trade(102)
    assert it.take() == [(3, GAP)]


async def test_a_venue_without_a_past_is_not_asked() -> None:
    it = Rig(marks={BTC: 1}, has_backfill=False)
    it.trade(100, 101)
    it.feeds.ensure(BTC)
    it.trade(102, 103)
    assert it.take() == [(3, GAP), (4, LIVE)]
    assert it.alerts.names == []


async def test_a_stop_without_a_mark_is_tested_by_the_first_price() -> None:
    it = Rig(marks={BTC: 0})
    it.feeds.ensure(BTC)
    it.trade(102, 103)
    assert it.take() == [(1, GAP), (2, LIVE)]


async def test_a_past_the_venue_refuses_is_given_up_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)
    original = it.venue.trades_since

    async def refused(symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        await original(Symbol("SOLUSDT"), after)
        raise AssertionError

    monkeypatch.setattr(it.venue, "trades_since", refused)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.trade(101)
    assert it.take() == [(2, GAP)]
    assert "not traded" in it.alerts.told[0][2]["problem"]


async def test_fetched_trades_are_marked_whatever_the_connector_calls_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    fetch = it.venue.trades_since

    async def unmarked(symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        return tuple(tick._replace(origin=LIVE) for tick in await fetch(symbol, after))

    monkeypatch.setattr(it.venue, "trades_since", unmarked)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    assert it.take() == [(2, GAP)]


async def test_a_connector_that_breaks_is_given_up_with_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100)

    async def broken(symbol: Symbol, after: int) -> tuple[TradeTick, ...]:
        raise KeyError("x")

    monkeypatch.setattr(it.venue, "trades_since", broken)
    it.feeds.ensure(BTC)
    await it.pass_time(MS)
    it.trade(101)
    assert it.take() == [(2, GAP)]
    assert "KeyError" in it.alerts.told[0][2]["problem"]


async def test_a_link_lost_while_fetching_begins_again() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.venue.inject(
        Fault(kind=FaultKind.DELAY, on=Operation.TRADES_SINCE, delay_ns=SECOND),
    )
    it.feeds.ensure(BTC)
    await it.pass_time(100 * MS)
    it.venue.set_link(BTC, False)
    it.trade(102)
    it.venue.set_link(BTC, True)
    await it.pass_time(MS)
    assert it.take() == [(2, GAP), (3, GAP)]
    await it.pass_time(5 * SECOND)
    assert it.take() == []


async def test_a_trade_proves_a_link_nobody_announced() -> None:
    it = Rig()
    it.venue._down.add(BTC)
    it.feeds.ensure(BTC)
    assert it.feeds.status(BTC) is FeedStatus.DOWN
    it.venue._down.clear()
    it.trade(100)
    assert it.links() == [True]
    assert it.take() == [(1, LIVE)]


async def test_a_pair_that_is_released_is_not_followed() -> None:
    it = Rig(marks={BTC: 1})
    it.trade(100, 101)
    it.feeds.ensure(BTC)
    it.feeds.release(BTC)
    it.feeds.release(BTC)
    await it.pass_time(SECOND)
    it.trade(102)
    assert it.take() == []
    it.feeds.ensure(ETH)
    it.feeds.stop()
    it.trade(5, symbol=ETH)
    assert it.take() == []
    assert it.clock.activity.idle


async def test_prices_go_on_when_the_market_counts_anew() -> None:
    """A clock set back, another account: only old ids come, and stops hang on them."""
    it = Rig(marks={BTC: 500})
    it.feeds.ensure(BTC)
    await it.feeds.filled()
    it.trade(100)
    await it.pass_time(1_900 * MS)
    it.trade(101)
    assert it.take() == []
    await it.pass_time(100 * MS)
    it.trade(102, 103)
    assert it.take() == [(0, GAP), (4, LIVE)]
    assert it.alerts.names == ["trade_ids_went_back"]


async def test_a_repeated_trade_now_and_then_is_no_new_count() -> None:
    it = Rig()
    it.feeds.ensure(BTC)
    it.trade(100)
    sink, _ = it.venue._trade_sinks[BTC]
    for _ in range(4):
        await it.pass_time(1_500 * MS)
        sink(it.venue._ticks[BTC][0])
        it.trade(101)
    assert it.alerts.names == []
    assert [number for number, _ in it.take()] == [1, 2, 3, 4, 5]
