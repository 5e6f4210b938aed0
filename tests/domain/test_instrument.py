"""Every rounding has a direction, and never goes further than it must."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import (
    Instrument,
    Notional,
    Price,
    PriceDelta,
    Quantity,
    Side,
    Symbol,
    ValidationError,
    decimals,
)
from robson_domain.testing import an_instrument, strategies


@given(strategies.instruments(), strategies.numbers(0))
def test_entry_quantity_is_rounded_down(rules: Instrument, amount: Decimal) -> None:
    rounded = Fraction(rules.round_qty_down(amount).value)
    step = Fraction(rules.step_size)
    assert rounded <= Fraction(amount) < rounded + step
    assert (rounded / step).denominator == 1


@given(strategies.instruments(), strategies.numbers(0))
def test_covering_quantity_is_rounded_up(rules: Instrument, amount: Decimal) -> None:
    rounded = Fraction(rules.round_qty_up(amount).value)
    step = Fraction(rules.step_size)
    assert rounded - step < Fraction(amount) <= rounded
    assert (rounded / step).denominator == 1


@given(strategies.instruments(), strategies.prices())
def test_long_stop_is_never_looser_and_less_than_a_tick_tighter(
    rules: Instrument, price: Price
) -> None:
    stop = Fraction(rules.round_stop_tighter(price, Side.LONG).value)
    tick = Fraction(rules.tick_size)
    assert Fraction(price.value) <= stop < Fraction(price.value) + tick
    assert (stop / tick).denominator == 1


@given(strategies.instruments(), strategies.prices())
def test_short_stop_is_never_looser_and_less_than_a_tick_tighter(
    rules: Instrument, price: Price
) -> None:
    stop = Fraction(rules.round_stop_tighter(price, Side.SHORT).value)
    tick = Fraction(rules.tick_size)
    assert (stop / tick).denominator == 1
    if Fraction(price.value) < tick:
        assert stop == tick  # there is no price between zero and one tick
    else:
        assert stop <= Fraction(price.value) < stop + tick


@given(strategies.instruments(), st.integers(1, 10**9), strategies.sides())
def test_prices_on_the_grid_stay(rules: Instrument, ticks: int, side: Side) -> None:
    price = rules.price(ticks)
    assert rules.ticks(price) == ticks
    assert rules.round_stop_tighter(price, side) == price


@given(strategies.instruments(), st.integers(0, 10**9))
def test_quantities_on_the_grid_stay(rules: Instrument, steps: int) -> None:
    quantity = rules.quantity(steps)
    assert rules.steps(quantity) == steps
    assert rules.round_qty_down(quantity.value) == quantity
    assert rules.round_qty_up(quantity.value) == quantity


@given(strategies.instruments(), st.integers(1, 10**9), st.integers(1, 9))
def test_price_between_ticks_is_refused(rules: Instrument, ticks: int, tenths: int) -> None:
    between = Fraction(rules.price(ticks).value) + Fraction(rules.tick_size) * tenths / 10
    exact = Price(f"{between.numerator * 10**9 // between.denominator}e-9")
    with pytest.raises(ValidationError, match="is not a multiple of tick size"):
        rules.ticks(exact)


@given(strategies.instruments(), st.integers(1, 10**9), strategies.numbers(0, 10**9))
def test_whole_ticks_of_a_distance_give_the_stop_of_the_exact_one(
    rules: Instrument, best: int, distance: Decimal
) -> None:
    """The hot path subtracts integers; it must land where the exact distance is rounded to."""
    whole = rules.whole_ticks(PriceDelta(distance))
    tick = Fraction(rules.tick_size)
    assert whole * tick <= Fraction(distance) < (whole + 1) * tick
    exact = rules.price(best).plus(PriceDelta(distance))
    assert rules.ticks(rules.round_stop_tighter(exact, Side.SHORT)) == best + whole
    if whole < best and Fraction(distance) < best * tick:
        exact = rules.price(best).minus(PriceDelta(distance))
        assert rules.ticks(rules.round_stop_tighter(exact, Side.LONG)) == best - whole


@given(strategies.instruments(), strategies.quantities())
def test_steps_drop_the_rest(rules: Instrument, quantity: Quantity) -> None:
    steps = rules.steps(quantity)
    assert rules.quantity(steps) == rules.round_qty_down(quantity.value)


@pytest.mark.parametrize("round_quantity", ["round_qty_down", "round_qty_up"])
def test_quantity_below_zero_is_refused(round_quantity: str) -> None:
    """Half a step below zero is not zero: a wrong sign must not look like nothing to do."""
    rules = an_instrument(step_size=Decimal(1))
    with pytest.raises(ValidationError, match="below zero"):
        getattr(rules, round_quantity)(Decimal("-1.5"))


def test_half_a_step_below_zero_is_below_zero() -> None:
    with pytest.raises(ValidationError, match="below zero"):
        an_instrument(step_size=Decimal(1)).round_qty_down(Decimal("-0.5"))


def test_no_price_has_zero_ticks() -> None:
    with pytest.raises(ValidationError):
        an_instrument().price(0)


@pytest.mark.parametrize("field", ["tick_size", "step_size"])
@pytest.mark.parametrize("value", [0, "-0.01", 0.01, "NaN", True])
def test_grid_that_cannot_be_is_refused_by_name(field: str, value: Any) -> None:
    sizes = {"tick_size": "0.01", "step_size": "1", field: value}
    with pytest.raises(ValidationError) as refused:
        Instrument(symbol=Symbol("BTCUSDT"), **sizes)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("quantity", "price", "is_tradable"),
    [
        ("0", "100", False),
        ("0.01", "1000", True),
        ("0.0099", "1000", False),
        ("0.05", "100", True),
        ("0.05", "99.99", False),
    ],
)
def test_venue_takes_quantities_from_its_minimum_on(
    quantity: str, price: str, is_tradable: bool
) -> None:
    rules = an_instrument(quantity_min=Quantity("0.01"), notional_min=Notional(5))
    assert rules.is_tradable(Quantity(quantity), Price(price)) is is_tradable


def test_nothing_is_tradable_even_without_minimum() -> None:
    rules = Instrument(symbol=Symbol("BTCUSDT"), tick_size="0.01", step_size="1")
    assert not rules.is_tradable(Quantity(0), Price(1))
    assert rules.is_tradable(Quantity("1e-40"), Price("1"))


@given(st.integers(1, 10**25), st.integers(0, 40))
def test_a_price_of_whole_ticks_is_the_one_that_is_checked(ticks: int, places: int) -> None:
    instrument = an_instrument(tick_size=Decimal(1).scaleb(-places, decimals.CONTEXT))
    number = decimals.mul(instrument.tick_size, Decimal(ticks))
    try:
        expected = Price(number)
    except ValidationError:
        with pytest.raises(ValidationError):
            instrument.price(ticks)
        return
    assert instrument.price(ticks) == expected
    assert str(instrument.price(ticks)) == str(expected)
    assert type(instrument.price(ticks)) is Price


@pytest.mark.parametrize("ticks", [0, -1])
def test_no_price_is_zero_or_below(ticks: int) -> None:
    with pytest.raises(ValidationError, match="above zero"):
        an_instrument().price(ticks)
