"""Averages that cross, against a plain recomputation."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import Price, PriceOrigin, Side, TradeTick, ValidationError
from robson_engine.bars import CLOSE_GRACE
from tests.engine.detectors.making import MINUTE, SECOND, START, bar, first_signal, make, tick
from tests.engine.detectors.stories import walks


def _closing(closes: list[int]) -> list[TradeTick]:
    """One trade a minute, then one that completes the last minute."""
    return [tick(close, i * MINUTE) for i, close in enumerate([*closes, closes[-1]])]


def _make(side: Side = Side.LONG, **params: str) -> object:
    return make(
        "ma_crossover", side=side, **{"fast": "1", "slow": "2", "stop_distance": "1", **params}
    )


@pytest.mark.parametrize(
    ("side", "closes", "at"),
    [
        (Side.LONG, [20, 10, 20, 10], 3),
        (Side.LONG, [10, 10, 11], 3),
        (Side.LONG, [10, 20, 30, 29, 40], 5),
        (Side.LONG, [10, 10, 10], None),
        (Side.LONG, [30, 20, 10], None),
        (Side.LONG, [10, 20], None),
        (Side.SHORT, [10, 20, 10, 20], 3),
        (Side.SHORT, [10, 10, 9], 3),
        (Side.SHORT, [10, 20, 30], None),
    ],
)
def test_it_fires_when_the_crossing_bar_is_complete(
    side: Side, closes: list[int], at: int | None
) -> None:
    found = first_signal(_make(side), _closing(closes))
    assert (found and found[0]) == at


def test_the_price_is_the_one_that_shows_the_bar_to_be_complete() -> None:
    detector = make("ma_crossover", fast="1", slow="2", stop_distance="1")
    story = [tick(20), tick(10, MINUTE), tick(30, 2 * MINUTE), tick(7, 3 * MINUTE + SECOND)]
    found = first_signal(detector, story)
    assert found is not None
    assert (found[0], found[1].entry_price) == (3, Price("3.5"))
    assert found[1].timestamp == START + 3 * MINUTE + SECOND


def test_silence_completes_the_crossing_bar_too() -> None:
    detector = make("ma_crossover", fast="1", slow="2", stop_distance="1")
    for price, at in ((20, 0), (10, MINUTE), (30, 2 * MINUTE)):
        assert detector.on_price(tick(price, at)) is None
    due = START + 3 * MINUTE + CLOSE_GRACE
    assert detector.on_time(due - 1) is None
    signal = detector.on_time(due)
    assert (signal.entry_price, signal.timestamp) == (Price(15), due)


def test_time_without_a_crossing_is_no_signal() -> None:
    detector = make("ma_crossover", fast="1", slow="2", stop_distance="1")
    detector.on_price(tick(20))
    assert detector.on_time(START + 10 * MINUTE) is None
    assert detector.on_time(START + 11 * MINUTE) is None


def test_a_crossing_that_only_a_gap_shows_is_let_go() -> None:
    detector = make("ma_crossover", fast="1", slow="2", stop_distance="1")
    for trade in _closing([20, 10, 30]):
        assert detector.on_price(trade._replace(origin=PriceOrigin.GAP)) is None
    assert detector.on_price(tick(30, 3 * MINUTE + SECOND)) is None
    assert detector.on_price(tick(5, 4 * MINUTE)) is None
    assert detector.on_price(tick(40, 5 * MINUTE)) is None
    assert detector.on_price(tick(41, 6 * MINUTE)) is not None


def test_a_crossing_without_a_stop_on_the_losing_side_is_let_go() -> None:
    """The first price after the bar is the lowest of all: there is nothing left to lose."""
    detector = make("ma_crossover", fast="1", slow="2", swing="3")
    for trade in (tick(20), tick(10, MINUTE), tick(30, 2 * MINUTE)):
        detector.on_price(trade)
    assert detector.on_price(tick(9, 3 * MINUTE)) is None
    assert detector.on_price(tick(30, 3 * MINUTE + SECOND)) is None


def test_a_crossing_before_it_was_armed_does_not_fire() -> None:
    detector = make("ma_crossover", fast="1", slow="2", stop_distance="1")
    detector.warm_up([bar(-3, 1, 20), bar(-2, 1, 10), bar(-1, 1, 30)])
    assert detector.on_price(tick(40)) is None


def test_past_bars_spare_the_waiting() -> None:
    detector = make("ma_crossover", fast="1", slow="2", stop_distance="1")
    detector.warm_up([bar(-2, 1, 20), bar(-1, 1, 10)])
    assert detector.on_price(tick(30)) is None
    assert detector.on_price(tick(31, MINUTE)) is not None


def test_how_many_past_bars_it_wants() -> None:
    default = make("ma_crossover")
    assert (default.bars_needed, default.stop_bars_needed) == (22, 20)
    named = make("ma_crossover", stop="100")
    assert (named.bars_needed, named.stop_bars_needed) == (22, 0)
    assert make("ma_crossover", swing="50").bars_needed == 50


@pytest.mark.parametrize(("fast", "slow"), [("21", "21"), ("22", "21"), ("1", "1")])
def test_the_short_average_is_shorter(fast: str, slow: str) -> None:
    with pytest.raises(ValidationError, match=rf"fast: {fast} must be below slow \({slow}\)"):
        make("ma_crossover", fast=fast, slow=slow)


@given(
    walks(size=80),
    st.sampled_from(Side),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from(["15s", "1m"]),
)
def test_it_equals_a_plain_recomputation(
    trades: list[TradeTick], side: Side, averages: tuple[int, int], interval: str
) -> None:
    fast, slow = averages[0], sum(averages)
    length = {"15s": 15 * SECOND, "1m": MINUTE}[interval]
    detector = make(
        "ma_crossover",
        side=side,
        fast=str(fast),
        slow=str(slow),
        interval=interval,
        stop_distance="0.5",
    )
    found = first_signal(detector, trades)
    assert (found and found[0]) == _first_crossing(trades, side, (fast, slow), length)


def _first_crossing(
    trades: list[TradeTick], side: Side, averages: tuple[int, int], length: int
) -> int | None:
    closes: list[int] = []
    signs: list[int] = []
    for index, trade in enumerate(trades[1:], start=1):
        if trade.ts_event // length == trades[index - 1].ts_event // length:
            continue
        closes.append(trades[index - 1].ticks)
        if len(closes) < averages[1]:
            continue
        fast, slow = (Fraction(sum(closes[-n:]), n) for n in averages)
        signs.append((fast > slow) - (fast < slow))
        if len(signs) > 1 and signs[-1] == side.sign and signs[-2] != side.sign:
            return index
    return None
