"""A price that leaves the range, against a scan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import Price, PriceOrigin, Side, TradeTick
from tests.engine.detectors.making import MINUTE, RULES, SECOND, first_signal, make, past, tick
from tests.engine.detectors.stories import walks

RANGE = [(1, 99), (10, 20), (12, 18)]


@pytest.mark.parametrize(("side", "edge"), [(Side.LONG, 20), (Side.SHORT, 10)])
def test_touching_the_range_is_not_leaving_it(side: Side, edge: int) -> None:
    detector = make("breakout", side=side, lookback="2", stop_distance="1")
    detector.warm_up(past(RANGE))
    assert detector.on_price(tick(15)) is None
    assert detector.on_price(tick(edge)) is None
    signal = detector.on_price(tick(edge + side.sign))
    assert signal.entry_price == RULES.price(edge + side.sign)


def test_the_stop_is_on_the_other_side_of_the_range() -> None:
    detector = make("breakout", lookback="2", swing="2")
    detector.warm_up(past(RANGE))
    signal = detector.on_price(tick(21))
    assert (signal.entry_price, signal.technical_stop) == (Price("10.5"), Price(5))


def test_the_forming_bar_is_no_part_of_the_range() -> None:
    detector = make("breakout", lookback="1", stop="1")
    detector.warm_up(past([(10, 20)]))
    detector.on_price(tick(30, origin=PriceOrigin.GAP))
    assert detector.on_price(tick(21, SECOND)) is not None


def test_a_bar_that_is_complete_moves_the_range() -> None:
    detector = make("breakout", lookback="1", stop="1")
    detector.warm_up(past([(10, 20)]))
    detector.on_price(tick(30, origin=PriceOrigin.GAP))
    assert detector.on_price(tick(30, MINUTE)) is None
    assert detector.on_price(tick(31, MINUTE)) is not None


def test_silence_moves_the_range_too() -> None:
    detector = make("breakout", lookback="1", stop="1")
    detector.warm_up(past([(10, 20)]))
    detector.on_price(tick(15))
    detector.on_time(tick(0, MINUTE + SECOND).ts_event)
    assert detector.on_price(tick(16, MINUTE + 2 * SECOND)) is not None


def test_a_restored_one_knows_its_range_before_the_next_bar() -> None:
    before = make("breakout", lookback="2", stop="1")
    before.warm_up(past(RANGE))
    after = make("breakout", lookback="2", stop="1")
    after.restore(before.dump(), 1)
    assert after.on_price(tick(20)) is None
    assert after.on_price(tick(21)) is not None


def test_with_too_few_bars_it_gathers_them() -> None:
    detector = make("breakout", lookback="2", stop="1")
    assert detector.on_price(tick(10)) is None
    assert detector.on_price(tick(20, MINUTE)) is None
    assert detector.on_price(tick(15, 2 * MINUTE)) is None
    assert detector.on_price(tick(21, 2 * MINUTE)) is not None


def test_how_many_past_bars_it_wants() -> None:
    assert make("breakout", lookback="7").bars_needed == 20
    assert make("breakout", lookback="7").stop_bars_needed == 20
    assert make("breakout", lookback="70").bars_needed == 70
    named = make("breakout", stop_distance="1%")
    assert (named.bars_needed, named.stop_bars_needed) == (20, 0)


@given(walks(size=80), st.sampled_from(Side), st.integers(1, 4))
def test_it_equals_a_scan(trades: list[TradeTick], side: Side, lookback: int) -> None:
    expected = None
    for index, trade in enumerate(trades):
        bars: dict[int, list[int]] = {}
        for before in trades[:index]:
            if before.ts_event // MINUTE < trade.ts_event // MINUTE:
                bars.setdefault(before.ts_event // MINUTE, []).append(before.ticks * side.sign)
        window = list(bars.values())[-lookback:]
        if len(window) == lookback and trade.ticks * side.sign > max(max(bar) for bar in window):
            expected = index
            break
    detector = make("breakout", side=side, lookback=str(lookback), stop_distance="0.5")
    found = first_signal(detector, trades)
    assert (found and found[0]) == expected
