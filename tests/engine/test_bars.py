"""Bars from trades: each trade in the interval of its venue time, each bar once."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import Bar, Price, Quantity, TradeTick, ValidationError, codec
from robson_engine.bars import CLOSE_GRACE, BarBuilder, BarsState, TickBar, TickBars
from tests.engine.detectors.making import BTC, MINUTE, RULES, SECOND, START, Shown, tick
from tests.engine.detectors.stories import stories, walks


def _shown(bars: TickBars, story: list[Shown]) -> list[TickBar]:
    found = [bars.on_time(s) if isinstance(s, int) else bars.on_tick(s) for s in story]
    return [bar for bar in found if bar is not None]


def _grouped(trades: list[TradeTick], interval: int) -> list[TickBar]:
    """The same bars, from all trades at once."""
    found = []
    for number, group in groupby(trades, key=lambda trade: trade.ts_event // interval):
        inside = list(group)
        prices = [trade.ticks for trade in inside]
        found.append(
            TickBar(
                ts_open=number * interval,
                open=prices[0],
                high=sorted(prices)[-1],
                low=sorted(prices)[0],
                close=prices[-1],
                steps=len(inside),
            )
        )
    return found


def test_a_bar_holds_the_trades_of_its_interval() -> None:
    builder = BarBuilder(MINUTE, RULES)
    for price, at in ((10, 0), (14, 20 * SECOND), (8, 30 * SECOND), (12, MINUTE - 1)):
        assert builder.on_tick(tick(price, at)) is None
    expected = Bar(
        symbol=BTC,
        ts_open=START,
        interval=MINUTE,
        open=Price(5),
        high=Price(7),
        low=Price(4),
        close=Price(6),
        volume=Quantity("0.004"),
    )
    assert builder.forming == expected
    assert builder.on_tick(tick(20, MINUTE)) == expected
    following = builder.forming
    assert following is not None
    assert (following.ts_open, following.open, following.low) == (
        START + MINUTE,
        Price(10),
        Price(10),
    )


def test_an_interval_without_trades_has_no_bar() -> None:
    builder = BarBuilder(MINUTE, RULES)
    builder.on_tick(tick(10))
    done = builder.on_tick(tick(11, 5 * MINUTE))
    assert done is not None
    assert done.ts_open == START
    again = builder.on_tick(tick(12, 6 * MINUTE))
    assert again is not None
    assert again.ts_open == START + 5 * MINUTE


def test_silence_completes_a_bar_after_the_grace() -> None:
    builder = BarBuilder(MINUTE, RULES)
    builder.on_tick(tick(10))
    end = START + MINUTE + CLOSE_GRACE
    assert builder.on_time(end - 1) is None
    done = builder.on_time(end)
    assert done is not None
    assert done.close == Price(5)
    assert builder.forming is None
    assert builder.on_time(end + MINUTE) is None


def test_without_grace_time_completes_at_the_end() -> None:
    builder = BarBuilder(MINUTE, RULES, grace=0)
    builder.on_tick(tick(10))
    assert builder.on_time(START + MINUTE - 1) is None
    assert builder.on_time(START + MINUTE) is not None


def test_a_trade_for_a_bar_that_is_done_is_late() -> None:
    """The bar that time completed does not come back, nor does its trade enter the next."""
    builder = BarBuilder(MINUTE, RULES, grace=0)
    builder.on_tick(tick(10))
    builder.on_time(START + MINUTE)
    assert builder.on_tick(tick(99, MINUTE - 1)) is None
    assert (builder.late, builder.forming) == (1, None)
    builder.on_tick(tick(11, MINUTE))
    builder.on_tick(tick(99, MINUTE - 1))
    assert builder.late == 2
    done = builder.on_time(START + 2 * MINUTE)
    assert done is not None
    assert (done.high, done.close) == (Price("5.5"), Price("5.5"))


def test_inside_a_bar_the_last_to_arrive_is_the_close() -> None:
    builder = BarBuilder(MINUTE, RULES)
    builder.on_tick(tick(10, 30 * SECOND))
    builder.on_tick(tick(11, 20 * SECOND))
    done = builder.on_tick(tick(12, MINUTE))
    assert done is not None
    assert (done.close, builder.late) == (Price("5.5"), 0)


@pytest.mark.parametrize("received", [0, 70 * SECOND])
def test_a_trade_belongs_to_the_venue_time_it_happened_at(received: int) -> None:
    """Whether we had it earlier by our clock, or a whole bar later."""
    builder = BarBuilder(MINUTE, RULES)
    builder.on_tick(tick(10, 59 * SECOND, received=received))
    assert builder.forming is not None
    assert builder.forming.ts_open == START
    assert builder.on_tick(tick(11, MINUTE, received=received)) is not None


def test_the_shortest_bar_is_a_nanosecond() -> None:
    builder = BarBuilder(1, RULES)
    builder.on_tick(tick(10))
    assert builder.on_tick(tick(11, 1)) is not None


@pytest.mark.parametrize("interval", [0, -MINUTE])
def test_an_interval_is_above_zero(interval: int) -> None:
    with pytest.raises(ValidationError, match="interval"):
        BarBuilder(interval, RULES)


def test_a_grace_is_not_below_zero() -> None:
    with pytest.raises(ValidationError, match="grace"):
        BarBuilder(MINUTE, RULES, grace=-1)


@given(walks(), st.sampled_from([SECOND, 15 * SECOND, MINUTE, 7 * SECOND]))
def test_bars_equal_grouping_all_trades_at_once(trades: list[TradeTick], interval: int) -> None:
    bars = TickBars(interval)
    found = _shown(bars, list(trades))
    assert [*found, bars.forming] == _grouped(trades, interval)
    assert bars.late == 0


@given(walks(), st.integers(0, 3 * SECOND))
def test_time_in_step_with_the_venue_changes_no_bar(trades: list[TradeTick], lag: int) -> None:
    """While trades arrive within the grace, it does not matter when time is shown."""
    delay = min(lag, CLOSE_GRACE)
    story: list[Shown] = []
    for trade in trades:
        story += [trade.ts_event + delay - 1, trade, trade.ts_event + delay]
    bars = TickBars(15 * SECOND)
    found = _shown(bars, story)
    if bars.forming is not None:
        found.append(bars.forming)
    assert found == _grouped(trades, 15 * SECOND)


@given(stories())
def test_bars_ascend_and_every_trade_is_in_one_bar_or_late(story: list[Shown]) -> None:
    bars = TickBars(15 * SECOND)
    found = _shown(bars, story)
    if bars.forming is not None:
        found.append(bars.forming)
    opens = [bar.ts_open for bar in found]
    assert opens == sorted(set(opens))
    trades = sum(isinstance(shown, TradeTick) for shown in story)
    assert sum(bar.steps for bar in found) + bars.late == trades


@given(stories(), st.data())
def test_going_on_from_a_stored_state_equals_never_having_stopped(
    story: list[Shown], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(story)))
    whole, before, after = (TickBars(15 * SECOND) for _ in range(3))
    expected = _shown(whole, story)
    found = _shown(before, story[:cut])
    stored = codec.dumps(before.state())
    after.restore(codec.decode(codec.loads(stored), BarsState))
    found += _shown(after, story[cut:])
    assert found == expected
    assert after.state() == whole.state()
