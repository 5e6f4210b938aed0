"""Where the technical stop of a signal lies."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import Price, Side, TradeTick, ValidationError
from tests.engine.detectors.making import RULES, first_signal, make, past, tick
from tests.engine.detectors.stories import walks

INTERVAL = 60_000_000_000


@pytest.mark.parametrize(("side", "stop"), [(Side.LONG, "5"), (Side.SHORT, "10")])
def test_by_default_the_stop_is_the_swing(side: Side, stop: str) -> None:
    detector = make("manual", side=side, swing="2")
    detector.warm_up(past([(1, 99), (10, 18), (12, 20)]))
    signal = detector.on_price(tick(15))
    assert (signal.entry_price, signal.technical_stop) == (Price("7.5"), Price(stop))


def test_the_default_swing_is_twenty_bars() -> None:
    detector = make("manual")
    assert detector.bars_needed == detector.stop_bars_needed == 20
    detector.warm_up(past([(1, 99), (8, 20), *[(10, 20)] * 19]))
    assert detector.on_price(tick(15)).technical_stop == Price(4)


def test_without_enough_bars_there_is_no_signal_and_no_estimate() -> None:
    detector = make("manual", swing="3")
    detector.warm_up(past([(10, 20), (11, 20)]))
    assert detector.on_price(tick(15)) is None
    assert detector.estimate(Price("7.5")) is None
    assert detector.on_price(tick(16, INTERVAL)).technical_stop == Price(5)


@pytest.mark.parametrize("side", Side)
def test_a_price_at_the_swing_is_no_signal_and_the_next_one_may_be(side: Side) -> None:
    """The signal waits: a stop at the price itself has no distance."""
    detector = make("manual", side=side, swing="1")
    detector.warm_up(past([(10, 20)]))
    edge = 10 if side is Side.LONG else 20
    assert detector.on_price(tick(edge)) is None
    assert detector.on_price(tick(edge - side.sign)) is None
    signal = detector.on_price(tick(edge))
    assert signal.technical_stop == RULES.price(edge - side.sign)


@pytest.mark.parametrize(("side", "stop"), [(Side.LONG, "99"), (Side.SHORT, "101")])
def test_a_named_stop_replaces_the_swing(side: Side, stop: str) -> None:
    detector = make("manual", side=side, stop=stop)
    assert detector.bars_needed == detector.stop_bars_needed == 0
    beyond = 2 * 100 - side.sign * 4
    assert detector.on_price(tick(beyond)) is None
    assert detector.on_price(tick(2 * int(stop))) is None
    assert detector.on_price(tick(200)).technical_stop == Price(stop)


def test_a_named_stop_need_not_lie_on_the_grid() -> None:
    assert make("manual", stop="99.123").on_price(tick(200)).technical_stop == Price("99.123")


@pytest.mark.parametrize(
    ("side", "distance", "price", "stop"),
    [
        (Side.LONG, "0.2%", "99.9998", "99.7998004"),
        (Side.SHORT, "0.2%", "99.9998", "100.1997996"),
        (Side.LONG, "0.123 %", "100", "99.877"),
        (Side.LONG, "1.3", "99.9998", "98.6998"),
        (Side.SHORT, "1.3", "99.9998", "101.2998"),
    ],
)
def test_a_distance_is_exact(side: Side, distance: str, price: str, stop: str) -> None:
    detector = make("manual", side=side, stop_distance=distance)
    assert detector.stop_bars_needed == 0
    assert detector.estimate(Price(price)).technical_stop == Price(stop)


@given(
    st.integers(1, 10**9),
    st.decimals("0.0001", "99.9999", places=4),
    st.sampled_from(Side),
)
def test_a_share_is_not_rounded_in_any_context(ticks: int, percent: Decimal, side: Side) -> None:
    with localcontext(Context(prec=1)):
        detector = make("manual", side=side, stop_distance=f"{percent}%")
        signal = detector.on_price(tick(ticks))
    price = Fraction(ticks, 2)
    expected = price - side.sign * price * Fraction(str(percent)) / 100
    assert Fraction(str(signal.technical_stop)) == expected
    assert Fraction(str(signal.stop_distance.distance)) == abs(price - expected)


def test_a_distance_as_large_as_the_price_is_no_stop() -> None:
    detector = make("manual", stop_distance="100")
    assert detector.estimate(Price(100)) is None
    assert detector.on_price(tick(200)) is None
    assert detector.on_price(tick(201)).technical_stop == Price("0.5")


def test_a_stop_beyond_all_prices_is_no_stop() -> None:
    detector = make("manual", side=Side.SHORT, stop_distance="9" * 20)
    assert detector.on_price(tick(200)) is None


def test_a_stop_and_a_distance_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="stop_distance: give either stop or stop_distance"):
        make("manual", stop="99", stop_distance="1%")


@given(walks(), st.sampled_from(Side), st.integers(1, 3))
def test_the_swing_equals_a_scan_of_all_trades(
    trades: list[TradeTick], side: Side, swing: int
) -> None:
    expected = None
    for index, last in enumerate(trades):
        seen: dict[int, list[int]] = {}
        for trade in trades[: index + 1]:
            seen.setdefault(trade.ts_event // INTERVAL, []).append(trade.ticks)
        window = list(seen.values())[-swing - 1 :]
        levels = [side.sign * price for bar in window for price in bar]
        if len(window) == swing + 1 and min(levels) < side.sign * last.ticks:
            expected = (index, RULES.price(side.sign * min(levels)))
            break
    found = first_signal(make("manual", side=side, swing=str(swing)), trades)
    assert (found and (found[0], found[1].technical_stop)) == expected
