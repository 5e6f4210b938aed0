"""Numbers are exact, finite and have one text, or they do not exist."""

from __future__ import annotations

import decimal
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson_domain import ValidationError, decimals
from robson_domain.testing import strategies

CANONICAL = re.compile(r"0|-?(?:[1-9][0-9]*|0(?=\.))(?:\.[0-9]*[1-9])?")


def widest() -> st.SearchStrategy[Decimal]:
    """Draw numbers that use every digit that is allowed."""
    return st.integers(-(10**60) + 1, 10**60 - 1).map(lambda n: Decimal(f"{n}E-40"))


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "+", "-", ".", "e5", "1e", "1e+", "--1", "+-1", "1..2", "1.2.3", "1,5", "0x1"),
        *(" 1", "1 ", "1\n", "1\x00", "1_000", "_1", "١٢", "１２", "1٫5", "½", "²", "−1"),
        *("nan", "NaN", "-NaN", "sNaN", "NaN123", "inf", "Infinity", "-Infinity"),
        *("1e1000", "1e99999999999", "1e20", "-1e20", "1e-41", "1e-999", "0" * 201, "1" * 21),
    ],
)
def test_text_that_is_no_number_of_ours_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match=r"^price: ") as refused:
        decimals.to_decimal(value, "price")
    assert refused.value.field == "price"


@pytest.mark.parametrize("value", [True, False, 0.1, 1.0, float("nan"), None, b"1", [], 1j])
def test_types_that_are_not_exact_are_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="is not exact; write it as text"):
        decimals.to_decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "-NaN", "sNaN", "sNaN7", "Infinity", "-Infinity"),
        *("1E+20", "-1E+20", "1E+999999", "1E+999999999999", "1E-41", "1E-5000000"),
        "0." + "0" * 40 + "1",
        "1." + "0" * 119 + "1",
        "9" * 20 + "." + "9" * 41,
    ],
)
def test_decimals_out_of_range_are_refused(value: str) -> None:
    """The widest of them have more digits than a context holds: nothing may be rounded away."""
    with pytest.raises(ValidationError):
        decimals.to_decimal(Decimal(value))


@pytest.mark.parametrize("value", [10**20, -(10**20), 10**100_000], ids=["over", "under", "vast"])
def test_huge_integers_are_refused_at_once(value: int) -> None:
    with pytest.raises(ValidationError, match="more than 20 digits before the point"):
        decimals.to_decimal(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(("0", "0"), ("-0", "0"), ("-0.000", "0"), ("0e100", "0"), (0, "0"), (-5, "-5")),
        *(
            ("1.0", "1"),
            ("1.00", "1"),
            ("+1", "1"),
            ("007", "7"),
            ("1e3", "1000"),
            ("1E-3", "0.001"),
        ),
        *((".5", "0.5"), ("5.", "5"), ("-.5", "-0.5"), ("-1.50", "-1.5"), ("100", "100")),
        *(("9" * 20, "9" * 20), ("0." + "0" * 39 + "1", "0." + "0" * 39 + "1")),
        *(("1." + "0" * 150, "1"), (Decimal("0E+999999"), "0"), (Decimal("0E-999999"), "0")),
        *((Decimal("1E+19"), "1" + "0" * 19), (Decimal("1.5" + "0" * 99), "1.5")),
        (10**20 - 1, "9" * 20),
    ],
)
def test_numbers_have_one_text(value: Any, text: str) -> None:
    assert decimals.text(decimals.to_decimal(value)) == text


@given(st.one_of(widest(), strategies.numbers()))
def test_text_is_canonical_and_reads_back(number: Decimal) -> None:
    text = decimals.text(decimals.to_decimal(number))
    assert CANONICAL.fullmatch(text)
    assert Fraction(decimals.to_decimal(text)) == Fraction(number)


@given(widest(), st.integers(0, 60))
def test_equal_numbers_have_equal_text(number: Decimal, zeros: int) -> None:
    """However a number is written: more zeros behind it change nothing."""
    sign, digits, exponent = number.as_tuple()
    longer = Decimal((sign, (*digits, *[0] * zeros), int(exponent) - zeros))
    assert decimals.text(decimals.to_decimal(longer)) == decimals.text(number)


@given(widest(), widest())
def test_sums_differences_and_products_are_exact(left: Decimal, right: Decimal) -> None:
    a, b = Fraction(left), Fraction(right)
    assert Fraction(decimals.add(left, right)) == a + b
    assert Fraction(decimals.sub(left, right)) == a - b
    assert Fraction(decimals.mul(left, right)) == a * b
    assert Fraction(decimals.neg(left)) == -a
    assert Fraction(decimals.absolute(left)) == abs(a)
    assert Fraction(decimals.total([left, right, left])) == a + b + a


@given(widest(), widest().filter(bool))
def test_quotients_are_good_to_the_last_digit(dividend: Decimal, divisor: Decimal) -> None:
    exact = Fraction(dividend) / Fraction(divisor)
    assert abs(Fraction(decimals.div(dividend, divisor)) - exact) * 10**119 <= abs(exact)


@given(strategies.numbers())
def test_places_are_those_that_are_written(number: Decimal) -> None:
    scaled = Fraction(number) * 10 ** decimals.places(number)
    assert scaled.denominator == 1
    assert not decimals.places(number) or scaled % 10


def test_nothing_is_divided_by_zero() -> None:
    with pytest.raises(decimal.DivisionByZero):
        decimals.div(Decimal(1), Decimal(0))


@given(strategies.numbers(), strategies.numbers(1))
def test_whole_steps_below_and_above(number: Decimal, step: Decimal) -> None:
    exact = Fraction(number) / Fraction(step)
    assert decimals.floor_div(number, step) == math.floor(exact)
    assert decimals.ceil_div(number, step) == math.ceil(exact)


@given(widest(), st.integers(0, 40))
def test_display_rounds_half_to_even(number: Decimal, digits: int) -> None:
    assert Fraction(decimals.rounded(number, digits)) == round(Fraction(number), digits)


def test_halves_round_to_even() -> None:
    texts = ["0.5", "1.5", "2.5", "-0.5", "0.50000001"]
    rounded = [decimals.text(decimals.rounded(Decimal(text), 0)) for text in texts]
    assert rounded == ["0", "2", "2", "0", "1"]


@pytest.mark.parametrize("operation", [decimals.add, decimals.sub, decimals.mul, decimals.div])
def test_floats_do_not_slip_into_arithmetic(operation: Any) -> None:
    with pytest.raises((TypeError, decimal.FloatOperation)):
        operation(Decimal(1), 0.5)


def test_fields_with_bare_numbers_are_checked() -> None:
    assert decimals.exact("1.50") == Decimal("1.5")
    with pytest.raises(ValidationError):
        decimals.exact(0.5)  # type: ignore[arg-type]


@given(st.text("0123456789", min_size=1, max_size=45), st.integers(-50, 25), st.booleans())
def test_what_is_usual_is_returned_as_it_is(digits: str, exponent: int, negative: bool) -> None:
    """The short question never lets pass what the long one would refuse or change."""
    number = Decimal(f"{'-' if negative else ''}{digits}E{exponent}")
    if decimals.is_usual(number):
        _, kept, at = number.as_tuple()
        assert number
        assert int(at) >= -decimals.FRACTION_DIGITS_MAX
        assert len(kept) + int(at) <= decimals.INTEGER_DIGITS_MAX or int(at) < 0
        assert number.adjusted() < decimals.INTEGER_DIGITS_MAX
        assert decimals.to_decimal(number) is number


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity", "0", "-0", "1E+20"])
def test_what_is_not_usual_is_asked_further(number: str) -> None:
    assert not decimals.is_usual(Decimal(number))
