"""The trailing stop as arithmetic: rounded tighter, mirrored for shorts, never below a tick."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson_domain import Price, PriceDelta, Side
from robson_domain.testing import an_instrument
from robson_engine import is_hit, stop_for
from robson_engine.trailing import better, is_tighter, tighter
from tests.engine.golden import cases_of


@pytest.mark.parametrize("case", cases_of("stops.json"), ids=lambda case: case["name"])
def test_golden(case: dict[str, Any]) -> None:
    scale = an_instrument(tick_size=case["tick_size"])
    side, distance = Side(case["side"]), PriceDelta(case["distance"])
    assert stop_for(scale, side, Price(case["best"]), distance) == Price(case["stop"])


@settings(max_examples=300)
@given(
    st.sampled_from(Side),
    st.sampled_from(["0.01", "0.05", "1", "0.3"]),
    st.decimals("0.01", "500", places=3),
    st.decimals("0.001", "50", places=4),
)
def test_tightest_grid_price_not_nearer_than_a_tick(
    side: Side, tick: str, best: Any, distance: Any
) -> None:
    """The stop is on the grid, at most D away, and one tick looser would be further than D."""
    scale = an_instrument(tick_size=tick)
    stop = Fraction(stop_for(scale, side, Price(best), PriceDelta(distance)).value)
    size, exact = Fraction(tick), Fraction(best) - side.sign * Fraction(distance)
    assert (stop / size).denominator == 1
    if side is Side.LONG:
        assert stop == max(size, math.ceil(exact / size) * size)
    else:
        assert stop == max(size, math.floor(exact / size) * size)
    assert stop == size or 0 <= side.sign * (stop - exact) < size


@given(st.sampled_from(Side), st.integers(1, 10**6), st.decimals("0.0001", "100", places=4))
def test_on_the_grid_it_is_best_less_whole_ticks(side: Side, ticks: int, distance: Any) -> None:
    """What the trigger index counts in integers is the same stop."""
    scale, delta = an_instrument(), PriceDelta(distance)
    counted = max(1, ticks - side.sign * scale.whole_ticks(delta))
    assert stop_for(scale, side, scale.price(ticks), delta) == scale.price(counted)


@pytest.mark.parametrize(
    ("side", "left", "right", "best"),
    [
        (Side.LONG, 100, 101, 101),
        (Side.LONG, 101, 100, 101),
        (Side.SHORT, 100, 101, 100),
        (Side.SHORT, 101, 100, 100),
        (Side.LONG, 100, 100, 100),
    ],
)
def test_better_and_tighter(side: Side, left: int, right: int, best: int) -> None:
    assert better(side, Price(left), Price(right)) == Price(best)
    assert tighter(side, Price(left), Price(right)) == Price(best)


def test_the_first_price_is_the_best() -> None:
    assert better(Side.LONG, None, Price(7)) == Price(7)
    assert tighter(Side.SHORT, None, Price(7)) == Price(7)


@pytest.mark.parametrize(
    ("side", "price", "hit"),
    [
        (Side.LONG, "98.01", False),
        (Side.LONG, "98", True),
        (Side.LONG, "97.99", True),
        (Side.SHORT, "97.99", False),
        (Side.SHORT, "98", True),
        (Side.SHORT, "98.01", True),
    ],
)
def test_the_trigger_is_inclusive(side: Side, price: str, hit: bool) -> None:
    assert is_hit(side, Price(price), Price(98)) is hit


@given(st.sampled_from(Side), st.integers(1, 50), st.integers(1, 50))
def test_tighter_alone_is_what_makes_a_stop_move(side: Side, left: int, right: int) -> None:
    stop, before = Price(left), Price(right)
    assert is_tighter(side, stop, before) == (tighter(side, before, stop) != before)
